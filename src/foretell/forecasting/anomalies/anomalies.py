"""Anomalies: values that lie outside of what everything before them made likely."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError
from foretell.forecasting.anomalies.calm_and_wild import relative_spread
from foretell.forecasting.anomalies.cleaned_past import CleanedPast
from foretell.forecasting.anomalies.one_step import one_step_quantiles
from foretell.forecasting.panel import Panel
from foretell.forecasting.pretrained.shipped import shipped
from foretell.forecasting.quantiles import GRID, MEDIAN
from foretell.forecasting.seasons.detection import find_seasons
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.findings import Findings
from foretell.forecasting.tables.reading import Reading

Floats = NDArray[np.float64]

PROBABILITY = 0.002
"""Values that are less likely than this are anomalies: one in five hundred, by chance."""
_WARM = 16
"""Number of values of a series before the first that is judged, at least; or two seasons, if these are few steps."""
_MOST_WARM = 64
_FEWEST = 30
_PASSES = 5
_SUSPECT = 0.05
"""Values less likely than this may be anomalies, as far as the value after them is concerned."""
_LEAST_BODY = 0.05
"""Least of the first of these distances: where most values are exactly as expected, not all others are anomalies."""
_OF_ROUNDING = 12**-0.5
"""Standard deviation of what rounding to whole steps takes away, in steps."""
_LEAST_RATIO = 1.45
"""Least ratio of these distances, a little below that of a normal distribution: anomalies must not seem usual."""
_LOW, _HIGH = GRID.index(0.1), GRID.index(0.9)
_SPREADS = 1.2815515655446004
"""Distance of these quantiles of a normal distribution from its median, in standard deviations."""
_BODY, _TAIL = 0.2, 0.05
"""Shares of the values that are farther out than the two distances from which the tail is continued."""


@dataclass(frozen=True)
class Anomalies:
    """What was found unlikely in a table."""

    table: Any
    """`unique_id`, `ds`, `y`, `expected`, `lower`, `upper`, `probability`, `size`: a row for each anomaly, in the type
    of the table read. `size` is the distance from what was expected, in spreads (standard deviations), with its sign.
    """
    judged: int
    """Number of values that were judged."""
    findings: Findings
    scores: OneStepScores = field(repr=False)
    """The same for every value, as arrays."""

    @property
    def sentence(self) -> str:
        """A sentence that says how many there are."""
        found = int(self.scores.unlikely.sum())
        rare = f"less likely than {self.scores.probability:g}"
        return f"{found:,} of {self.judged:,} values {'is' if found == 1 else 'are'} {rare}, given all before them."


@dataclass(frozen=True)
class OneStepScores:
    """Every value of a panel beside its one-step forecast; R rows, NaN where nothing was judged."""

    panel: Panel
    probability: float
    expected: Floats
    """(R,) the median."""
    lower: Floats
    upper: Floats
    """(R,) bounds of the interval outside of which values are anomalies."""
    chance: Floats
    """(R,) probability of a value at least as far out."""
    size: Floats
    """(R,) distance from the median in spreads, with its sign."""

    @property
    def unlikely(self) -> NDArray[np.bool_]:
        """(R,) which values are anomalies."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.chance < self.probability)


def find_anomalies(
    table: IntoFrame,
    *,
    probability: float = PROBABILITY,
    columns: Columns = Columns(),  # noqa: B008 (frozen)
    season: int | tuple[int, ...] | None = None,
) -> Anomalies:
    """Find the values of a table that are less likely than `probability`, given everything before them in their series.

    The pretrained network forecasts each value from those before it. How far values usually lie outside is measured on
    the table itself, without labels, by series, phase of the season and how wild the time is. In the past of the values
    after it an anomaly is replaced by what was expected, unless several in a row are a new level. Raises TableError for
    a table that is invalid or too short, SettingsError for a probability outside of (0, 0.1].
    """
    if isinstance(probability, bool) or not isinstance(probability, float | int) or not 0 < probability <= 0.1:
        raise SettingsError(f"probability is {probability!r}: it must be above 0 and at most 0.1")
    reading = Reading.of(table, replace(columns, keep_outliers=True))
    panel = reading.observed
    asked = (season,) if isinstance(season, int) else season
    seasons = find_seasons(panel, panel.history, panel.frequency.seasons, asked)
    scores = _scored(panel, seasons.lengths, float(probability))
    at = np.flatnonzero(scores.unlikely)
    owner = np.searchsorted(panel.offsets, at, side="right") - 1
    times = [panel.times(int(i), int(row - panel.offsets[i]) + 1)[-1:] for i, row in zip(owner, at, strict=True)]
    nothing = panel.times(0, 1)[:0]
    found = reading.kind.forecast_table(
        [panel.ids[i] for i in owner],
        1,
        {"ds": np.concatenate([nothing, *times])[:, None]},
        {
            "y": panel.values[at],
            "expected": scores.expected[at],
            "lower": scores.lower[at],
            "upper": scores.upper[at],
            "probability": scores.chance[at],
            "size": scores.size[at],
        },
        panel.clock,
    )
    findings = replace(reading.findings, seasons=seasons)
    return Anomalies(found, int((~np.isnan(scores.chance)).sum()), findings, scores)


