"""Backtests: forecasts of the end of each series, made without knowing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError
from foretell.forecasting.backtesting.baselines import baselines
from foretell.forecasting.backtesting.scores import METRICS, Scores, coverage, scores
from foretell.forecasting.backtesting.scores_by_part import scores_by_part
from foretell.forecasting.fitted_model import FittedModel, ticks
from foretell.forecasting.panel import Panel, select, truncated
from foretell.forecasting.prediction import actual_values
from foretell.forecasting.quantiles import GRID, quantiles_of, read_off
from foretell.forecasting.tables.nixtla import TableKind, named_columns, quantile_columns
from foretell.tables.grids import Times

Floats = NDArray[np.float64]
Part: TypeAlias = Literal["unique_id", "cutoff", "step"]
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
    kind: TableKind = field(repr=False)

    def scores_by(self, part: Part) -> Any:
        """Return the model's scores in each part of the windows: `unique_id`, `cutoff`, or `step` ahead.

        Columns: the part, `values` (how many were compared), `MAE`, `RMSE`, `CRPS` and, for each level, `coverage-80`.
        """
        results = self.results
        names, labels = results.parts(part)
        columns = scores_by_part(labels, len(names), results.actual, results.distribution, results.intervals)
        return self.kind.table({part: names, **columns})

    def summary(self) -> dict[str, Any]:
        """Return scores and coverage for JSON, with the number of windows and series."""
        table = self.results.scores.table
        return {
            "windows": self.windows,
            "series": self.series,
            "scores": [{"model": name, **{metric: row[metric] for metric in METRICS}} for name, row in table.items()],
            "coverage": {str(level): share for level, share in self.coverage.items()},
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Results:
    """Results of a backtest, as arrays of B windows; those of one series are adjacent, oldest first."""

    model: str
    levels: tuple[int, ...]
    probabilities: tuple[float, ...]
    """Quantiles that have columns of their own."""
    panel: Panel
    cutoffs: Cutoffs
    quantiles: Floats
    """(B, H, Q), the median and the bounds of the intervals."""
    distribution: Floats
    """(B, H, 15), the quantiles of `GRID`."""
    baselines: Mapping[str, Floats]
    """Name -> (B, H)."""
    actual: Floats
    """(B, H), NaN where missing."""
    scores: Scores

    @property
    def times(self) -> tuple[Times, Times]:
        """Times of the cutoffs (B,), and of the values (B, H)."""
        horizon = self.actual.shape[1]
        cutoffs = zip(self.cutoffs.series, self.cutoffs.rows, strict=True)
        times = np.stack([self.panel.times(i, int(row) + horizon)[row - 1 :] for i, row in cutoffs])
        return times[:, 0], times[:, 1:]

    def parts(self, part: Part) -> tuple[Any, NDArray[np.int64]]:
        """Return the P parts of the windows in order, and the number of each value's part (B, H).

        Raises SettingsError for a part that is neither `unique_id` nor `cutoff` nor `step`.
        """
        horizon = self.actual.shape[1]
        if part == "step":
            return np.arange(1, horizon + 1), np.tile(np.arange(horizon), (len(self.actual), 1))
        if part == "unique_id":
            own, places = np.unique(self.cutoffs.series, return_inverse=True)
            return [self.panel.ids[i] for i in own], np.repeat(places[:, None], horizon, axis=1)
        if part == "cutoff":
            cutoffs, places = np.unique(self.times[0], return_inverse=True)
            return self.panel.clock.wall_times(cutoffs), np.repeat(places[:, None], horizon, axis=1)
        raise SettingsError(f"there are no scores by {part!r}: choose unique_id, cutoff or step")

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
    if refit is not None:
        return run_cross_validation(panel, model.horizon, windows, model.horizon, kind, refit, 1)
    cutoffs, notes = _honest_cutoffs(model, panel, windows)
    first = _first_rows(panel, cutoffs)
    distribution = model.distribution(panel, cutoffs.series, cutoffs.rows, "held_out")
    simple = _baselines(model, panel, cutoffs, first)
    return _tested(model, panel, kind, cutoffs, distribution, simple, notes)


def unseen_windows(model: FittedModel, panel: Panel, windows: int) -> Cutoffs:
    """Return the last `windows` horizons of each series that the model has not been fitted to.

    Raises what `run_backtest` raises.
    """
    return _honest_cutoffs(model, panel, windows)[0]


def _honest_cutoffs(model: FittedModel, panel: Panel, windows: int) -> tuple[Cutoffs, list[str]]:
    cutoffs, short = _cutoffs(panel, model.horizon, whole_windows(windows), model.horizon)
    cutoffs, seen = _unseen(model, panel, cutoffs, windows)
    return cutoffs, [*seen, *short]


def run_cross_validation(
    panel: Panel, horizon: int, windows: int, step: int, kind: TableKind, refit: Refit, every: int
) -> Backtest:
    """Forecast `windows` horizons of each series, `step` rows apart and the last one at its end, from the data before.

    For each `every` windows a new model is fitted, to the data before the first of them. Raises SettingsError for
    invalid numbers, TableError if no series is longer than the horizon.
    """
    cutoffs, notes = _cutoffs(panel, horizon, whole_windows(windows), step)
    back = (panel.history[cutoffs.series] - horizon - cutoffs.rows) // step
    order = np.unique(back)[::-1]
    distribution = np.empty((len(back), horizon, len(GRID)))
    simple: dict[str, Floats] = {}
    models: list[FittedModel] = []
    for start in range(0, len(order), every):
        at = np.flatnonzero(np.isin(back, order[start : start + every]))
        part = Cutoffs(cutoffs.series[at], cutoffs.rows[at])
        known = _first_rows(panel, part)
        fresh = refit(select(truncated(panel, known), np.flatnonzero(known)))
        distribution[at] = fresh.distribution(panel, part.series, part.rows, "final")
        for name, values in _baselines(fresh, panel, part, known).items():
            simple.setdefault(name, np.full(distribution.shape[:2], np.nan))[at] = values
        models.append(fresh)
    return _tested(models[0], panel, kind, cutoffs, distribution, simple, notes)


def whole_windows(windows: int) -> int:
    """Return the number of windows. Raises SettingsError for one that is not a whole number above zero."""
    if isinstance(windows, bool) or not isinstance(windows, int | np.integer) or windows < 1:
        raise SettingsError(f"windows is {windows!r}: a backtest needs a whole number of windows, 1 or more")
    return int(windows)


def _cutoffs(panel: Panel, horizon: int, windows: int, step: int) -> tuple[Cutoffs, list[str]]:
    """Return the windows that have a value to forecast from. Raises TableError if there are none."""
    ends = panel.history[:, None] - horizon - step * np.arange(windows)[::-1]
    series, place = np.nonzero(ends >= 1)
    if not len(series):
        raise TableError(
            f"no series is longer than the horizon of {horizon} steps, so nothing can be tested: give longer series or "
            "a shorter horizon"
        )
    short = int((ends[:, 0] < 1).sum())
    note = f"{short:,} of {len(panel):,} series are too short for {windows} windows of {horizon} steps."
    return Cutoffs(series.astype(np.int64), ends[series, place].astype(np.int64)), [note] if short else []


def _unseen(model: FittedModel, panel: Panel, cutoffs: Cutoffs, windows: int) -> tuple[Cutoffs, list[str]]:
    """Return the windows that the weights `held_out` were not fitted to. Raises SettingsError if there are none."""
    until = [model.validated_until.get(name) for name in panel.ids]
    unseen = np.array(
        [
            until[i] is None or ticks(panel, i, row) >= until[i]
            for i, row in zip(cutoffs.series.tolist(), cutoffs.rows.tolist(), strict=True)
        ],
        dtype=bool,
    )
    if unseen.all():
        return cutoffs, []
    if not unseen.any():
        raise SettingsError(
            "the model has learned from every window that could be tested: fit to longer series, of which the last "
            "windows are held out, or let a backtest with --refit (refit=True) test models that are fitted without them"
        )
    seen = len(np.unique(cutoffs.series[~unseen]))
    note = (
        f"In {seen:,} of {len(panel):,} series fewer than {windows} windows were tested: the model was fitted to "
        "what lies further back. Refit at each cutoff (--refit, refit=True) to test on it."
    )
    return Cutoffs(cutoffs.series[unseen], cutoffs.rows[unseen]), [note]


def _first_rows(panel: Panel, cutoffs: Cutoffs) -> NDArray[np.int64]:
    """Return (N,), the first cutoff of each series; 0 for a series without any."""
    first = panel.history.copy()
    np.minimum.at(first, cutoffs.series, cutoffs.rows)
    first[np.setdiff1d(np.arange(len(panel)), cutoffs.series)] = 0
    return first


def _baselines(model: FittedModel, panel: Panel, cutoffs: Cutoffs, limits: NDArray[np.int64]) -> dict[str, Floats]:
    return baselines(panel, cutoffs.series, cutoffs.rows, model.horizon, model.seasons, limits)


def _tested(
    model: FittedModel,
    panel: Panel,
    kind: TableKind,
    cutoffs: Cutoffs,
    distribution: Floats,
    simple: dict[str, Floats],
    notes: list[str],
) -> Backtest:
    quantiles = read_off(distribution, quantiles_of(model.levels))
    actual = actual_values(panel, cutoffs.series, cutoffs.rows, model.horizon)
    results = Results(
        model=model.name,
        levels=model.levels,
        probabilities=model.settings.quantiles,
        panel=panel,
        cutoffs=cutoffs,
        quantiles=quantiles,
        distribution=distribution,
        baselines=simple,
        actual=actual,
        scores=_scores(model, panel, cutoffs, quantiles, simple, actual, _first_rows(panel, cutoffs)),
    )
    return _backtest(results, kind, [*notes, *results.scores.notes])


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
    origins, times = results.times
    table = kind.forecast_table(
        [panel.ids[i] for i in cutoffs.series],
        horizon,
        {"ds": times, "cutoff": np.repeat(origins[:, None], horizon, axis=1)},
        {
            "y": actual,
            **quantile_columns(results.model, results.levels, results.quantiles),
            **named_columns(results.model, results.probabilities, results.distribution),
            **results.baselines,
        },
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
        kind=kind,
    )
