"""Formats of tables over HTTP: content types of requests, and answers in the type that the client accepts."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import polars as pl

from foretell.serve.problems import ServiceError
from foretell.tables.files import delimited
from foretell.tables.times_as_text import with_times_as_text


@dataclass(frozen=True)
class Format:
    """A format of tables."""

    name: str
    types: tuple[str, ...]
    """Its content types; the first is that of answers."""


JSON = Format("json", ("application/json", "text/json"))
CSV = Format("csv", ("text/csv", "text/tab-separated-values", "text/plain", "application/csv"))
PARQUET = Format("parquet", ("application/vnd.apache.parquet", "application/x-parquet", "application/parquet"))
ARROW = Format(
    "arrow", ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file", "application/x-arrow")
)
EXCEL = Format(
    "excel", ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.ms-excel")
)
_ANSWERS = (JSON, CSV, PARQUET, ARROW)
_UNSAID = (
    "",
    "application/octet-stream",
    "application/gzip",
    "application/x-gzip",
    "application/x-www-form-urlencoded",
)
"""Content types that say nothing: the content decides."""


def format_of(media_type: str, data: bytes) -> Format | None:
    """Return the format of a body; None for a content type that is not known."""
    if media_type in _UNSAID:
        return JSON if data.lstrip()[:1] in (b"[", b"{") else CSV
    return next((kind for kind in (*_ANSWERS, EXCEL) if media_type in kind.types), None)


def accepted(header: str | None, given: Format) -> Format:
    """Return the format of the answer, by the header Accept; without a preference it is the one that was `given`.

    Raises ServiceError if none of the formats is accepted.
    """
    own = given if given in _ANSWERS else JSON
    best: tuple[float, Format] | None = None
    for entry in (header or "*/*").split(","):
        kind, *attributes = (part.strip().lower() for part in entry.split(";"))
        weight = _weight(attributes)
        found = own if kind in ("*/*", "application/*") else next((f for f in _ANSWERS if kind in f.types), None)
        if kind == "text/*":
            found = CSV
        if found is not None and weight > 0 and (best is None or weight > best[0]):
            best = weight, found
    if best is None:
        known = ", ".join(kind.types[0] for kind in _ANSWERS)
        raise ServiceError("not-acceptable", f"Accept: {header}: the types of answers are {known}")
    return best[1]


def _weight(attributes: list[str]) -> float:
    for attribute in attributes:
        if attribute.startswith("q="):
            try:
                return float(attribute[2:])
            except ValueError:
                return 0.0
    return 1.0


def written(table: pl.DataFrame, kind: Format) -> bytes:
    """Return a table in a format, JSON as a list of records."""
    if kind is JSON:
        return with_times_as_text(table, "T").write_json().encode()
    if kind is CSV:
        return delimited(table, ",")
    buffer: Any = io.BytesIO()
    if kind is PARQUET:
        table.write_parquet(buffer)
    else:
        table.write_ipc_stream(buffer, compat_level=pl.CompatLevel.oldest())
    return bytes(buffer.getvalue())
