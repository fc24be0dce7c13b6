"""What the recent past of all series adds to the forecast of each: a few common factors with loadings.

Each series is regressed on its own past. What that leaves unexplained of every step, its innovation, is news; the
factors are those weighted sums of the series' news that best predict later news of the other series, and what is left
of the next values of each series is regressed on the latest values of the factors, beyond what its own past says of
these (Frisch and Waugh, 1933; Stock and Watson, 2002). All costs are linear in the number of series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.multivariate.aligned import FARTHEST, LEVELS, Aligned, first_rows, own_lags
from foretell.forecasting.networks.training_task import observed
from foretell.forecasting.panel import Panel
from foretell.forecasting.ridge import Ridge

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]

_FEWEST = 32
"""Number of values from which a series takes part."""
_MOST_ROWS = 3000
_MOST_STEPS = 32
"""Number of steps ahead for which the others' past is used, at most: further ahead it says nothing."""
_STEPS_PART = 6
"""At most this part of the rows are steps ahead."""
_FACTORS = 4
_SPARE = 4
_ROUNDS = 8
_WILDEST = 4.0
"""Innovations are clipped to so many spreads, so that a single shock makes no factor."""
LATEST, OLDER = 8, (8, 16, 32)
"""The factors of the latest steps are read one by one, then as the means of steps between these ages."""
READ = LATEST + len(OLDER) - 1
"""Values that are read of each factor."""
_OWN_PENALTY = 0.01
_PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Ridge penalties to choose from, relative to the variance of a factor."""
_LATE = 0.75
"""Rows after this part of the time decide between the penalties."""
_JUDGED = 256
"""Number of series that do so, at most."""
_CELLS = 1 << 22
_AT_ONCE = 512


@dataclass(frozen=True)
class OthersPast:
    """Common factors of M series, and what these add to the forecast of each, H steps ahead.

    P numbers are read of the own past, and R values of each of K factors.
    """

    ids: tuple[str, ...]
    lags: tuple[int, ...]
    unit: Singles
    """(M,) mean absolute change of each series."""
    own: Singles
    """(M, P) regression of the next change on the own past, in these units."""
    spread: Singles
    """(M,) size of the innovations."""
    weights: Singles
    """(M, K) weights of the series' innovations in the factors."""
    expected: Singles
    """(M, P, K R) regression of the factors that are read on the own past."""
    effect: Singles
    """(M, K R, H) effect of the rest of the factors on the steps ahead, in units."""
    delay: int = 0
    """Steps by which the factors are out of date: 0, other than to see what they are worth."""

    @classmethod
    def fit(cls, panel: Panel, limits: Integers, horizon: int, seasons: Sequence[int]) -> OthersPast | None:
        """Fit to the first `limits` (N,) rows of each series; None if fewer than two series have enough values."""
        count = observed(panel, limits)
        series = np.flatnonzero(count >= _FEWEST)
        if len(series) < 2:
            return None
        begins, rows = first_rows(panel)[series], limits[series]
        end = int((begins + rows).max())
        first = max(int(begins.min()), end - _MOST_ROWS)
        series = series[begins + rows - first >= _FEWEST]
        table = Aligned.of(panel, series, limits[series], first, end)
        unit = _usual_changes(table)
        series, unit = series[unit > 0], unit[unit > 0]
        if len(series) < 2:
            return None
        table = Aligned.of(panel, series, limits[series], first, end)
        return _Fitting(table, unit, own_lags(seasons, end - first), horizon).fitted([panel.ids[i] for i in series])

    @property
    def subject(self) -> str:
        """What is read, in words."""
        return "The past of the other series"

    @property
    def steps(self) -> int:
        """H, the number of steps ahead that it reaches."""
        return int(self.effect.shape[2])

    def correction(self, panel: Panel, series: Integers, cutoffs: Integers, horizon: int) -> Floats:
        """Return (B, `horizon`), what the others' past adds after row `cutoffs` (B,) of `series` (B,), from values of
        the whole panel up to that time; 0 for series that were not fitted, and far ahead."""
        found = np.zeros((len(series), horizon))
        place = np.array([self._places.get(name, -1) for name in panel.ids], dtype=np.int64)
        known, at = np.flatnonzero(place >= 0), np.flatnonzero((place[series] >= 0) & (cutoffs > 0))
        if not len(at):
            return found
        begins = first_rows(panel)
        origins = begins[series[at]] + cutoffs[at] - 1
        first = int(origins.min()) - self.delay - OLDER[-1] - max(*self.lags, *LEVELS) - 1
        limits = np.minimum(panel.history, int(origins.max()) + 1 - begins)[known]
        table = Aligned.of(panel, known, np.maximum(limits, 0), first, int(origins.max()) + 1)
        own = place[known]
        unit = self.unit[own].astype(np.float64)
        factors = _innovations(table, unit, self.own[own], self.lags, self.spread[own]) @ self.weights[own]
        column = np.full(len(panel), -1)
        column[known] = np.arange(len(known))
        steps = min(horizon, self.effect.shape[2])
        read = _read(factors)
        whole = np.ones((len(at), len(self.lags) + len(LEVELS) + 1))
        rows, here = origins - first, column[series[at]]
        for k, part in enumerate(table.past(self.lags, unit)):
            whole[:, k] = part[rows, here]
        for start in range(0, len(at), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            mine = place[series[at[some]]]
            size = self.unit[mine].astype(np.float64)
            news = read[rows[some] - self.delay] - np.einsum("bp,bpk->bk", whole[some], self.expected[mine])
            added = np.einsum("bk,bkh->bh", news, self.effect[mine, :, :steps])
            with np.errstate(over="ignore"):
                found[at[some], :steps] = added * size[:, None]
        return np.nan_to_num(found, posinf=0.0, neginf=0.0)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.ids)}


