"""Backtests: forecasts of the end of each series, made without knowing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError
from foretell.forecasting.baselines import baselines
from foretell.forecasting.fitted_model import FittedModel, ticks
from foretell.forecasting.panel import Panel, select, truncated
from foretell.forecasting.prediction import actual_values
from foretell.forecasting.scores import METRICS, Scores, coverage, scores
from foretell.forecasting.tables.nixtla import TableKind, quantile_columns

Floats = NDArray[np.float64]
Refit = Callable[[Panel], FittedModel]


@dataclass(frozen=True)
class Cutoffs:
    """B points to forecast from: each is a series and the number of its rows that are known."""

    series: NDArray[np.int64]
    """(B,)"""
    rows: NDArray[np.int64]
    """(B,)"""


@dataclass(frozen=True)
class Backtest:
    """Forecasts of the past, the actual values, and the errors."""

    table: Any
    """`unique_id`, `ds`, `cutoff` (the last time known), `y`, the model's columns, then those of the baselines."""
    scores: Any
    """One row per model: `model`, `MASE`, `sMAPE`, `MAE`, `RMSE`. All tables have the type of the table read."""
    scores_by_step: Any
    """One row per step ahead: `step`, then each model's mean absolute scaled error."""
    coverage: dict[int, float]
    """Level in percent -> share of values inside the interval."""
    windows: int
    """Largest number of windows that any series was tested on."""
    series: int
    """Number of series tested."""
    notes: tuple[str, ...]
    """Sentences that say what was left out, and why."""
    results: Results = field(repr=False)
    """The results as arrays."""


@dataclass(frozen=True)
class Results:
    """Results of a backtest, as arrays of B windows; those of one series are adjacent, oldest first."""

    model: str
    levels: tuple[int, ...]
    panel: Panel
    cutoffs: Cutoffs
    quantiles: Floats
    """(B, H, Q)"""
    baselines: Mapping[str, Floats]
    """Name -> (B, H)."""
    actual: Floats
    """(B, H), NaN where missing."""
    scores: Scores

    @property
    def intervals(self) -> dict[int, tuple[Floats, Floats]]:
        """Level in percent -> (lower, upper), each (B, H)."""
        last, count = self.quantiles.shape[-1] - 1, len(self.levels)
        ascending = sorted(self.levels)
        return {
            level: (self.quantiles[..., count - 1 - k], self.quantiles[..., last - count + 1 + k])
            for k, level in enumerate(ascending)
        }


def run_backtest(model: FittedModel, panel: Panel, windows: int, kind: TableKind, refit: Refit | None) -> Backtest:
    """Forecast the last `windows` horizons of each series from the data before each one, and score the forecasts.

    All windows run as one batch through the weights that were not trained on them; windows that the weights were
    trained on are left out. With `refit`, a new model is fitted to the data before each cutoff, and any window can be
    tested. Raises SettingsError if `windows` is invalid or no window is left that the model has not seen, TableError
    if the series are too short.
    """
    if isinstance(windows, bool) or not isinstance(windows, int | np.integer) or windows < 1:
        raise SettingsError(f"windows is {windows!r}: a backtest needs a whole number of windows, 1 or more")
    cutoffs, notes = _cutoffs(model, panel, int(windows), honest_only=refit is None)
    first = panel.history.copy()
    np.minimum.at(first, cutoffs.series, cutoffs.rows)
    first[np.setdiff1d(np.arange(len(panel)), cutoffs.series)] = 0
    if refit is None:
        quantiles = model.forecast(panel, cutoffs.series, cutoffs.rows, "held_out")
        simple = _baselines(model, panel, cutoffs, first)
    else:
        quantiles, simple = _refitted(model, panel, cutoffs, refit)
    actual = actual_values(panel, cutoffs.series, cutoffs.rows, model.horizon)
    results = Results(
        model=model.name,
        levels=model.levels,
        panel=panel,
        cutoffs=cutoffs,
        quantiles=quantiles,
        baselines=simple,
        actual=actual,
        scores=_scores(model, panel, cutoffs, quantiles, simple, actual, first),
    )
    return _backtest(results, kind, [*notes, *results.scores.notes])


