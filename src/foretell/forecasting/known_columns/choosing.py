"""Estimating what the known columns add: by how values differ from those of neighbouring seasons.

A value less the mean of its neighbours, those one and two seasons before and after it, has lost trend and season. What
is left is regressed on the regressors less theirs, so that a holiday is compared with the same weekday of the weeks
around it, and a column that only repeats the season has no effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.known_columns.known_effect import KnownEffect
from foretell.forecasting.known_columns.regressors import Regressors
from foretell.forecasting.known_columns.running_level import running_level
from foretell.forecasting.panel import Panel
from foretell.forecasting.ridge import Ridge

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_WINDOWS = (4, 52)
"""Numbers of lags whose mean absolute value may be the level."""
_SHORTEST = 28
_FEWEST_LAGS = 5
"""A series shorter than so many lags is compared at a shorter one."""
_LONGEST_MULTIPLE = 8
_PENALTIES = 10.0 ** np.arange(-6, 2.1, 0.5)
_FOLDS = 4
_FEWEST_ROWS = 12
"""Fewest rows of a fold."""
_LARGEST = 0.999
"""Responses are clipped to this quantile of their size."""
_MOST_ROWS, _MOST_NUMBERS = 20_000, 1 << 25
_MOST_REGRESSORS = 256
_LEAST_GAIN, _CHANCE = 0.01, 2.5
"""Share of the error that the columns must explain, and how many standard errors that must be."""
_FEWEST_BLOCKS, _MOST_BLOCKS = 8, 64


@dataclass(frozen=True)
class Estimate:
    """The effect chosen for a panel."""

    effect: KnownEffect
    lag: int
    penalty: float
    gain: float
    """Share of the mean absolute difference from the neighbours that it explains in rows it was not fitted to."""

    @property
    def sentence(self) -> str:
        """A sentence that says what was found."""
        names = ", ".join(map(repr, self.effect.regressors.covariates.known))
        steps = "step" if self.lag == 1 else f"{self.lag} steps"
        return (
            f"What {names} add{'s' * (len(self.effect.regressors.covariates.known) == 1)} is taken out before the "
            f"forecast and added again after it: on values held out it explains {100 * self.gain:.0f} % of how they "
            f"differ from those {steps} before and after."
        )

    def refitted(self, panel: Panel, limits: Integers) -> Estimate:
        """Return the same choice, with the same encodings, fitted to the first `limits` (N,) rows of each series."""
        compared = _Compared.of(panel, limits, self.effect.regressors, self.lag, self.effect.window)
        return replace(self, effect=replace(self.effect, weights=compared.weights(self.penalty)))


def estimated(panel: Panel, limits: Integers, seasons: Sequence[int]) -> Estimate | None:
    """Estimate the effect of a panel's known columns from the first `limits` (N,) rows of each series.

    The window of the level, whether the effect depends on the phase of the shortest season, and the ridge penalty are
    those with the smallest absolute error by cross-validation on consecutive quarters of each series. None if there is
    no known column, or if the error does not become smaller by more than chance.
    """
    if not panel.known:
        return None
    lag = _lag(limits, seasons)
    best: Estimate | None = None
    least = np.inf
    for season in dict.fromkeys((1, min(seasons, default=1))):
        regressors = Regressors.fit(panel, limits, season)
        if not 0 < regressors.count <= _MOST_REGRESSORS:
            continue
        for window in dict.fromkeys(max(_SHORTEST, lags * lag) for lags in _WINDOWS):
            compared = _Compared.of(panel, limits, regressors, lag, window)
            if np.bincount(compared.fold, minlength=_FOLDS).min() < _FEWEST_ROWS:
                continue
            before, errors = compared.validated()
            k = int(np.argmin(errors.mean(1)))
            error = float(errors[k].mean())
            gain = 1 - error / float(before.mean())
            if error < least and gain >= _LEAST_GAIN and _beyond_chance(before - errors[k], lag):
                least = error
                effect = KnownEffect(regressors, np.zeros(regressors.count), window)
                best = Estimate(effect, lag, float(_PENALTIES[k]), gain)
    return None if best is None else best.refitted(panel, limits)


@dataclass(frozen=True)
class _Compared:
    """Rows compared with their neighbours."""

    response: Floats
    """(M,) differences of values, in units of the level."""
    design: Floats
    """(M, K) the same differences of the regressors. They are not multiplied by their rows' levels: those of later
    neighbours, which the value itself belongs to, would tell of it."""
    unit: Floats
    """(M,) the level, relative to the mean difference of the series."""
    fold: Integers
    """(M,) the quarter of its series that each row is in."""

    @classmethod
    def of(cls, panel: Panel, limits: Integers, regressors: Regressors, lag: int, window: int) -> _Compared:
        every = regressors.rows(panel)
        parts = []
        for i in _some_series(panel, limits, regressors.count):
            rows = int(limits[i])
            own = slice(panel.offsets[i] + max(0, rows - _MOST_ROWS), panel.offsets[i] + rows)
            values = panel.values[own]
            level = running_level(values, window)[:-1]
            found = _less_neighbours(np.column_stack([values, every[own]]), lag)
            usable = ~np.isnan(found[:, 0]) & (level > 0)
            typical = np.abs(found[usable, 0]).mean() if usable.any() else 0.0
            if typical > 0:
                fold = np.arange(usable.sum()) * _FOLDS // usable.sum()
                parts.append((found[usable, 0] / level[usable], found[usable, 1:], level[usable] / typical, fold))
        if not parts:
            return cls(np.zeros(0), np.zeros((0, regressors.count)), np.zeros(0), np.zeros(0, np.int64))
        response, design, unit, fold = (np.concatenate(each) for each in zip(*parts, strict=True))
        limit = float(np.quantile(np.abs(response), _LARGEST))
        return cls(np.clip(response, -limit, limit), design, unit, fold)

    def weights(self, penalty: float) -> Floats:
        """Return the weights (K,) by ridge regression on all rows."""
        return np.asarray(Ridge.of(self.design, self.response[:, None]).weights(penalty)[:, 0])

    def validated(self) -> tuple[Floats, Floats]:
        """Return the absolute errors without any effect (M,), and for each penalty (P, M) with that fitted to the rows
        of the other folds, relative to the mean difference of their series."""
        errors = np.empty((len(_PENALTIES), len(self.response)))
        for fold in range(_FOLDS):
            held = self.fold == fold
            ridge = Ridge.of(self.design[~held], self.response[~held, None])
            weights = np.concatenate([ridge.weights(penalty) for penalty in _PENALTIES], 1)
            errors[:, held] = np.abs(self.response[held, None] - self.design[held] @ weights).T
        return np.abs(self.response) * self.unit, errors * self.unit


def _lag(limits: Integers, seasons: Sequence[int]) -> int:
    """Return the distance of neighbours: the shortest season, or a longer one that is a multiple of it."""
    shortest = min(seasons, default=1)
    typical = int(np.median(limits[limits > 0])) if (limits > 0).any() else 0
    fits = [
        season
        for season in seasons
        if season % shortest == 0 and season <= _LONGEST_MULTIPLE * shortest and season * _FEWEST_LAGS <= typical
    ]
    return max(fits, default=1)


def _some_series(panel: Panel, limits: Integers, count: int) -> Integers:
    """Return the series to learn from: all, or a random part if `count` regressors of their rows are too many."""
    rows = np.minimum(limits, _MOST_ROWS)
    order = np.random.default_rng(0).permutation(len(panel))
    enough = int(np.searchsorted(np.cumsum(rows[order]) * count, _MOST_NUMBERS)) + 1
    return np.asarray(np.sort(order[:enough]))


def _less_neighbours(columns: Floats, lag: int) -> Floats:
    """Return (T, C), each row of `columns` (T, C) less the mean of the rows one and two lags before and after it.

    A neighbour without a value in the first column does not count; with fewer than two, all of a row is NaN.
    """
    rows = len(columns)
    total, count = np.zeros_like(columns), np.zeros(rows)
    clean = np.where(np.isnan(columns[:, :1]), 0.0, columns)
    for distance in (lag, 2 * lag):
        later, earlier = slice(distance, None), slice(None, max(0, rows - distance))
        for here, neighbour in ((later, earlier), (earlier, later)):
            total[here] += clean[neighbour]
            count[here] += ~np.isnan(columns[neighbour, 0])
    with np.errstate(invalid="ignore", divide="ignore"):
        found = columns - total / count[:, None]
    found[(count < 2) | np.isnan(columns[:, 0])] = np.nan
    return found


def _beyond_chance(gains: Floats, lag: int) -> bool:
    """Return whether the mean of gains (M,) is above 0 by more than chance, given those of consecutive blocks.

    Differences from neighbours depend on each other as far as these reach, so blocks are that long if there are enough.
    """
    count = int(np.clip(len(gains) // (4 * lag), _FEWEST_BLOCKS, _MOST_BLOCKS))
    blocks = np.array([block.mean() for block in np.array_split(gains, count)])
    return bool(blocks.mean() > _CHANCE * blocks.std() / np.sqrt(count))