def _usual_changes(table: Aligned) -> Floats:
    both = table.seen[1:] & table.seen[:-1]
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.where(both, np.abs(np.diff(table.values, axis=0)), 0.0).sum(0)
    found = total / np.maximum(both.sum(0), 1)
    return np.where(np.isfinite(found) & (found > np.finfo(np.float32).tiny) & (found < 1e30), found, 0.0)


def _innovations(table: Aligned, unit: Floats, own: Singles, lags: Sequence[int], spread: Singles) -> Floats:
    """Return (T, N), what each series' own past left unexplained of its change to each step, in spreads."""
    with np.errstate(over="ignore", invalid="ignore"):
        left = np.clip(np.diff(table.values, axis=0) / unit, -FARTHEST, FARTHEST) - own[:, -1]
        for k, part in enumerate(table.past(lags, unit)):
            left -= part[:-1] * own[:, k]
        news = np.clip(np.nan_to_num(left) / spread, -_WILDEST, _WILDEST)
    return np.concatenate([np.zeros((1, news.shape[1])), np.where(table.seen[1:] & table.seen[:-1], news, 0.0)])


def _read(factors: Floats) -> Floats:
    """Return (T, K R), what is read of factors (T, K) at each step: the latest values, and means of earlier ones."""
    steps = np.arange(len(factors))
    total = np.concatenate([np.zeros((1, factors.shape[1])), np.cumsum(factors, axis=0)])
    parts = [np.where((steps >= age)[:, None], factors[np.maximum(steps - age, 0)], 0.0) for age in range(LATEST)]
    for young, old in pairwise(OLDER):
        span = total[np.maximum(steps + 1 - young, 0)] - total[np.maximum(steps + 1 - old, 0)]
        parts.append(span / np.sqrt(old - young))
    return np.concatenate(parts, axis=1)


