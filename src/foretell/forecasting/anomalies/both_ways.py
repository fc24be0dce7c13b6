"""Values judged twice: by what came before them, and by what lies on both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.forecasting.anomalies.distances import distances, least_spread
from foretell.forecasting.anomalies.judgement import Judgement
from foretell.forecasting.anomalies.one_way import OneWay
from foretell.forecasting.filling.both_sides import LIKENESS, combined, reversed_in_time
from foretell.forecasting.panel import Panel

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_WARM = 16
"""Number of values of a series before the first that is judged, at least; or two seasons, if these are few steps."""
_MOST_WARM = 64
_FEWEST = 30
_CLIPPED = 3.0
"""Distances are clipped to this many spreads where the likeness of errors is measured."""
_MOST_ALIKE = 0.98
_USUAL = 10.0
"""A value that is this much more likely than an anomaly, by one of the two judgements, is none."""
_BEYOND_DOUBT = 10.0
"""A value that is this much less likely than an anomaly, given what came before it, is one: a new level is half as far
out of both sides together."""
_HALVINGS = 40


@dataclass(frozen=True)
class BothWays:
    """The R values of a panel forecast forwards and backwards."""

    panel: Panel
    season: int
    least: Floats
    """(R,) least spreads."""
    backwards: NDArray[np.int64]
    """(R,) rows in the order of each series read from its end; of these, the same gives the rows again."""
    ahead: OneWay
    back: OneWay

    @classmethod
    def of(cls, panel: Panel, seasons: Sequence[int]) -> BothWays:
        """Forecast each value from the values as they are."""
        first, end = (np.repeat(edge, np.diff(panel.offsets)) for edge in (panel.offsets[:-1], panel.offsets[1:]))
        backwards, least = first + end - 1 - np.arange(panel.offsets[-1]), least_spread(panel)
        ahead = OneWay.of(panel, seasons, least)
        back = OneWay.of(reversed_in_time(panel), seasons, least[backwards])
        return cls(panel, min(seasons, default=1), least, backwards, ahead, back)

    def after(self, unlikely: Flags, suspects: Flags) -> BothWays:
        """Forecast again after values (R,) turned out `unlikely`, and others to be `suspects` (R,)."""
        ahead = self.ahead.after(unlikely, suspects)
        return replace(self, ahead=ahead, back=self.back.after(unlikely[self.backwards], suspects[self.backwards]))

    def has_replaced_the_same(self, other: BothWays) -> bool:
        """Return whether the same values are replaced in both."""
        return all(
            np.array_equal(one.cleaned.found, two.cleaned.found)
            for one, two in ((self.ahead, other.ahead), (self.back, other.back))
        )

    def judged(self, usual: Flags) -> TwoJudgements:
        """Judge all values; what is usual is measured on those that are `usual` (R,). Raises TableError if there are
        too few."""
        values, grid, back = self.panel.values, self.ahead.grid, self.back.grid[self.backwards]
        row = np.arange(len(values)) - np.repeat(self.panel.offsets[:-1], np.diff(self.panel.offsets))
        warm = int(np.clip(2 * self.season, _WARM, _MOST_WARM))
        judged = (row >= warm) & ~np.isnan(values) & np.isfinite(grid).all(1)
        if judged.sum() < _FEWEST:
            raise TableError(
                f"{int(judged.sum()):,} values have enough before them to be judged, but it takes {_FEWEST} to say "
                "what is unusual: give a longer table"
            )
        two_sided = judged & (row[self.backwards] >= warm) & np.isfinite(back).all(1)
        errors = (distances(values, each, self.least)[two_sided & usual] for each in (grid, back))
        with np.errstate(over="ignore", invalid="ignore"):
            both = np.where(two_sided[:, None], combined(grid, back, _likeness(*errors)), grid)
        before, around = (
            Judgement.of(self.panel, each, self.least, judged, usual, self.season) for each in (grid, both)
        )
        return TwoJudgements(before, around, two_sided)


@dataclass(frozen=True)
class TwoJudgements:
    """What is usual for R values by what came before them, and by what lies on both sides."""

    before: Judgement
    around: Judgement
    two_sided: Flags
    """(R,) which values have enough after them for the second."""

    def chance(self, values: Floats) -> Floats:
        """Return (R,), the probability of values at least as far out.

        It is the geometric mean of those by both judgements, but at least a tenth of the larger, and no more than
        ten times that by what came before.
        """
        before = self.before.chance(values)
        around = np.where(self.two_sided, self.around.chance(values), before)
        least, most = np.maximum(before, around) / _USUAL, _BEYOND_DOUBT * before
        chance: Floats = np.minimum(np.maximum(np.sqrt(before * around), least), most)
        return chance

    def bounds(self, values: Floats, probability: float) -> tuple[Floats, Floats]:
        """Return the bounds of the interval outside of which values are anomalies, (R,) each."""
        reach = (
            np.abs(self.around.median - self.before.median)
            + self.before.reach(probability)
            + self.around.reach(probability)
        )
        ends = [self.before.median - reach, self.before.median + reach]
        lower, upper = (
            _crossing(lambda at: self.chance(at) >= probability, self.before.median, end, values) for end in ends
        )
        return lower, upper


def _crossing(is_likely: Callable[[Floats], Flags], inside: Floats, outside: Floats, values: Floats) -> Floats:
    """Return the last likely value (R,) from `inside` (R,) to `outside` (R,), with `values` (R,) on their own side."""
    with np.errstate(over="ignore", invalid="ignore"):
        this_side = (values - inside) * (outside - inside) > 0
        likely = is_likely(values)
        start, end = np.where(this_side & likely, values, inside), np.where(this_side & ~likely, values, outside)
        end = np.where(outside > inside, np.maximum(start, end), np.minimum(start, end))
        for _ in range(_HALVINGS):
            middle = start + (end - start) / 2
            likely = is_likely(middle)
            start, end = np.where(likely, middle, start), np.where(likely, end, middle)
    return start


def _likeness(ahead: Floats, back: Floats) -> float:
    """Return the correlation of the errors from both sides, (N,) each, in spreads."""
    if len(ahead) < _FEWEST:
        return LIKENESS["alike"]
    one, other = (np.clip(each, -_CLIPPED, _CLIPPED) for each in (ahead, back))
    size = np.sqrt((one**2).mean() * (other**2).mean())
    return float(np.clip((one * other).mean() / size, 0.0, _MOST_ALIKE)) if size > 0 else LIKENESS["alike"]