def _scored(panel: Panel, seasons: tuple[int, ...], probability: float) -> OneStepScores:
    row = np.arange(panel.offsets[-1]) - np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
    season, least = min(seasons, default=1), _least_spread(panel)
    warm = row >= int(np.clip(2 * season, _WARM, _MOST_WARM))

    def forecast_from(past: Floats) -> Floats:
        return one_step_quantiles(shipped(), replace(panel, values=past), seasons)

    as_it_is = grid = forecast_from(panel.values)
    cleaned, usual = CleanedPast.of(panel, seasons), np.ones(len(row), dtype=bool)
    scores = _judged(panel, grid, least, warm, usual, probability, season)
    for _ in range(_PASSES):
        before, cleaned = cleaned, cleaned.after(scores.unlikely, scores.expected)
        # In the past of the values after it stands what was expected: a gap would spoil more of them.
        grid = forecast_from(cleaned.values())
        # The value after one that is odd is forecast with that value in its past, too, and without it: the first in
        # case it began a new level, the second in case it was an anomaly though none beyond doubt.
        suspects = np.nan_to_num(scores.chance, nan=1.0) < _SUSPECT
        without = forecast_from(cleaned.values_without(suspects, scores.expected))
        for other, odd in ((as_it_is, scores.unlikely), (without, suspects)):
            nearer = np.abs(_distance(panel.values, other, least)) < np.abs(_distance(panel.values, grid, least))
            grid = np.where((nearer & cleaned.follows(odd, (1,)))[:, None], other, grid)
        scores = _judged(panel, grid, least, warm, ~scores.unlikely, probability, season)
        if np.array_equal(before.found, cleaned.found):
            break
    return scores


def _sides(grid: Floats, least: Floats) -> tuple[Floats, Floats]:
    """Return how far values usually lie above and below their medians, (R,) each, by quantiles (R, 15)."""
    median = grid[:, MEDIAN]
    # A series that never changes, or a sparse one, has quantiles that coincide.
    above, below = (np.maximum(d / _SPREADS, least) for d in (grid[:, _HIGH] - median, median - grid[:, _LOW]))
    return above, below


def _distance(values: Floats, grid: Floats, least: Floats) -> Floats:
    """Return (R,), how far values lie from their medians, in forecast spreads."""
    above, below = _sides(grid, least)
    with np.errstate(over="ignore", invalid="ignore"):
        distance: Floats = (values - grid[:, MEDIAN]) / np.where(values >= grid[:, MEDIAN], above, below)
    return distance


def _judged(
    panel: Panel,
    grid: Floats,
    least: Floats,
    warm: NDArray[np.bool_],
    usual: NDArray[np.bool_],
    probability: float,
    season: int,
) -> OneStepScores:
    """Judge the rows that are `warm` (R,); what is normal is measured on those that are `usual` (R,)."""
    values, median = panel.values, grid[:, MEDIAN]
    judged = warm & ~np.isnan(values) & np.isfinite(grid).all(1)
    if judged.sum() < _FEWEST:
        raise TableError(
            f"{int(judged.sum()):,} values have enough before them to be judged, but it takes {_FEWEST} to say what is "
            "unusual: give a longer table"
        )
    above, below = _sides(grid, least)
    distance = _distance(values, grid, least)
    wild = relative_spread(np.where(judged, distance, np.nan), usual, panel.offsets, season)
    distance, above, below = distance / wild, above * wild, below * wild
    tail = _Tail.of(np.abs(distance[judged & usual]))
    unit = tail.body / _SPREADS
    reach = tail.distance(probability)
    chance = tail.share_beyond(np.abs(distance))
    out = np.full(len(values), np.nan)
    columns = (median, median - reach * below, median + reach * above, chance, distance / unit)
    return OneStepScores(panel, probability, *(np.where(judged, column, out) for column in columns))


@dataclass(frozen=True)
class _Tail:
    """How often values lie how far from their medians, in units of their spread as it was forecast.

    The probability of more than d is exp(-a d^k), by the distances that a fifth and a twentieth of the values exceed: k
    is about 1.5 for a normal distribution, and 1 for one with heavy tails.
    """

    body: float
    far: float

    @classmethod
    def of(cls, distances: Floats) -> _Tail:
        body, far = (float(np.quantile(distances, 1 - share)) for share in (_BODY, _TAIL))
        body = max(body, _LEAST_BODY)
        return cls(body, max(far, _LEAST_RATIO * body))

    @property
    def _power(self) -> float:
        return float(np.log(np.log(_TAIL) / np.log(_BODY)) / np.log(self.far / self.body))

    def share_beyond(self, distance: Floats) -> Floats:
        """Return the probability of a distance of at least so much."""
        with np.errstate(over="ignore"):
            share: Floats = np.exp(np.log(_TAIL) * (distance / self.far) ** self._power)
        return share

    def distance(self, share: float) -> float:
        """Return the distance that this share of the values exceed."""
        return float(self.far * (np.log(share) / np.log(_TAIL)) ** (1 / self._power))


def _least_spread(panel: Panel) -> Floats:
    """Return (R,), a hundredth of a series' mean absolute change, what rounding alone does to it, or a trifle of its
    size."""
    least = []
    for i in range(len(panel)):
        seen = panel.series(i)[~np.isnan(panel.series(i))]
        change = float(np.abs(np.diff(seen)).mean()) if len(seen) > 1 else 0.0
        apart = np.diff(np.unique(seen))
        rounding = _OF_ROUNDING * float(apart.min()) if len(apart) else 0.0
        least.append(max(0.01 * change, rounding, 1e-9 * float(np.abs(seen).max(initial=0.0)), np.finfo(float).tiny))
    return np.repeat(least, np.diff(panel.offsets))