def _cutoffs(model: FittedModel, panel: Panel, windows: int, honest_only: bool) -> tuple[Cutoffs, list[str]]:
    """Return the windows that have values and, with `honest_only`, that the weights `held_out` were not fitted to."""
    horizon = model.horizon
    series, rows, short, seen = [], [], 0, 0
    for i, name in enumerate(panel.ids):
        ends = panel.history[i] - horizon * np.arange(windows, 0, -1)
        long_enough = ends[ends >= 1]
        short += len(long_enough) < windows
        until = model.validated_until.get(name)
        if honest_only and until is not None:
            honest = np.array([ticks(panel, i, int(end)) >= until for end in long_enough], dtype=bool)
            seen += not honest.all()
            long_enough = long_enough[honest]
        rows.append(long_enough)
        series.append(np.full(len(long_enough), i))
    cutoffs = Cutoffs(np.concatenate(series).astype(np.int64), np.concatenate(rows).astype(np.int64))
    if not len(cutoffs.rows) and seen:
        raise SettingsError(
            "there is no window to test on that the model has not been fitted to: pass refit=True (--refit) to fit "
            "anew at each cutoff, or fit with more windows held out (windows=) or to longer series"
        )
    if not len(cutoffs.rows):
        raise TableError(
            f"no series is longer than the horizon of {horizon} steps, so nothing can be tested: give longer series or "
            "a shorter horizon"
        )
    notes = []
    if seen:
        notes.append(
            f"In {seen:,} of {len(panel):,} series fewer than {windows} windows were tested: the model was fitted to "
            "what lies further back. Refit at each cutoff (--refit, refit=True) to test on it."
        )
    if short:
        notes.append(f"{short:,} of {len(panel):,} series are too short for {windows} windows of {horizon} steps.")
    return cutoffs, notes


def _baselines(model: FittedModel, panel: Panel, cutoffs: Cutoffs, limits: NDArray[np.int64]) -> dict[str, Floats]:
    return baselines(panel, cutoffs.series, cutoffs.rows, model.horizon, model.seasons, limits)


def _refitted(model: FittedModel, panel: Panel, cutoffs: Cutoffs, refit: Refit) -> tuple[Floats, dict[str, Floats]]:
    """Return quantiles (B, H, Q) and baselines of models fitted to the data before each window, oldest first."""
    back = (panel.history[cutoffs.series] - cutoffs.rows) // model.horizon
    quantiles = np.empty((len(back), model.horizon, 2 * len(model.levels) + 1))
    simple: dict[str, Floats] = {}
    for window in sorted(set(back.tolist()), reverse=True):
        at = np.flatnonzero(back == window)
        known = np.zeros(len(panel), np.int64)
        known[cutoffs.series[at]] = cutoffs.rows[at]
        past = truncated(panel, known)
        fresh = refit(select(past, np.flatnonzero(known > 0)))
        quantiles[at] = fresh.forecast(past, cutoffs.series[at], cutoffs.rows[at], "final")
        part = Cutoffs(cutoffs.series[at], cutoffs.rows[at])
        for name, values in _baselines(model, past, part, known).items():
            simple.setdefault(name, np.empty(quantiles.shape[:2]))[at] = values
    return quantiles, simple


def _scores(
    model: FittedModel,
    panel: Panel,
    cutoffs: Cutoffs,
    quantiles: Floats,
    simple: Mapping[str, Floats],
    actual: Floats,
    first: NDArray[np.int64],
) -> Scores:
    horizon = actual.shape[1]
    ids = np.array(panel.ids, dtype=object)
    medians = {model.name: quantiles[..., quantiles.shape[-1] // 2], **simple}
    forecasts = pl.DataFrame(
        {
            "unique_id": pl.Series(np.repeat(ids[cutoffs.series], horizon).tolist(), dtype=pl.String),
            "step": np.tile(np.arange(1, horizon + 1), len(actual)),
            "y": actual.ravel(),
            **{name: values.ravel() for name, values in medians.items()},
        }
    )
    length = np.diff(panel.offsets)
    row = np.arange(panel.offsets[-1]) - np.repeat(panel.offsets[:-1], length)
    known = row < np.repeat(first, length)
    training = pl.DataFrame(
        {"unique_id": pl.Series(np.repeat(ids, length)[known].tolist(), dtype=pl.String), "y": panel.values[known]}
    )
    season = min(model.seasons, default=1)
    return scores(forecasts, training, list(medians), season, horizon)


def _backtest(results: Results, kind: TableKind, notes: list[str]) -> Backtest:
    panel, cutoffs, actual = results.panel, results.cutoffs, results.actual
    horizon = actual.shape[1]
    ahead = [panel.times(i, int(row) + horizon)[row - 1 :] for i, row in zip(cutoffs.series, cutoffs.rows, strict=True)]
    times = np.stack(ahead)
    table = kind.forecast_table(
        [panel.ids[i] for i in cutoffs.series],
        horizon,
        {"ds": times[:, 1:], "cutoff": np.repeat(times[:, :1], horizon, axis=1)},
        {"y": actual, **quantile_columns(results.model, results.levels, results.quantiles), **results.baselines},
        panel.clock,
    )
    found = results.scores
    by_model = {metric: [row[metric] for row in found.table.values()] for metric in METRICS}
    return Backtest(
        table=table,
        scores=kind.table({"model": list(found.table), **by_model}),
        scores_by_step=kind.table({"step": np.arange(1, horizon + 1), **found.by_step}),
        coverage=coverage(actual, results.intervals),
        windows=int(np.bincount(cutoffs.series).max()),
        series=len(np.unique(cutoffs.series)),
        notes=tuple(notes),
        results=results,
    )
