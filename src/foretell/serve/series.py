"""The series of a job, to draw: one JSON document each, found by its place in an index."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.backtesting.backtest import Backtest
from foretell.forecasting.forecast_arrays import Prediction
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.nixtla import quantile_columns
from foretell.storage.whole_file import put_file
from foretell.strict_json import strict

IDS, SERIES, WINDOWS = "ids.json", "series.jsonl", "windows.jsonl"
_FEWEST_ROWS, _MOST_ROWS = 2_000, 2_000_000
"""Rows of history that each series, and all of them together, keep to be drawn."""


def write_series(folder: Path, forecaster: Forecaster) -> None:
    """Write history, known columns and forecast of each series of the forecaster's latest forecast."""
    prediction = forecaster.prediction
    assert prediction is not None
    count = len(prediction.panel)
    _write_documents(folder / SERIES, (_document(forecaster, prediction, i) for i in range(count)))
    _write_ids(folder, prediction.panel.ids, None)


def write_windows(folder: Path, forecaster: Forecaster, backtest: Backtest) -> None:
    """Write the backtest of each of these series."""
    prediction = forecaster.prediction
    assert prediction is not None
    ids, windows, errors = prediction.panel.ids, _windows(backtest), backtest.results.scores.by_series
    _write_documents(folder / WINDOWS, (windows.get(name, []) for name in ids))
    _write_ids(folder, ids, [errors.get(name) for name in ids] if errors else None)


def read_series(folder: Path, place: int) -> bytes | None:
    """Return the document of the series at a place, with its backtest if that is there; None if there is none."""
    document = _read_document(folder / SERIES, place)
    if document is None:
        return None
    windows = _read_document(folder / WINDOWS, place) if _index(folder / WINDOWS).exists() else None
    return document.removesuffix(b"}") + b', "backtest": ' + (windows or b"[]") + b"}"


def _write_ids(folder: Path, ids: Sequence[str], errors: list[float | None] | None) -> None:
    text = json.dumps(strict({"ids": ids, "errors": errors}), ensure_ascii=False)
    put_file(folder / IDS, text.encode("utf-8", "replace"))


def _write_documents(path: Path, documents: Iterable[Any]) -> None:
    """Write documents one after another, then the index of where each begins, which says that all are there."""
    offsets = [0]
    with path.open("wb") as file:
        for document in documents:
            text = json.dumps(document, ensure_ascii=False, allow_nan=False)
            offsets.append(offsets[-1] + file.write(text.encode("utf-8", "replace")))
    put_file(_index(path), np.array(offsets, dtype=np.int64).tobytes())


def _read_document(path: Path, place: int) -> bytes | None:
    with _index(path).open("rb") as index:
        if place < 0 or 8 * (place + 2) > index.seek(0, 2):
            return None
        index.seek(8 * place)
        start, end = np.frombuffer(index.read(16), dtype=np.int64)
    with path.open("rb") as file:
        file.seek(start)
        return file.read(int(end - start))


def _index(path: Path) -> Path:
    return path.with_suffix(".index")


def _document(forecaster: Forecaster, prediction: Prediction, i: int) -> dict[str, Any]:
    panel, horizon = prediction.panel, forecaster.horizon
    rows = int(panel.history[i])
    times = panel.clock.wall_times(panel.times(i, rows + horizon))
    first = max(0, rows - max(_FEWEST_ROWS, _MOST_ROWS // len(panel)))
    columns = quantile_columns(forecaster.model, forecaster.levels, prediction.quantiles[i])
    return {
        "id": panel.ids[i],
        "dated": times.dtype.kind == "M",
        "ds": _shown(times[first:rows]),
        "y": _numbers(panel.series(i)[first:]),
        "ahead": _shown(times[rows:]),
        "forecast": {name: _numbers(values) for name, values in columns.items()},
        "known": {name: _numbers(values) for name, values in _known(panel, i, first, rows + horizon)},
    }


def _known(panel: Panel, i: int, first: int, end: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the columns known in advance that hold numbers, in the rows shown and those of the horizon."""
    start, stop = panel.offsets[i : i + 2]
    for name, column in panel.known.items():
        if column.dtype != object:
            yield name, column[start + first : min(start + end, stop)]


def _windows(backtest: Backtest) -> dict[str, list[dict[str, Any]]]:
    """Return the backtest windows of each series: from which row on, and the forecasts of all models."""
    found: dict[str, list[dict[str, Any]]] = {}
    results = backtest.results
    panel = results.panel
    for k, (i, row) in enumerate(zip(results.cutoffs.series, results.cutoffs.rows, strict=True)):
        steps = results.actual.shape[1]
        times = panel.clock.wall_times(panel.times(int(i), int(row) + steps))[row:]
        models = {name: _numbers(values[k]) for name, values in results.baselines.items()}
        columns = quantile_columns(results.model, results.levels, results.quantiles[k])
        window = {
            "ds": _shown(times),
            "forecast": {name: _numbers(values) for name, values in columns.items()},
            "baselines": models,
        }
        found.setdefault(panel.ids[int(i)], []).append(window)
    return found


def _numbers(values: NDArray[Any]) -> list[Any]:
    """Return numbers as JSON holds them, null for those that it lacks."""
    numbers: list[Any] = values.tolist()
    return numbers if np.isfinite(values).all() else [x if math.isfinite(x) else None for x in numbers]


def _shown(times: NDArray[Any]) -> list[Any]:
    """Return times as seconds since 1970 of what clocks show, or whole numbers as they are."""
    if times.dtype.kind != "M":
        return times.tolist()  # type: ignore[no-any-return]
    micros = times.astype("datetime64[us]").astype(np.int64)
    seconds: list[Any] = (micros // 1_000_000 if not np.any(micros % 1_000_000) else micros / 1e6).tolist()
    return seconds
