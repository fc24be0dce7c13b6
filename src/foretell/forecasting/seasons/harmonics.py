"""Evidence for a season: the power of a series at its harmonics compared with that at neighbouring frequencies.

A season of m steps has its power only at the frequencies 1/m, 2/m, ... A trend, a random walk or an irregular cycle
spreads over the frequencies around them. So each harmonic is compared with its neighbours in the periodogram of whole
seasons: under noise with a locally flat spectrum, the ratio of its power to their mean has an F distribution, whose
tail gives the evidence, in nats, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BESIDE = 6
"""Number of bins on each side of a harmonic that it is compared with."""
_HARMONICS = (1, 2, 3, 6, 12, 24)
"""Numbers of harmonics tried, few for a smooth season and many for one with peaks; the best is used, at a penalty."""
_SIDEBAND = 1.6
"""Number of bins around its harmonics over which a slowly changing season spreads."""
_CLIP, _CLIP_SPARSE = 6.0, 3.0


@dataclass(frozen=True)
class Evidence:
    """Evidence from the harmonics of one length, pooled over all series."""

    nats: float
    """Negative logarithm of the probability that noise would give this much power."""
    harmonics: int
    """Number of harmonics compared, over all series."""
    shown_by: float
    """Share of the series that show the season on their own, less the twentieth expected by chance."""


NOTHING = Evidence(0.0, 0, 0.0)


def whitened(values: Floats) -> Floats | None:
    """Remove trend, jumps and autocorrelation from a series and scale it to a spread of 1, so that seasons show.

    Missing values are interpolated. Changes are clipped to six typical changes, to limit outliers and jumps. T values
    give T - 1; None if they do not vary or are fewer than six.
    """
    present = np.flatnonzero(~np.isnan(values))
    if len(present) < 6:
        return None
    if len(present) < len(values):
        values = np.interp(np.arange(len(values)), present, values[present])
    largest = np.abs(values).max()
    steps = np.diff(values / largest) if largest > 0 else np.zeros(1)
    usual = 1.4826 * np.median(np.abs(steps - np.median(steps)))
    bound = _CLIP * usual if usual > 0 else _CLIP_SPARSE * np.abs(steps).mean()
    if not bound > 1e-12:
        return None
    path = _detrended(np.append(0.0, np.cumsum(np.clip(steps, -bound, bound))))
    power = path @ path
    if not power > 1e-18 * len(path) ** 3 * bound**2:
        return None
    persistence = np.clip(path[1:] @ path[:-1] / power, 0.0, 1.0)
    noise = _detrended(path[1:] - persistence * path[:-1])
    spread = noise.std()
    return noise / spread if spread > 1e-9 * np.sqrt(power) else None


def _detrended(path: Floats) -> Floats:
    at = np.linspace(-1.0, 1.0, len(path))
    return np.asarray(path - path.mean() - at * (at @ path) / (at @ at))


@dataclass(frozen=True)
class Sample:
    """Whitened series, stacked by length: arrays (S, T)."""

    groups: tuple[Floats, ...]

    @classmethod
    def of(cls, series: Sequence[Floats]) -> Sample:
        """Stack the series, trimming the start of each, by at most a tenth, to one of a few lengths."""
        lengths = np.array([len(s) for s in series])
        if len(np.unique(lengths)) > 8:
            longest = lengths.max(initial=1)
            lengths = np.ceil(longest * 0.9 ** np.ceil(np.log(lengths / longest) / np.log(0.9) - 1e-9)).astype(int)
            lengths = np.minimum(lengths, [len(s) for s in series])
        groups = (
            np.stack([s[-n:] for s, m in zip(series, lengths, strict=True) if m == n]) for n in np.unique(lengths)
        )
        return cls(tuple(groups))

    @cached_property
    def longest(self) -> int:
        """Length of the longest series in steps, before whitening, which shortens it by one."""
        return max((g.shape[1] + 1 for g in self.groups), default=0)

    def without(self, season: int) -> Sample:
        """Return the sample with the mean of each phase of a season subtracted."""
        return Sample(tuple(g - _phase_means(g, season) if g.shape[1] >= 2 * season else g for g in self.groups))

    def share(self, part: int, season: int) -> float:
        """Return the share, in [0, 1], of a season's explained variance that a divisor of it explains alone."""
        groups = [group for group in self.groups if group.shape[1] >= season]
        both = [sum(float((_phase_means(group, m) ** 2).sum()) for group in groups) for m in (part, season)]
        return both[0] / both[1] if both[1] > 0 else 0.0

    def alike(self) -> float:
        """Number of series that count as one because they are correlated: 1 if independent, at most all of them."""
        series = [values for group in self.groups for values in group]
        steps = min((len(values) for values in series), default=0)
        if len(series) < 2 or steps < 4:
            return 1.0
        ends = np.stack([values[-steps:] for values in series])
        ends = ends - ends.mean(1, keepdims=True)
        ends /= np.maximum(np.sqrt((ends**2).sum(1, keepdims=True)), 1e-12)
        # The correlation of two series' powers at a frequency is the square of the series' correlation.
        shared = ((ends @ ends.T) ** 2).sum() / len(series) - 1 - (len(series) - 1) / (steps - 1)
        return float(np.clip(1 + shared, 1, len(series)))

    def candidates(self, rounds: int, most: int) -> list[int]:
        """Return the lengths with the highest autocorrelation that fit at least `rounds` times into the series."""
        top = self.longest // rounds
        total, weight = np.zeros(top + 1), np.zeros(top + 1)
        for group in self.groups:
            steps = group.shape[1]
            spectrum = np.fft.rfft(group, _fast_length(2 * steps))
            power = (spectrum.real**2 + spectrum.imag**2).sum(0)
            correlation = np.fft.irfft(power, _fast_length(2 * steps))[:steps] / (len(group) * steps)
            longest = min(top, (steps + 1) // rounds)
            for m in range(2, longest + 1):
                folds = correlation[m::m][:12]
                total[m] += len(group) * folds.sum()
                weight[m] += len(group) ** 2 * len(folds) / (len(group) * steps)
        score = np.full(top + 2, -np.inf)
        known = weight > 0
        score[:-1][known] = total[known] / np.sqrt(weight[known])
        peaks = [m for m in range(2, top + 1) if score[m] > 0 and score[m] >= max(score[m - 1], score[m + 1])]
        return sorted(peaks, key=lambda m: -score[m])[:most]

    def evidence(self, season: int, known: Sequence[int], rounds: int) -> Evidence:
        """Return the evidence for a season besides those `known`, from series that are `rounds` times as long."""
        width = min(season // 2, _HARMONICS[-1])
        sums, counts = np.zeros(width), np.zeros(width)
        alone, series = 0, 0
        for group in self.groups:
            if group.shape[1] + 1 < rounds * season:
                continue
            told = _compared(group, season, known, width)
            used = ~np.isnan(told[0])
            if not used.any():
                continue
            sums[used] += told[:, used].sum(0)
            counts[used] += len(told)
            each = np.cumsum(told[:, used], 1)
            nats = np.max([_nats(each[:, k - 1], k) for k in _HARMONICS if k <= each.shape[1]], axis=0)
            alone += int((nats > _ALONE).sum())
            series += len(told)
        if not series:
            return NOTHING
        best = NOTHING
        for k in (*(k for k in _HARMONICS if k < width), width):
            total, count = sums[:k].sum(), int(counts[:k].sum())
            if count:
                nats = float(_nats(total, count))
                if nats >= best.nats or best is NOTHING:
                    best = Evidence(nats, count, max(0.0, alone / series - 0.05) / 0.95)
        return best


_ALONE = 4.0


def _nats(total: Floats | float, count: int) -> Floats:
    """Return -log of the probability that `count` exponential variables of mean 1 sum to `total` or more."""
    mean = np.maximum(np.asarray(total) / count, 1.0)
    far = count * (mean - 1 - np.log(mean))
    shape = torch.full(mean.shape, float(count), dtype=torch.float64)
    tail = torch.special.gammaincc(shape, torch.from_numpy(np.asarray(total, dtype=float))).numpy()
    # Beyond the range of a float, Cramér's bound is used, which slightly overstates the certainty.
    return np.where(tail > 1e-290, -np.log(np.maximum(tail, 1e-300)), far)


def _compared(group: Floats, season: int, known: Sequence[int], width: int) -> Floats:
    """Return (S, width), -log of the tail probability of each harmonic; NaN for those that are not compared."""
    cycles = max(1, (group.shape[1] + 1) // season)
    steps = cycles * season
    kept = group[:, -steps:]
    if kept.shape[1] < steps:
        kept = np.concatenate([np.zeros((len(kept), steps - kept.shape[1])), kept], 1)
    spectrum = np.fft.rfft(kept)
    bins = spectrum.shape[1]
    power = spectrum.real**2 + spectrum.imag**2
    at = np.arange(bins)
    free = np.ones(bins, bool)
    free[0] = False
    for other in known:
        # The distance, in bins, to the nearest harmonic of a season that is already known.
        distance = np.abs(at - np.round(at * other / steps) * steps / other)
        free &= distance >= min(_SIDEBAND, 0.6 * cycles)
    comb = at % cycles == 0
    beside = free & ~comb
    edge = np.arange(bins + 2 * _BESIDE + 1)
    count = np.append(0, np.cumsum(np.pad(beside, _BESIDE)))
    total = np.zeros((len(kept), len(edge)))
    np.cumsum(np.pad(np.where(beside, power, 0.0), ((0, 0), (_BESIDE, _BESIDE))), 1, out=total[:, 1:])
    harmonics = cycles * np.arange(1, width + 1)
    low, high = harmonics, harmonics + 2 * _BESIDE + 1
    neighbours = count[high] - count[low]
    floor = (total[:, high] - total[:, low]) / np.maximum(neighbours, 1)
    compared = free[harmonics] & (neighbours >= 2)
    ratio = power[:, harmonics] / np.maximum(floor, 1e-300)
    told = neighbours * np.log1p(np.minimum(ratio, 1e12) / np.maximum(neighbours, 1))
    if 2 * harmonics[-1] == steps:
        told[:, -1] = _half(ratio[:, -1], int(neighbours[-1]))
    return np.where(compared, told, np.nan)


def _half(ratio: Floats, neighbours: int) -> Floats:
    """Return the same for the highest frequency, which has one degree of freedom (Wallace's normal approximation)."""
    freedom = 2 * max(neighbours, 1)
    z = (8 * freedom + 1) / (8 * freedom + 3) * np.sqrt(freedom * np.log1p(np.minimum(ratio, 1e12) / freedom))
    return np.asarray(-np.log(2) - torch.special.log_ndtr(torch.from_numpy(-z)).numpy())


def _phase_means(group: Floats, season: int) -> Floats:
    series, steps = group.shape
    padded = np.pad(group, ((0, 0), (0, -steps % season)), constant_values=np.nan)
    return np.tile(np.nanmean(padded.reshape(series, -1, season), 1), -(-steps // season))[:, :steps]


def _fast_length(least: int) -> int:
    return 1 << (least - 1).bit_length()
