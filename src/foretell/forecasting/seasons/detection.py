"""Seasons of series: the lengths after which a pattern repeats, whether it does, and how strong it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel
from foretell.forecasting.seasons.harmonics import NOTHING, Evidence, Floats, Sample, whitened
from foretell.forecasting.seasons.season import Origin, Season, Seasons
from foretell.tables.frequency import Frequency

_MOST = 3
_SERIES, _VALUES, _LONGEST = 300, 150_000, 20_000
"""Limits on the data examined: number of series, values in total, and latest values of each of many series."""
_FEWEST, _WHOLE_ROUNDS = 6, 2
_SHORTLIST = 25
_ROUNDS_KNOWN, _ROUNDS = 2, 3
"""Minimum number of periods in a history for a season suggested by the calendar, and for any other."""
_TRIED = np.log(6)
"""Penalty, in nats, for having chosen among six numbers of harmonics."""
_DOUBT, _UNCALENDRICAL = np.log(200), np.log(3)
"""False positives: a calendar length in one of 200 tables without a season, any other length in one of 600."""
_SHOWN_BY = {True: 0.08, False: 0.15}
"""Minimum share of series that must each show a season, for a calendar length (True) and for any other (False)."""
_NOTHING, _LITTLE = 1.5, 4.0
"""Evidence, in nats, that counts as none, and evidence too weak for a season longer than a detected one."""
_SHORTER_ROUNDS, _ABSENT_ROUNDS = 8, 150
"""Minimum number of periods, over all histories, before a season can be rejected as too long, or as absent."""
_RESOLVED, _BLURRED = 0.7, 0.25
"""A length this many periodogram bins away must have less than this share of the evidence of a season."""
_PARTS, _MOST_OF = 4, {True: 0.3, False: 0.6}
"""A divisor is taken first if it is this many times shorter and explains this much; less is needed for a week."""
_FAINT = 0.05
"""Minimum strength of a season that is not a calendar length."""
_DAYS = (1 / 1440, 1 / 24, 1 / 2, 1.0, 7.0, 14.0, 28.0, 365.25 / 12, 365.25 / 4, 365.25 / 2, 365.25)
"""Periods of calendars and clocks, in days: minute, hour, half a day, day, weeks, months, quarters, half years, ...
"""
_USUAL = (
    4, 5, 6, 7, 8, 12, 24, 26, 48, 52, 60, 96, 144, 168, 260, 261, 288, 336, 365, 366, 672, 1008, 1440, 2016, 8760,
    8766, 17520, 17532,
)  # fmt: skip
"""Lengths that these periods have in common time steps, used if the time step is unknown."""


def find_seasons(
    panel: Panel,
    limits: NDArray[np.int64],
    natural: tuple[int, ...] = (),
    asked: tuple[int, ...] | None = None,
    *,
    seed: int = 0,
) -> Seasons:
    """Find the seasons of a panel, using only the first `limits` (N,) rows of each series.

    Seasons that were `asked` for are used as they are. A season `natural` to the frequency is used if a history has
    two periods of it, unless the data have a shorter one in its place or certainly no season. Others are found by the
    power at their harmonics, pooled over the series, if a history has three periods. If there are many series, `seed`
    decides which are examined.
    """
    series = _looked_at(panel, limits, seed)
    sample = Sample.of([noise for values in series if (noise := whitened(values)) is not None])
    search = _Search(sample, series, _calendrical(panel.frequency, natural))
    longest = int(limits.max(initial=0))
    absent: tuple[int, ...] = ()
    if asked is not None:
        found = [search.judged(length, (), "asked") for length in sorted(set(asked))]
    else:
        held = [length for length in sorted(natural) if _ROUNDS_KNOWN * length <= longest]
        found, absent = search.checked(held)
        found = search.others(found)
    found.sort(key=lambda season: season.length)
    shares = strengths(series, [season.length for season in found])
    return Seasons(tuple(replace(s, strength=x) for s, x in zip(found, shares, strict=True)), absent)


def _looked_at(panel: Panel, limits: NDArray[np.int64], seed: int) -> list[Floats]:
    """Return the latest values of a sample of the series, within the limits on the data examined."""
    long_enough = np.flatnonzero(limits >= 2 * _ROUNDS)
    lengths = np.minimum(limits[long_enough], max(_LONGEST, _VALUES // max(1, len(long_enough))))
    order = np.random.default_rng(seed).permutation(len(long_enough))
    within = np.cumsum(lengths[order]) <= max(_VALUES, lengths.max(initial=0))
    chosen = np.sort(order[within][:_SERIES])
    ends = panel.offsets[long_enough[chosen]] + limits[long_enough[chosen]]
    return [panel.values[end - length : end] for end, length in zip(ends, lengths[chosen], strict=True)]


class _Search:
    """Search for seasons by the harmonics of one sample."""

    def __init__(self, sample: Sample, series: Sequence[Floats], calendrical: Iterable[int]) -> None:
        self._sample = sample
        self._series = series
        self._longest = sample.longest // _ROUNDS
        self._calendrical = sorted(length for length in calendrical if length <= self._longest)

    def judged(self, length: int, known: Sequence[int], origin: Origin) -> Season:
        """Return the season, with its certainty if no other length had been examined."""
        nats = self._sample.evidence(length, known, _ROUNDS_KNOWN).nats / self._alike([*known, length])
        return Season(length, 0.0, _certainty(nats - _TRIED), origin)

    def checked(self, natural: Sequence[int]) -> tuple[list[Season], tuple[int, ...]]:
        """Return the natural seasons, or shorter ones in their place, and those that are certainly absent."""
        found: list[Season] = []
        absent: list[int] = []
        for length in natural:
            known = [season.length for season in found]
            evidence = self._sample.evidence(length, known, _ROUNDS_KNOWN)
            rounds = sum(len(group) * (group.shape[1] // length) for group in self._sample.groups)
            shorter = self._shorter(self._sample, length, known, _LITTLE)
            if shorter is not None and rounds >= _SHORTER_ROUNDS:
                found.append(self.judged(shorter[0], known, "found"))
            elif rounds >= _ABSENT_ROUNDS and evidence.nats < _NOTHING:
                absent.append(length)
            else:
                found.append(self.judged(length, known, "natural"))
        return found, tuple(absent)

    def _shorter(self, sample: Sample, length: int, known: Sequence[int], least: float) -> tuple[int, Evidence] | None:
        """Return a divisor of a season if the data have it and give less than `least` nats for the rest."""
        for divisor in (d for d in range(2, length // 2 + 1) if length % d == 0):
            evidence = sample.evidence(divisor, known, _ROUNDS)
            if self._surplus(divisor, evidence, 1.0) <= 0:
                continue
            rest = sample.evidence(length, [*known, divisor], _ROUNDS_KNOWN)
            few = rest.harmonics and rest.nats < least
            if few and self._surplus(divisor, evidence, self._alike([*known, divisor])) > 0:
                return divisor, evidence
        return None

    def others(self, found: Sequence[Season]) -> list[Season]:
        """Return the seasons already found together with others, which the calendar does not suggest."""
        found = list(found)
        sample = self._sample
        for season in found:
            sample = sample.without(season.length)
        passed: set[int] = set()
        while len(found) < _MOST:
            known = [season.length for season in found]
            length, evidence = self._climbed(sample, known, passed)
            if not length:
                break
            alike = sample.without(length).alike()
            shorter = self._shorter(sample, length, known, self._price(length))
            length, evidence = shorter or (length, evidence)
            length, evidence = self._within(sample, length, evidence, known, alike)
            surplus = self._surplus(length, evidence, alike)
            if surplus <= 0 or length in passed:
                break
            blur = self._blur(sample, length, evidence, known)
            if blur:
                passed.update(range(length - blur, length + blur + 1))
                continue
            if length not in self._calendrical and strengths(self._series, [*known, length])[-1] < _FAINT:
                passed.add(length)
                continue
            found.append(Season(length, 0.0, _certainty(surplus + _DOUBT), "found"))
            sample = sample.without(length)
        return found

    def _climbed(self, sample: Sample, known: Sequence[int], passed: set[int]) -> tuple[int, Evidence]:
        """Return the length with most evidence: the best of a shortlist, or a better one near it or its divisors."""
        told: dict[int, Evidence] = {}

        def best_of(lengths: Iterable[int]) -> int:
            for length in {*lengths}.difference(known, passed, told):
                if 2 <= length <= self._longest:
                    told[length] = sample.evidence(length, known, _ROUNDS)
            return max(told, key=lambda length: self._surplus(length, told[length], 1.0), default=0)

        best = best_of([*sample.candidates(_ROUNDS, _SHORTLIST), *self._calendrical])
        while best:
            near = {round(best / part) + step for part in (1, 2, 3) for step in (-1, 0, 1)}
            better = best_of(near)
            if better == best:
                return best, told[best]
            best = better
        return 0, NOTHING

    def _blur(self, sample: Sample, length: int, evidence: Evidence, known: Sequence[int]) -> int:
        """Return how far from a length the evidence is similar, in data long enough to distinguish; 0 for a season.

        A cycle without a fixed period resembles a season of any length near its own.
        """
        far = max(1, math.ceil(_RESOLVED * length**2 / sample.longest))
        sides = [side for side in (length - far, length + far) if side >= 2 and _ROUNDS_KNOWN * side <= sample.longest]
        nats = [sample.evidence(side, known, _ROUNDS_KNOWN).nats for side in sides]
        return far if nats and min(nats) > _BLURRED * evidence.nats else 0

    def _within(
        self, sample: Sample, length: int, evidence: Evidence, known: Sequence[int], alike: float
    ) -> tuple[int, Evidence]:
        """Return a much shorter season that explains most of a long one, as a day does of a week, to be taken first."""
        for divisor in (d for d in range(length // _PARTS, 1, -1) if length % d == 0 and d not in known):
            if sample.share(divisor, length) >= _MOST_OF[length == 7 * divisor]:
                part = sample.evidence(divisor, known, _ROUNDS)
                if self._surplus(divisor, part, alike) > 0:
                    return divisor, part
        return length, evidence

    def _price(self, length: int) -> float:
        """Return the evidence, in nats, required for a season that the calendar does not suggest."""
        if length in self._calendrical:
            return float(np.log(len(self._calendrical)) + _TRIED + _DOUBT)
        return float(np.log(self._longest) + _UNCALENDRICAL + _TRIED + _DOUBT)

    def _surplus(self, length: int, evidence: Evidence, alike: float) -> float:
        """Return the nats beyond `_price` if `alike` series count as one; none if too few series show the season."""
        if evidence.shown_by < _SHOWN_BY[length in self._calendrical]:
            return -math.inf
        return evidence.nats / alike - self._price(length)

    def _alike(self, seasons: Sequence[int]) -> float:
        sample = self._sample
        for season in seasons:
            sample = sample.without(season)
        return sample.alike()


def _calendrical(frequency: Frequency, natural: Sequence[int]) -> set[int]:
    """Return the lengths after which a calendar repeats, and the natural ones."""
    if frequency.is_integer:
        return {*natural, *_USUAL}
    day = 86_400_000_000 / frequency.microseconds
    return {*natural, *(round(days * day) for days in _DAYS if days * day > 1.5)}


def _certainty(nats: float) -> float:
    return float(-np.expm1(-max(nats, 0.0)))


def strengths(series: Sequence[Floats], lengths: Sequence[int]) -> list[float]:
    """Return, for each length, the share of the variance around the trend that it explains beyond the shorter ones."""
    shares: list[list[float]] = [[] for _ in lengths]
    for values in series:
        present = ~np.isnan(values)
        largest = np.abs(values[present]).max(initial=0.0)
        if present.sum() < _FEWEST or largest == 0:
            continue
        rest = np.interp(np.arange(len(values)), np.flatnonzero(present), values[present] / largest)
        low, high = np.quantile(rest, (0.01, 0.99))
        rest = np.clip(rest, low - (high - low), high + (high - low))
        for share, length in zip(shares, lengths, strict=True):
            if len(rest) < _WHOLE_ROUNDS * length:
                continue
            around = rest - _trend(rest, length)
            phases = np.array([around[k::length].mean() for k in range(length)])
            pattern = np.resize(phases - phases.mean(), len(rest))
            whole = around.var()
            if whole > 1e-24:
                left = (around - pattern).var() * len(rest) / (len(rest) - length)
                share.append(float(np.clip(1 - left / whole, 0, 1)))
            rest = rest - pattern
    return [float(np.median(share)) if share else 0.0 for share in shares]


def _trend(values: Floats, length: int) -> Floats:
    """Return a centred moving average over one season, shorter at the ends."""
    total = np.append(0.0, np.cumsum(values))
    at = np.arange(len(values))
    low, high = np.maximum(at - length // 2, 0), np.minimum(at - length // 2 + length, len(values))
    return np.asarray((total[high] - total[low]) / (high - low))
