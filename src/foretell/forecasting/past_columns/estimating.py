"""Estimating what past columns add: ridge regression of the pretrained network's errors on what is read of them.

The pretrained network reads no column, so what the columns say of its errors is what they say beyond the past of the
series itself. It was trained on no table, so that its errors in the training part are those that it makes later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.blending.calibration import parts_of
from foretell.forecasting.blending.correction import SHARES, Correction, Expected
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.many_cutoffs import forecast_from_many
from foretell.forecasting.networks.fitted_network import Stage
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.past_columns.features import PastFeatures
from foretell.forecasting.past_columns.past_effect import PastEffect
from foretell.forecasting.prediction import actual_values
from foretell.forecasting.pretrained.shipped import Pretrained
from foretell.forecasting.quantiles import MEDIAN
from foretell.forecasting.ridge import Ridge

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_STEPS = 64
"""Number of steps ahead for which past columns are used, at most: further ahead they say little."""
_MOST_WINDOWS = 4096
_FIRST, _PART_BEFORE = 8, 3
"""A window has so many rows before it, or a third of its series if that is more, up to what is read of the columns."""
_MOST_FEATURES = 1024
_PENALTIES = 10.0 ** np.arange(-3, 2.1, 0.5)
_FOLDS = 4
_FEWEST = 8
"""Fewest windows of a fold."""
_LARGEST = 40.0
"""Errors are clipped to this many usual changes."""
_MOST_BLOCKS = 32
_WORTH_READING = 0.05
"""Share of the error that the columns must explain for networks to read them: if it is less, they mislead a network
more than they tell it."""
_CHANCE = 1.75
"""Number of standard errors by which the error must become smaller: more than for any of fifty tables of noise."""


@dataclass(frozen=True)
class Estimate:
    """The effect chosen for a panel."""

    effects: Mapping[Stage, PastEffect]
    """Fitted to the training part and to all values."""
    expected: Expected
    """By how much it lowers the error of windows of the training part that it was not fitted to."""
    gain: float
    """The same for the whole horizon."""

    @property
    def worth_reading(self) -> bool:
        """Whether the columns say so much that a network may well read them, too."""
        return self.gain >= _WORTH_READING

    def correction(self, *, read: bool) -> Correction[PastEffect]:
        """Return the correction, whose shares are not chosen yet. If a network was trained that has `read` the columns,
        what is left for them to add is not known before."""
        return Correction(self.effects, expected=None if read else self.expected)


def estimated(
    panel: Panel, holdout: Holdout, horizon: int, seasons: Sequence[int], pretrained: Pretrained
) -> Estimate | None:
    """Estimate the effect of a panel's past columns from the training part of each series.

    Whether it depends on the phase of the shortest season, and the ridge penalty, are those with the smallest absolute
    error by cross-validation on consecutive quarters of each series. None if there is no past column, if there are too
    few rows, or if the error does not become smaller by more than chance.
    """
    limits = holdout.training
    if not panel.past:
        return None
    features = PastFeatures.fit(panel, limits, seasons)
    errors = _Errors.of(panel, limits, features, horizon, seasons, pretrained)
    if np.bincount(errors.fold, minlength=_FOLDS).min() < _FEWEST:
        return None
    best: tuple[float, PastFeatures, float, Floats] | None = None
    for by_phase in (False, True) if features.season > 1 else (False,):
        tried = replace(features, by_phase=by_phase)
        if not 0 < tried.count <= _MOST_FEATURES:
            continue
        design = tried.read(panel, errors.series, errors.cutoffs)
        for penalty, added in zip(_PENALTIES, errors.validated(design), strict=True):
            loss = float(np.abs(errors.targets - added).mean())
            if best is None or loss < best[0]:
                best = loss, tried, float(penalty), added
    if best is None:
        return None
    _, features, penalty, added = best
    before, after = (np.abs(each).mean(1) for each in (errors.targets, errors.targets - added))
    if not _beyond_chance(before - after):
        return None
    effect = errors.fitted(features.read(panel, errors.series, errors.cutoffs), features, penalty)
    final = refitted(effect, panel, panel.history, horizon, seasons, pretrained)
    gain = 1 - float(after.mean() / before.mean())
    return Estimate({"held_out": effect, "final": final}, errors.expected(added, horizon), gain)


def refitted(
    effect: PastEffect, panel: Panel, limits: Integers, horizon: int, seasons: Sequence[int], pretrained: Pretrained
) -> PastEffect:
    """Return the same choice, with the same encodings, fitted to the first `limits` (N,) rows of each series."""
    errors = _Errors.of(panel, limits, effect.features, horizon, seasons, pretrained)
    if not len(errors.targets):
        return effect
    design = effect.features.read(panel, errors.series, errors.cutoffs)
    return errors.fitted(design, effect.features, effect.penalty)


@dataclass(frozen=True)
class _Errors:
    """Errors of the pretrained network in B windows."""

    series: Integers
    cutoffs: Integers
    """(B,)"""
    targets: Floats
    """(B, H) in usual changes; 0 where a value is missing."""
    fold: Integers
    """(B,) which quarter of its series a window lies in."""
    near: NDArray[np.bool_]
    """(B, folds) whether a window reaches into a quarter."""

    @classmethod
    def of(
        cls,
        panel: Panel,
        limits: Integers,
        features: PastFeatures,
        horizon: int,
        seasons: Sequence[int],
        pretrained: Pretrained,
    ) -> _Errors:
        steps = min(horizon, _MOST_STEPS)
        first = np.maximum(_FIRST, np.minimum(features.span, limits // _PART_BEFORE))
        series, cutoffs = _even_sample(first, limits - steps)
        unit = features.usual_changes(panel, series, cutoffs)
        series, cutoffs, unit = series[unit > 0], cutoffs[unit > 0], unit[unit > 0]
        windows = Windows.bare(panel, Reading.of(seasons))
        median = forecast_from_many(pretrained.network, windows, series, cutoffs, steps)[..., MEDIAN]
        with np.errstate(over="ignore", invalid="ignore"):
            errors = (actual_values(panel, series, cutoffs, steps) - median) / unit[:, None]
        quarters = (limits - first)[series] / _FOLDS
        begun = (cutoffs - first[series])[:, None] - quarters[:, None] * np.arange(_FOLDS)
        fold = np.clip((begun >= 0).sum(1) - 1, 0, _FOLDS - 1)
        near = (begun > -steps) & (begun < quarters[:, None] + steps)
        return cls(series, cutoffs, np.clip(np.nan_to_num(errors), -_LARGEST, _LARGEST), fold, near)

    def fitted(self, design: Floats, features: PastFeatures, penalty: float) -> PastEffect:
        """Fit the effect to all windows, whose features are the rows of `design`."""
        return PastEffect(features, Ridge.of(design, self.targets).weights(penalty), penalty)

    def validated(self, design: Floats) -> Floats:
        """Return for each penalty (P, B, H) what is added by an effect that was fitted to the other quarters."""
        added = np.zeros((len(_PENALTIES), *self.targets.shape))
        for fold in range(_FOLDS):
            held, others = self.fold == fold, ~self.near[:, fold]
            if others.any():
                ridge = Ridge.of(design[others], self.targets[others])
                for k, penalty in enumerate(_PENALTIES):
                    added[k, held] = design[held] @ ridge.weights(penalty)
        return added

    def expected(self, added: Floats, horizon: int) -> Expected:
        """Return what is gained by shares of what is added (B, H), for each part of the horizon."""
        parts = parts_of(horizon)[: self.targets.shape[1]]
        gains = []
        for part in range(3):
            at = parts == part
            before = np.abs(self.targets[:, at]).sum()
            some = [np.abs(self.targets[:, at] - share * added[:, at]).sum() for share in SHARES]
            gains.append(tuple(float(1 - each / before) if before > 0 else 0.0 for each in some))
        rows = sum(float(np.ptp(self.cutoffs[self.series == i])) for i in np.unique(self.series))
        return Expected(tuple(gains), max(1.0, rows / self.targets.shape[1]))


def _even_sample(first: Integers, last: Integers) -> tuple[Integers, Integers]:
    """Return series (B,) and cutoffs (B,) from `first` to `last` (N,) of each, an even sample if there are many."""
    counts = np.maximum(last - first + 1, 0)
    ends = np.cumsum(counts)
    total = int(ends[-1])
    chosen = np.unique(np.linspace(0, total - 1, min(total, _MOST_WINDOWS)).astype(np.int64))
    series = np.searchsorted(ends, chosen, side="right")
    return series, chosen - (ends - counts)[series] + first[series]


def _beyond_chance(gains: Floats) -> bool:
    """Return whether the mean of gains (B,) is above 0 by more than chance, given those of consecutive blocks."""
    blocks = np.array([block.mean() for block in np.array_split(gains, min(len(gains), _MOST_BLOCKS))])
    return bool(blocks.mean() > _CHANCE * blocks.std() / np.sqrt(len(blocks)))
