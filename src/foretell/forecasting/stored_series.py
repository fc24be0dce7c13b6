"""The series of a panel as tensors and a description, for a model folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.field_types import from_plain, read_value
from foretell.forecasting.panel import Column, Panel
from foretell.tables.clock import Clock
from foretell.tables.frequency import Frequency

_WHOLE = ("starts", "rows", "history")
_MISSING = -1


def describe_series(panel: Panel) -> dict[str, Any]:
    """Return all but the numbers, as values that JSON can represent."""
    return {
        "ids": list(panel.ids),
        "rows": len(panel.values),
        "dates": panel.starts.dtype.kind == "M",
        "clock": {"zone": panel.clock.zone, "wall": panel.clock.wall, "naive": panel.clock.naive},
        "known": {name: _words(column) for name, column in panel.known.items()},
        "past": {name: _words(column) for name, column in panel.past.items()},
        "static": {name: _words(column) for name, column in panel.static.items()},
    }


def series_tensors(panel: Panel) -> dict[str, Tensor]:
    """Return the numbers. A float is stored as the bits of an integer, so that it may be missing."""
    tensors = {
        "starts": panel.starts.astype(np.int64),
        "rows": np.diff(panel.offsets),
        "history": panel.history,
        "values": np.ascontiguousarray(panel.values).view(np.int64),
    }
    for kind, columns in (("known", panel.known), ("past", panel.past), ("static", panel.static)):
        tensors |= {f"{kind}.{name}": _numbers(column) for name, column in columns.items()}
    return {name: torch.from_numpy(numbers.astype(np.int64)) for name, numbers in tensors.items()}


def expected_tensors(plain: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return tensors of the shapes that a description asks for."""
    series, rows = len(plain["ids"]), read_value(int, plain["rows"])
    lengths = {**dict.fromkeys(_WHOLE, series), "values": rows}
    for kind, length in (("known", rows), ("past", rows), ("static", series)):
        lengths |= {f"{kind}.{name}": length for name in _described(kind, plain)}
    return {name: torch.empty(length, dtype=torch.int64) for name, length in lengths.items()}


def read_series(plain: Mapping[str, Any], tensors: Mapping[str, Tensor], frequency: Frequency) -> Panel:
    """Rebuild the panel. Raises ValueError, TypeError or KeyError if it was not described by `describe_series`."""
    ids = read_value(tuple[str, ...], plain["ids"])
    starts, rows, history = (tensors[name].numpy() for name in _WHOLE)
    if (history < 0).any() or (history > rows).any() or rows.sum() != len(tensors["values"]) or not len(ids):
        raise ValueError("the rows of the series do not fit their histories")
    return Panel(
        ids=ids,
        frequency=frequency,
        starts=starts.astype("datetime64[us]") if read_value(bool, plain["dates"]) else starts,
        offsets=np.append(0, np.cumsum(rows)),
        history=history,
        values=tensors["values"].numpy().view(np.float64),
        known=_columns("known", plain, tensors),
        past=_columns("past", plain, tensors),
        static=_columns("static", plain, tensors),
        clock=from_plain(Clock, plain["clock"]),
    )


def _columns(kind: str, plain: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, Column]:
    return {
        name: _column(tensors[f"{kind}.{name}"].numpy(), read_value(tuple[str, ...] | None, words))
        for name, words in _described(kind, plain).items()
    }


def _described(kind: str, plain: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the columns of a kind; an older version knew no past ones."""
    columns: Mapping[str, Any] = plain.get(kind, {}) if kind == "past" else plain[kind]
    return columns


def _words(column: Column) -> list[str] | None:
    """Return the words of a column; None for numbers."""
    if column.dtype != object:
        return None
    return sorted({str(cell) for cell in column if cell is not None})


def _numbers(column: Column) -> NDArray[np.int64]:
    words = _words(column)
    if words is None:
        return np.ascontiguousarray(column, dtype=np.float64).view(np.int64)
    place = {word: k for k, word in enumerate(words)}
    return np.array([_MISSING if cell is None else place[str(cell)] for cell in column], dtype=np.int64)


def _column(numbers: NDArray[np.int64], words: tuple[str, ...] | None) -> Column:
    if words is None:
        return numbers.view(np.float64)
    if len(numbers) and (numbers.min() < _MISSING or numbers.max() >= len(words)):
        raise ValueError("a column has words that are not described")
    column = np.full(len(numbers), None, dtype=object)
    there = numbers != _MISSING
    column[there] = np.array(words, dtype=object)[numbers[there]]
    return column
