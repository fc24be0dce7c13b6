"""What covariates are worth: how much worse forecasts become when a column has the values of another window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.forecasting.backtesting.backtest import Cutoffs
from foretell.forecasting.backtesting.scores_by_part import crps
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.panel import Column, Panel
from foretell.forecasting.prediction import actual_values
from foretell.forecasting.quantiles import MEDIAN

Floats = NDArray[np.float64]

OTHERS = "(other series)"
"""The name, beside those of columns, of what the past of the other series is worth."""
_MOST_TURNS = 3
"""Number of other windows whose values are tried in place of a window's own."""


@dataclass(frozen=True)
class Effect:
    """What a column is worth over the windows of a backtest."""

    column: str
    error: Floats
    """(H,) mean absolute error of each step ahead."""
    permuted_error: Floats
    """(H,) the same with the column's values of other windows."""
    score: float
    """CRPS of all steps."""
    permuted_score: float

    @property
    def change(self) -> float:
        """By how much the CRPS is worse without the column's own values, as a share."""
        return self.permuted_score / self.score - 1 if self.score > 0 else float("nan")


def reads_covariates(model: FittedModel) -> bool:
    """Return whether the forecast is made with covariates, or with the past of other series."""
    read = _read_by(model)
    others = model.correction is not None and model.correction.used
    return others or any(covariates.known or covariates.past or covariates.static for covariates in read)


def _read_by(model: FittedModel) -> list[Covariates]:
    members = model.members
    read = [network.covariates for network in members.networks if model.blend.shares.get(network.name, 0) > 0]
    if members.known is not None:
        read.append(members.known["held_out"].regressors.covariates)
    if model.past_effect is not None and model.past_effect.used:
        read.append(model.past_effect.past["held_out"].features.covariates)
    return read


def effects(model: FittedModel, panel: Panel, cutoffs: Cutoffs) -> list[Effect]:
    """Return the effect of each column that the model reads, the largest first.

    Permutation over whole windows (Breiman, 2001; Fisher, Rudin and Dominici, 2019): in the steps to be forecast a
    known column has the values that it had in another window of the backtest, in their order, a past column has its
    values of another time throughout the past, and a static column the value of another series; where a series sees the
    past of the others, that is replaced by their past of an earlier time. Raises SettingsError if the model reads none
    of these, or if there are fewer than two windows.
    """
    read = _read_by(model)
    known = sorted({name for covariates in read for name in covariates.known})
    past = sorted({name for covariates in read for name in covariates.past})
    static = sorted({name for covariates in read for name in covariates.static})
    if not reads_covariates(model):
        raise SettingsError("the forecast is made without covariates, so there is nothing to explain")
    if len(cutoffs.rows) < 2:
        raise SettingsError(
            "a column's values are exchanged between windows: it takes two of them; give a longer table"
        )
    actual = actual_values(panel, cutoffs.series, cutoffs.rows, model.horizon)
    own = _scored(actual, model.distribution(panel, cutoffs.series, cutoffs.rows, "held_out"))
    turns = range(1, min(len(cutoffs.rows) - 1, _MOST_TURNS) + 1)
    found = []
    for name in known:
        parts = [_with_exchanged(model, panel, cutoffs, name, turn) for turn in turns]
        found.append(_effect(name, own, [_scored(actual, part) for part in parts]))
    for name in past:
        parts = [_with_shifted(model, panel, cutoffs, name, turn / (len(turns) + 1)) for turn in turns]
        found.append(_effect(name, own, [_scored(actual, part) for part in parts]))
    if len(panel) > 1:
        for name in static:
            shifts = range(1, min(len(panel) - 1, _MOST_TURNS) + 1)
            parts = [_with_rolled(model, panel, cutoffs, name, shift) for shift in shifts]
            found.append(_effect(name, own, [_scored(actual, part) for part in parts]))
    if model.correction is not None and model.correction.used:
        parts = [_with_delayed(model, panel, cutoffs, turn / (len(turns) + 1)) for turn in turns]
        found.append(_effect(OTHERS, own, [_scored(actual, part) for part in parts]))
    return sorted(found, key=lambda effect: -np.nan_to_num(effect.change))


