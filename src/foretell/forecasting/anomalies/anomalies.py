"""Anomalies: values that are unlikely beside those before and after them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.forecasting.anomalies.both_ways import BothWays
from foretell.forecasting.panel import Panel, histories
from foretell.forecasting.seasons.detection import find_seasons
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.findings import Findings
from foretell.forecasting.tables.reading import Reading

Floats = NDArray[np.float64]

PROBABILITY = 0.002
"""Values that are less likely than this are anomalies: one in five hundred, by chance."""
_PASSES = 5
_SUSPECT = 0.05
"""Values less likely than this may be anomalies, as far as the value after them, or before them, is concerned."""


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
        are = "is" if found == 1 else "are"
        return f"{found:,} of {self.judged:,} values {are} {rare}, given those before and after them."


@dataclass(frozen=True)
class OneStepScores:
    """Every value of a panel beside its one-step forecast; R rows, NaN where nothing was judged."""

    panel: Panel
    probability: float
    expected: Floats
    """(R,) the median."""
    lower: Floats
    upper: Floats
    """(R,) bounds of the interval outside of which values are anomalies, by what lies before and after them."""
    chance: Floats
    """(R,) probability of a value at least as far out, by what lies before and after it."""
    size: Floats
    """(R,) distance from that median in spreads, with its sign."""

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
    """Find the values of a table that are less likely than `probability`, given those before and after them.

    The pretrained network forecasts each value from those before it and, read backwards, from those after it; a value
    is judged by the first forecast and by both together, the last few of a series by the first alone. How far values
    usually lie outside is measured on the table itself, without labels, by series, phase of the season and how wild the
    time is. For the values around it an anomaly is replaced by what was expected, unless several in a row are a new
    level. Raises TableError for a table that is invalid or too short, SettingsError for a probability outside of
    (0, 0.1].
    """
    if isinstance(probability, bool) or not isinstance(probability, float | int) or not 0 < probability <= 0.1:
        raise SettingsError(f"probability is {probability!r}: it must be above 0 and at most 0.1")
    reading = Reading.of(table, replace(columns, keep_outliers=True))
    panel = histories(reading.observed)
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
    ways = BothWays.of(panel, seasons)
    judged = ways.judged(np.ones(len(panel.values), dtype=bool))
    for _ in range(_PASSES):
        chance = np.nan_to_num(judged.chance(panel.values), nan=1.0)
        # However many are asked for: what is usual is not measured without the many values that are only rather odd.
        unlikely, before = chance < min(probability, PROBABILITY), ways
        ways = ways.after(unlikely, chance < _SUSPECT)
        judged = ways.judged(~unlikely)
        if ways.has_replaced_the_same(before):
            break
    values = panel.values
    chance, (lower, upper) = judged.chance(values), judged.bounds(values, probability)
    return OneStepScores(
        panel, probability, judged.before.median, lower, upper, chance, size=judged.before.size(values)
    )