class _Fitting:
    """The regressions of N aligned series."""

    def __init__(self, table: Aligned, unit: Floats, lags: tuple[int, ...], horizon: int) -> None:
        self.table, self.unit, self.lags = table, unit, lags
        self._read = len(lags) + len(LEVELS) + 1
        rows = len(table.values)
        self.steps = np.arange(1, max(1, min(horizon, _MOST_STEPS, rows // _STEPS_PART)) + 1)
        self.rows = np.arange(rows - len(self.steps))
        begins, last = table.seen.argmax(0), rows - 1 - table.seen[::-1].argmax(0)
        # What is learned from lies wholly within a series.
        self.inside = (self.rows[:, None] >= begins) & (self.rows[:, None] + len(self.steps) <= last)

    def fitted(self, ids: Sequence[str]) -> OthersPast:
        """Fit everything."""
        count = len(self.unit)
        one = np.concatenate([self._own(part)[0] for part in self._parts()])[..., 0].astype(np.float32)
        raw = _innovations(self.table, self.unit, one, self.lags, np.ones(count, np.float32))
        spread = np.sqrt((raw**2).sum(0) / np.maximum((raw != 0).sum(0), 1)).astype(np.float32)
        spread = np.where(spread > 0, spread, 1.0).astype(np.float32)
        news = _innovations(self.table, self.unit, one, self.lags, spread)
        weights = _leading(news, len(self.steps))
        read = _read(news @ weights)[self.rows]
        penalty = self._penalty(read)
        expected, effect = [], []
        for part in self._parts(read.shape[1]):
            design, targets, there = self._rest(part, read)
            expected.append(there)
            effect.append(Ridge.of(design, targets).weights(penalty))
        return OthersPast(
            tuple(ids),
            self.lags,
            self.unit.astype(np.float32),
            one,
            spread,
            weights.astype(np.float32),
            np.concatenate(expected).astype(np.float32),
            np.concatenate(effect).astype(np.float32),
        )

    def _parts(self, more: int = 0) -> Iterator[Integers]:
        """Yield some of the series at a time, to bound memory."""
        cells = len(self.rows) * (self._read + len(self.steps) + more)
        at_once = max(1, _CELLS // cells)
        for start in range(0, len(self.unit), at_once):
            yield np.arange(start, min(start + at_once, len(self.unit)))

    def _own(self, part: Integers) -> tuple[Floats, Floats, Floats]:
        """Return the regression of the next values on the own past (n, P, H), with its design and targets."""
        table = Aligned(self.table.seen[:, part], self.table.values[:, part])
        inside = self.inside[:, part].T[..., None]
        design = table.design(self.rows, self.lags, self.unit[part]) * inside
        targets = table.ahead(self.rows, self.steps, self.unit[part]) * inside
        return Ridge.of(design, targets).weights(_OWN_PENALTY), design, targets

    def _rest(self, part: Integers, read: Floats) -> tuple[Floats, Floats, Floats]:
        """Return what the own past leaves of the factors (n, R', K R) and of the next values (n, R', H), and the
        regression of the factors on it (n, P, K R)."""
        own, design, targets = self._own(part)
        factors = read * self.inside[:, part].T[..., None]
        there = Ridge.of(design, factors).weights(_OWN_PENALTY)
        return factors - design @ there, targets - design @ own, there

    def _penalty(self, read: Floats) -> float:
        """Choose the penalty by the later rows, fitted to the earlier ones."""
        some = np.unique(np.linspace(0, len(self.unit) - 1, min(_JUDGED, len(self.unit))).astype(np.int64))
        late = int(_LATE * len(self.rows))
        early = max(1, late - len(self.steps))
        errors = np.zeros(len(_PENALTIES))
        cells = len(self.rows) * (self._read + len(self.steps) + read.shape[1])
        at_once = max(1, _CELLS // cells)
        for start in range(0, len(some), at_once):
            design, targets, _ = self._rest(some[start : start + at_once], read)
            ridge = Ridge.of(design[:, :early], targets[:, :early])
            for k, penalty in enumerate(_PENALTIES):
                errors[k] += np.abs(targets[:, late:] - design[:, late:] @ ridge.weights(penalty)).sum()
        return float(_PENALTIES[int(np.argmin(errors))])


def _leading(news: Floats, horizon: int) -> Floats:
    """Return (N, K), the weights of the sums of innovations (T, N) that have the largest covariances with the later
    innovations of the other series, by subspace iteration; no sum has a variance above 1."""
    rows, count = news.shape
    farthest = max(1, min(LATEST + horizon, OLDER[-1], rows // 8))
    lags = range(1, farthest + 1)
    own = [(news[:-lag] * news[lag:]).sum(0)[:, None] for lag in lags]

    def led(v: Floats) -> Floats:
        found = np.zeros_like(v)
        for lag, same in zip(lags, own, strict=True):
            before, after = news[:-lag], news[lag:]
            later = after.T @ (before @ v) - same * v
            found += before.T @ (after @ later) - same * later
        return found

    wanted = min(_FACTORS, count)
    basis = np.random.default_rng(0).standard_normal((count, min(count, wanted + _SPARE)))
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(led(basis))[0]
    values, turn = np.linalg.eigh(basis.T @ led(basis))
    weights = basis @ turn[:, np.argsort(-values)[:wanted]]
    # Differences between series that are almost the same stay small.
    return np.asarray(weights / np.maximum((news @ weights).std(0), 1.0))