def _scored(actual: Floats, distribution: Floats) -> tuple[Floats, float]:
    """Return the mean absolute error of each step (H,), and the CRPS."""
    off = np.abs(actual - distribution[..., MEDIAN])
    seen = ~np.isnan(off)
    count = seen.sum(0)
    error: Floats = np.divide(np.where(seen, off, 0).sum(0), count, out=np.full(len(count), np.nan), where=count > 0)
    return error, float(np.nanmean(crps(actual, distribution)))


def _effect(name: str, own: tuple[Floats, float], permuted: list[tuple[Floats, float]]) -> Effect:
    error: Floats = np.mean([part[0] for part in permuted], axis=0)
    return Effect(name, own[0], error, own[1], float(np.mean([part[1] for part in permuted])))


def _with_exchanged(model: FittedModel, panel: Panel, cutoffs: Cutoffs, name: str, turn: int) -> Floats:
    """Forecast each window with the column's values of the window `turn` further on, in its series if possible."""
    series, rows = cutoffs.series, cutoffs.rows
    source = np.empty(len(rows), np.int64)
    for i in np.unique(series):
        at = np.flatnonzero(series == i)
        source[at] = np.roll(at, -turn) if len(at) > turn else (at + turn) % len(rows)
    result = np.empty((len(rows), model.horizon, 15))
    ahead = np.arange(model.horizon)
    # One window of each series at a time, since the past of a window may hold the steps of an earlier one.
    place = np.array([int((series[:k] == series[k]).sum()) for k in range(len(rows))])
    for number in np.unique(place):
        at = np.flatnonzero(place == number)
        column: Column = panel.known[name].copy()
        to = (panel.offsets[series[at]] + rows[at])[:, None] + ahead
        come = (panel.offsets[series[source[at]]] + rows[source[at]])[:, None] + ahead
        column[to] = panel.known[name][come]
        changed = replace(panel, known={**panel.known, name: column})
        result[at] = model.distribution(changed, series[at], rows[at], "held_out")
    return result


def _with_shifted(model: FittedModel, panel: Panel, cutoffs: Cutoffs, name: str, share: float) -> Floats:
    """Forecast with the past column as it was at another time: moved by a share of each history, in whole seasons.

    What is moved beyond the end of a history comes in again at its beginning.
    """
    season = min(model.seasons, default=1)
    column: Column = panel.past[name].copy()
    for start, rows in zip(panel.offsets, panel.history.tolist(), strict=False):
        steps = max(1, round(share * rows / season)) * season
        column[start : start + rows] = np.roll(column[start : start + rows], steps)
    changed = replace(panel, past={**panel.past, name: column})
    return model.distribution(changed, cutoffs.series, cutoffs.rows, "held_out")


def _with_delayed(model: FittedModel, panel: Panel, cutoffs: Cutoffs, share: float) -> Floats:
    """Forecast with the other series' past as it was a share of the shortest history before, in whole seasons."""
    assert model.correction is not None
    season = min(model.seasons, default=1)
    steps = max(1, round(share * int(cutoffs.rows.min()) / season)) * season
    past = {stage: replace(past, delay=steps) for stage, past in model.correction.past.items()}
    delayed = replace(model, correction=replace(model.correction, past=past))
    return delayed.distribution(panel, cutoffs.series, cutoffs.rows, "held_out")


def _with_rolled(model: FittedModel, panel: Panel, cutoffs: Cutoffs, name: str, shift: int) -> Floats:
    """Forecast with the static column of the series `shift` further on."""
    changed = replace(panel, static={**panel.static, name: np.roll(panel.static[name], shift)})
    return model.distribution(changed, cutoffs.series, cutoffs.rows, "held_out")


def effect_columns(found: Sequence[Effect]) -> dict[str, Any]:
    """Return the effects as columns of a table; see `Forecaster.explain`."""
    columns: dict[str, Any] = {
        "column": [effect.column for effect in found],
        "MAE": [float(np.nanmean(effect.error)) for effect in found],
        "MAE permuted": [float(np.nanmean(effect.permuted_error)) for effect in found],
        "CRPS": [effect.score for effect in found],
        "CRPS permuted": [effect.permuted_score for effect in found],
        "change": [effect.change for effect in found],
    }
    for step in range(len(found[0].error)):
        columns[f"MAE {step + 1}"] = [float(effect.error[step]) for effect in found]
        columns[f"MAE permuted {step + 1}"] = [float(effect.permuted_error[step]) for effect in found]
    return columns
