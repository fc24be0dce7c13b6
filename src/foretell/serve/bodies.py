"""Bodies of requests: read within limits of size and time, and told apart by their content type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, TypeVar

import polars as pl
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from foretell.errors import TableError
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.identity import possible_ids
from foretell.plain_text import unpacked
from foretell.serve.media import CSV, JSON, Format, format_of
from foretell.serve.problems import ServiceError
from foretell.serve.settings import Limits
from foretell.tables.files import parse_table
from foretell.tables.json_records import parse_json, records_table

T = TypeVar("T")
_TABLE, _FUTURE = "table", "future"
_MOST_FIELDS, _SMALL, _FEW_COLUMNS, _HEAD = 100, 1 << 17, 50, 500
WHERE = "the body"


@dataclass(frozen=True)
class Part:
    """A table as it came, not read yet: bytes, or the records of a JSON text."""

    where: str
    """What it is called in errors."""
    content: Any
    format: Format
    length: int
    """Number of bytes of the body that it came in."""

    @property
    def is_small(self) -> bool:
        """Whether it is read in a few milliseconds: neither long, nor with many columns, nor packed."""
        if self.length >= _SMALL or self.format not in (JSON, CSV):
            return False
        if self.format is JSON:
            rows = self.content if isinstance(self.content, list) else []
            return len(set().union(*(row for row in rows if isinstance(row, dict)))) <= _FEW_COLUMNS
        # What is packed has zeros in its head.
        head = self.content[:_HEAD]
        return b"\0" not in head and b"\n" in head

    def read(self, columns: Columns, encoding: str | None, limits: Limits) -> pl.DataFrame:
        """Return the table. Raises TableError where it is none, ServiceError where it has too many rows."""
        if self.format is JSON:
            self._limit(len(self.content) if isinstance(self.content, list) else 0, limits)
            table = records_table(self.content, self.where)
        else:
            data = unpacked(self.content, self.where, TableError)
            table = parse_table(data, self.where, encoding, as_written=lambda cells: possible_ids(cells, columns))
        self._limit(len(table), limits)
        return table

    def _limit(self, rows: int, limits: Limits) -> None:
        if rows > limits.max_rows:
            raise ServiceError(
                "too-many-rows",
                f"{self.where} has {rows:,} rows; this service takes at most {limits.max_rows:,}",
                limit=limits.max_rows,
            )


@dataclass(frozen=True)
class Body:
    """The body of a request."""

    table: Part
    future: Part | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """Options that stand beside the table in JSON."""
    fields: tuple[tuple[str, str], ...] = ()
    """Options that stand beside the table in a form."""

    @property
    def is_small(self) -> bool:
        """Whether its tables are."""
        return self.table.is_small and (self.future is None or self.future.is_small)


async def read_body(request: Request, limits: Limits) -> Body:
    """Read the table of a request. Raises ServiceError for a body that is too large, too slow, or of another type."""
    kind = request.headers.get("content-type", "")
    if _media_type(kind) == "multipart/form-data":
        return await _in_time(_form(request, limits), limits)
    data = await _in_time(_whole(request, limits), limits)
    if request.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip"):
        raise ServiceError("media-type", "the body may be compressed by gzip, and by nothing else")
    found = format_of(_media_type(kind), data)
    if found is None:
        raise ServiceError(
            "media-type",
            f"a body of the type {_media_type(kind)!r} cannot be read: send JSON, CSV, Parquet, Arrow or Excel",
        )
    if not data:
        raise TableError(f"{WHERE} is empty; send a table")
    if found is not JSON:
        return Body(Part(WHERE, data, found, len(data)))
    # A small text is parsed sooner than another thread takes it over.
    return _from_json(data) if len(data) < _SMALL else await asyncio.to_thread(_from_json, data)


async def read_json(request: Request, limits: Limits) -> Any:
    """Read a body in JSON, whatever its content type says. Raises as `read_body`, and TableError for other text."""
    return parse_json(await _in_time(_whole(request, limits), limits), WHERE)


async def _in_time(reading: Coroutine[Any, Any, T], limits: Limits) -> T:
    try:
        async with asyncio.timeout(limits.timeout):
            return await reading
    except TimeoutError:
        raise ServiceError(
            "slow",
            f"the body did not arrive within {limits.timeout:g} seconds; send it faster, or less",
            limit=limits.timeout,
        ) from None
    except ClientDisconnect:
        raise ServiceError("not-understood", "the connection was closed before the body had arrived") from None


async def _whole(request: Request, limits: Limits) -> bytes:
    return b"".join([chunk async for chunk in _limited(request, limits)])


def _from_json(data: bytes) -> Body:
    value = parse_json(unpacked(data, WHERE, TableError), WHERE)
    if not isinstance(value, dict):
        return Body(Part(WHERE, value, JSON, len(data)))
    if _TABLE not in value:
        raise TableError(f'{WHERE} names no table: send a list of records, or {{"table": [...], "horizon": 14}}')
    future = value.pop(_FUTURE, None)
    return Body(
        Part("the table", value.pop(_TABLE), JSON, len(data)),
        None if future is None else Part("the table of future values", future, JSON, len(data)),
        value,
    )


async def _form(request: Request, limits: Limits) -> Body:
    parser = MultiPartParser(request.headers, _limited(request, limits), max_files=2, max_fields=_MOST_FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        reason = getattr(error, "message", None) or "it is cut off"
        raise ServiceError("not-understood", f"the form cannot be read: {reason}") from None
    try:
        parts: dict[str, Part] = {}
        fields: list[tuple[str, str]] = []
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields.append((name, value))
                continue
            if name not in (_TABLE, _FUTURE):
                raise ServiceError(
                    "not-understood", f"the form has a file {name!r}; its files are 'table' and 'future'"
                )
            data = await value.read()
            kind = format_of(_media_type(value.content_type or ""), data) or CSV
            where = "the table" if name == _TABLE else "the table of future values"
            parts[name] = Part(where, parse_json(data, where) if kind is JSON else data, kind, len(data))
    finally:
        await form.close()
    if _TABLE not in parts:
        raise ServiceError("not-understood", "the form has no file 'table'")
    return Body(parts[_TABLE], parts.get(_FUTURE), fields=tuple(fields))


async def _limited(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """Yield the body's chunks up to the limit."""
    most, size = limits.body_bytes, 0
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise _too_large(limits)
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise _too_large(limits)
        yield chunk


def _too_large(limits: Limits) -> ServiceError:
    # The rest of the body is not read: the connection cannot be used for another request.
    return ServiceError(
        "body-too-large",
        f"the body is larger than {limits.max_body:,} MB, the limit of this service; send Parquet, or fewer series",
        {"Connection": "close"},
        limit=limits.body_bytes,
    )


def _media_type(header: str) -> str:
    message = Message()
    message["content-type"] = header or "application/octet-stream"
    return message.get_content_type() if header else ""
