"""Drift: whether a model's forecasts of new rows are worse than those of its backtest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.blending.independence import design_effect
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.fitting import usual_changes
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.networks.fitted_network import Stage
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import actual_values
from foretell.forecasting.quantiles import quantiles_of, read_off

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SURE = 2.0
"""Number of standard errors beyond which a difference is more than chance."""
_WORSE, _FEWER_INSIDE = 1.2, 0.1
"""Errors so many times as large as before, or so much less coverage than before and than the level, are drift if they
are no chance."""
_USUAL_SPREAD, _WINDOWS_WORTH = 0.8, 8
"""Prior standard deviation of the logarithm of one step's error, and how many windows it counts for. That of a window's
mean error is smaller by the fourth root of its steps, since these are correlated."""
_LEAST_RATIO = 0.05
_NOTICED = 2.0
"""If errors so many times as large would not be noticed, the new rows are too few to say that nothing has changed."""


@dataclass(frozen=True)
class Drift:
    """Forecasts of new rows by a model that had not seen them, beside those of rows that were held out of its fit.

    Errors are absolute, in units of the usual change of a series from season to season, and averaged over the steps
    ahead that the new rows reach.
    """

    drifted: bool | None
    """None if there are too few rows to tell."""
    windows: int
    """Number of windows of the new rows."""
    error: float
    error_before: float
    """On the rows of the backtest and of validation."""
    coverage: dict[int, float]
    """Level in percent -> share of the new values inside the interval."""
    coverage_before: dict[int, float]
    """Empty if no rows were held out of the fit."""

    @property
    def sentence(self) -> str:
        """A sentence that says whether the model has drifted, and why."""
        if not self.windows:
            return "Nothing new could be compared with a forecast."
        level = min(self.coverage)
        new = f"error {self.error:.3g}, {100 * self.coverage[level]:.0f} % inside the {level} % intervals"
        if not self.coverage_before:
            return f"No rows were held out of the fit to compare with. On the new rows: {new}."
        inside = self.coverage_before[level]
        old = f"{self.error_before:.3g} and {100 * inside:.0f} % on rows held out before"
        if self.drifted is None:
            return f"There are too few rows to tell whether the model has drifted: {new} ({old})."
        said = "The model has drifted" if self.drifted else "The model has not drifted"
        return f"{said}: on the new rows, {new}; {old}."

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "drifted": self.drifted,
            "windows": self.windows,
            "error": self.error,
            "error_before": self.error_before,
            "coverage": {str(level): share for level, share in self.coverage.items()},
            "coverage_before": {str(level): share for level, share in self.coverage_before.items()},
            "sentence": self.sentence,
        }


def drift_of(model: FittedModel, panel: Panel, before: Integers) -> Drift:
    """Compare the forecasts of the rows after the first `before` (N,) of each history with those of the rows that were
    held out.

    The series of the model's holdout come first in the panel; `before` is 0 for others.
    """
    new = _forecast(model, panel, before, panel.history, "final")
    holdout = model.holdout
    more = np.zeros(len(panel) - len(holdout.history), np.int64)
    starts, ends = (np.concatenate([rows, more]) for rows in (holdout.training, holdout.history))
    old = _forecast(model, panel, starts, ends, "held_out")
    return _compared(new, old, _together(model, panel, before))


@dataclass(frozen=True)
class _Tested:
    """B windows of forecasts; each (B, H), NaN where nothing is known."""

    errors: Floats
    inside: dict[int, Floats]
    """Level -> 1 where a value is inside the interval, 0 where it is outside."""


def _forecast(model: FittedModel, panel: Panel, starts: Integers, ends: Integers, stage: Stage) -> _Tested:
    """Forecast the rows `starts` to `ends` (N,) of each series, a horizon at a time; a start of 0 leaves it out."""
    horizon = model.horizon
    counts = np.where(starts > 0, -(-(ends - starts) // horizon), 0)
    series = np.repeat(np.arange(len(panel)), counts)
    place = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts)
    cutoffs = starts[series] + horizon * place
    season = min(model.seasons, default=1)
    scale = usual_changes(panel, np.minimum(starts, panel.history), season)[series]
    usable = scale > 0
    series, cutoffs, scale = series[usable], cutoffs[usable], scale[usable, None]
    quantiles = read_off(model.distribution(panel, series, cutoffs, stage), quantiles_of(model.levels))
    actual = actual_values(panel, series, cutoffs, horizon)
    actual = np.where(cutoffs[:, None] + np.arange(horizon) < ends[series][:, None], actual, np.nan)
    middle = len(model.levels)
    inside = {}
    for k, level in enumerate(sorted(model.levels)):
        lower, upper = quantiles[..., middle - 1 - k], quantiles[..., middle + 1 + k]
        within = ((actual >= lower) & (actual <= upper)).astype(np.float64)
        inside[level] = np.where(np.isnan(actual), np.nan, within)
    errors = np.abs(actual - quantiles[..., middle]) / scale
    seen = ~np.isnan(errors).all(1)
    return _Tested(errors[seen], {level: each[seen] for level, each in inside.items()})


def _together(model: FittedModel, panel: Panel, before: Integers) -> float:
    """Return how many windows count as one, since series move together."""
    holdout = Holdout(before, panel.history, panel.history)
    return design_effect(panel, holdout, min(model.seasons, default=1))


def _compared(new: _Tested, old: _Tested, together: float) -> Drift:
    windows = len(new.errors)
    if not windows:
        return Drift(None, 0, np.nan, np.nan, {}, {})
    error = float(np.nanmean(new.errors))
    coverage = {level: float(np.nanmean(each)) for level, each in new.inside.items()}
    count = (~np.isnan(new.errors)).sum(0)
    usual = np.full(len(count), np.nan)
    known = ~np.isnan(old.errors).all(0) if len(old.errors) else np.zeros(len(count), dtype=bool)
    if not (known & (count > 0)).any():
        return Drift(None, windows, error, np.nan, coverage, {})
    usual[known] = np.nanmean(old.errors[:, known], axis=0)
    weight = np.where(known, count, 0)
    error = float(np.nansum(np.where(known, new.errors, np.nan)) / weight.sum())
    expected = float((usual * weight)[known].sum() / weight.sum())
    before = {level: float(np.nanmean(each[:, known & (count > 0)])) for level, each in old.inside.items()}
    # Each window by what its steps usually have, so that windows of a few steps compare with whole ones.
    reached = known & (count > 0) & (usual > 0)
    if not reached.any():
        return Drift(None, windows, error, expected, coverage, before)
    then, now = (_ratios(each.errors[:, reached], usual[reached]) for each in (old, new))
    effective = [max(1.0, len(each) / together) for each in (then, now)]
    doubt = np.sqrt(1 / effective[0] + 1 / effective[1])
    # A new level makes a few windows very wrong: logarithms keep these from passing for spread.
    steps = max(float(weight.sum()) / windows, 1.0)
    spread = _spread([then, now], _USUAL_SPREAD**2 / np.sqrt(steps))
    rise = now.mean() - then.mean()
    level = min(coverage)
    shares = [np.nanmean(each.inside[level][:, reached], axis=1) for each in (old, new)]
    inside = level / 100
    fall = min(before[level], inside) - coverage[level]
    unsure = _spread([each[~np.isnan(each)] for each in shares], inside * (1 - inside) / np.sqrt(steps))
    worse = rise > np.log(_WORSE) and rise > _SURE * spread * doubt
    outside = fall > _FEWER_INSIDE and fall > _SURE * unsure * doubt
    drifted: bool | None = bool(worse or outside)
    if not drifted and _SURE * spread * doubt > np.log(_NOTICED):
        drifted = None
    return Drift(drifted, windows, error, expected, coverage, before)


def _spread(groups: list[Floats], usual: float) -> float:
    """Return the standard deviation within groups, given the `usual` variance."""
    own = np.concatenate([each - each.mean() for each in groups if len(each)])
    return float(np.sqrt((_WINDOWS_WORTH * usual + (own**2).sum()) / (_WINDOWS_WORTH + max(len(own) - 2, 0))))


def _ratios(errors: Floats, usual: Floats) -> Floats:
    """Return (B',), the logarithm of each window's error beside the usual one of the same steps."""
    seen = ~np.isnan(errors)
    total = np.where(seen, errors, 0.0).sum(1)
    due = np.where(seen, usual, 0.0).sum(1)
    return np.asarray(np.log(np.maximum(total[due > 0] / due[due > 0], _LEAST_RATIO)))
