"""Filling: what lay in each gap of a table's series, estimated from both sides, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from foretell.forecasting.arguments import season_lengths
from foretell.forecasting.blending.blend import Blend, chosen_blend
from foretell.forecasting.blending.calibration import calibrated, calibration_factors
from foretell.forecasting.filling.both_sides import INTERPOLATED, LIKENESS, BothSides
from foretell.forecasting.filling.stretches import Stretches, gaps_of, hidden_like
from foretell.forecasting.fitted_model import blended
from foretell.forecasting.nonnegative import is_non_negative, within_reach
from foretell.forecasting.panel import Panel, histories
from foretell.forecasting.prediction import actual_values
from foretell.forecasting.pretrained.shipped import shipped
from foretell.forecasting.quantiles import GRID, quantiles_of, read_off
from foretell.forecasting.seasons.detection import find_seasons
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.findings import Findings
from foretell.forecasting.tables.nixtla import quantile_columns
from foretell.forecasting.tables.reading import Reading
from foretell.forecasting.tables.regularise import CUT_OFF

Floats = NDArray[np.float64]

_HIDDEN = 192
"""Number of observed stretches of each length that are estimated as though they were gaps."""
_PRIOR = {**dict.fromkeys(LIKENESS, 1.0), **dict.fromkeys(INTERPOLATED, 0.3)}
_UNCHECKED = 1.2
"""Factor on distances from the median where nothing could be hidden to measure it."""
_CELLS = 1 << 20
"""Maximum number of steps estimated at once, to bound the memory of all estimates' quantiles."""
_FEWEST_WHOLE = 3


@dataclass(frozen=True)
class Filled:
    """A table without gaps."""

    table: Any
    """`unique_id`, `ds`, `y`, `filled`, then `y-lo-95`, `y-lo-80`, `y-hi-80`, `y-hi-95` and so on: a row for each step
    from the first to the last value of each series, in the type of the table read. Observed values are as they were;
    their intervals are missing values: empty in a file."""
    findings: Findings
    sentences: tuple[str, ...]
    """What was filled and what was not, in words."""
    gaps: FilledGaps = field(repr=False)
    """The same as arrays."""


@dataclass(frozen=True)
class FilledGaps:
    """A panel and the estimates of its missing values; R rows."""

    panel: Panel
    """The series as they were."""
    stretches: Stretches
    filled: NDArray[np.bool_]
    """(R,) which values were missing."""
    distribution: Floats
    """(R, 15), quantiles of `GRID`; NaN where a value was observed."""
    values: Floats
    """(R,) observed or estimated."""
    levels: tuple[int, ...]
    """Levels of the intervals in percent."""

    @cached_property
    def bounds(self) -> Floats:
        """(R, Q) the median and the bounds of the intervals, ascending, with what was filled among them; NaN where a
        value was observed."""
        found = read_off(self.distribution, quantiles_of(self.levels))
        middle, value = found.shape[1] // 2, self.values
        found[:, middle] = np.where(self.filled, value, np.nan)
        found[:, :middle] = np.minimum(found[:, :middle], value[:, None])
        found[:, middle:] = np.maximum(found[:, middle:], value[:, None])
        return found

    @cached_property
    def listed(self) -> list[dict[str, Any]]:
        """The series of each gap, the times of its first and last steps as text, and the number of its steps."""
        show, panel = self.panel.clock.show, self.panel
        found = []
        times: NDArray[Any] = np.empty(0)
        before = -1
        for i, first, length in self.stretches.listed():
            if i != before:
                times, before = panel.times(i, int(panel.history[i])), i
            ends = {"first": show(times[first]), "last": show(times[first + length - 1])}
            found.append({"unique_id": panel.ids[i], **ends, "steps": length})
        return found


def fill(
    table: IntoFrame,
    *,
    levels: int | Sequence[int] = (80, 95),
    non_negative: bool | None = None,
    columns: Columns = Columns(),  # noqa: B008 (frozen)
    season: int | tuple[int, ...] | None = None,
) -> Filled:
    """Fill the gaps of a table's series: missing values, and steps without a row, between the first value and the last.

    The pretrained network forecasts each gap from before it and, read backwards, from after it; the two are combined by
    their expected errors. How this compares with interpolation, and how wide the intervals must be, is measured on
    observed stretches of the same lengths. Series that are never negative stay so, unless `non_negative` says
    otherwise, and those of whole numbers are filled with whole numbers. Raises TableError for an invalid table,
    SettingsError for invalid levels or seasons.
    """
    asked = (levels,) if isinstance(levels, int) else tuple(levels)
    quantiles_of(asked)
    reading = Reading.of(table, replace(columns, keep_outliers=True), keep_empty=False)
    panel = histories(reading.panel)
    seasons = find_seasons(
        panel, panel.history, panel.frequency.seasons, None if season is None else season_lengths(season)
    )
    never_negative = is_non_negative(panel, panel.history, non_negative)
    gaps = _filled(panel, seasons.lengths, never_negative, tuple(sorted(asked)))
    bounds = quantile_columns("y", asked, gaps.bounds)
    del bounds["y"]
    found = reading.kind.forecast_table(
        np.repeat(np.array(panel.ids, dtype=object), panel.history).tolist(),
        1,
        {"ds": np.concatenate([panel.times(i, int(rows)) for i, rows in enumerate(panel.history)])[:, None]},
        {"y": gaps.values, "filled": gaps.filled, **bounds},
        panel.clock,
    )
    notes = [note for note in reading.findings.notes if not note.startswith(CUT_OFF)]
    findings = replace(reading.findings, seasons=seasons, filled=True, notes=notes)
    return Filled(found, findings, tuple(_sentences(gaps, findings)), gaps)


def _filled(panel: Panel, seasons: tuple[int, ...], never_negative: bool | None, levels: tuple[int, ...]) -> FilledGaps:
    gaps = gaps_of(panel)
    sides = BothSides.of(panel, shipped(), seasons)
    missing = np.isnan(panel.values)
    distribution = np.full((len(panel.values), len(GRID)), np.nan)
    # Gaps whose lengths differ by less than a factor of two are estimated alike.
    size = np.frexp(gaps.length)[1]
    for each in np.unique(size):
        alike = gaps.take(np.flatnonzero(size == each))
        horizon = int(alike.length.max())
        method = _Method.measured(sides, hidden_like(alike, panel, min(_HIDDEN, max(1, _CELLS // horizon))), horizon)
        at_once = max(1, _CELLS // horizon)
        for start in range(0, len(alike), at_once):
            part = alike.take(np.arange(start, min(start + at_once, len(alike))))
            inside = part.steps(horizon)
            rows = (panel.offsets[part.series] + part.first)[:, None] + np.arange(horizon)
            distribution[rows[inside]] = method.quantiles(sides, part, horizon)[inside]
    values = panel.values.copy()
    for i in np.unique(gaps.series):
        own = slice(panel.offsets[i], panel.offsets[i + 1])
        holes = np.flatnonzero(missing[own]) + own.start
        seen = panel.values[own][~missing[own]]
        grid = within_reach(distribution[None, holes], [seen], never_negative)[0]
        median = read_off(grid, (0.5,))[:, 0]
        distribution[holes] = grid
        values[holes] = np.rint(median) if _are_whole(seen) else median
    return FilledGaps(panel, gaps, missing, distribution, values, levels)


@dataclass(frozen=True)
class _Method:
    """How gaps of about one length are estimated."""

    blend: Blend
    factors: Floats
    """(3, 15), see `calibrated`; the three parts are alike."""

    @classmethod
    def measured(cls, sides: BothSides, hidden: Stretches, horizon: int) -> _Method:
        """Choose the weights of the estimates, and the widths of intervals, on stretches whose values are known."""
        if not len(hidden):
            total = sum(_PRIOR[name] for name in sides.names)
            shares = {name: _PRIOR[name] / total for name in sides.names}
            return cls(Blend(shares, {}, None, 0), np.full((3, len(GRID)), _UNCHECKED))
        panel = sides.forwards.panel
        estimates = sides.estimates(hidden, horizon)
        actual = actual_values(panel, hidden.series, hidden.first, horizon)
        actual = np.where(hidden.steps(horizon), actual, np.nan)
        scale = _usual_changes(panel)[hidden.series]
        blend = chosen_blend(estimates, actual, scale, _PRIOR, (), len(hidden))
        mixed = blended(estimates, blend)
        known = ~np.isnan(actual) & np.isfinite(mixed).all(-1)
        if not known.any():
            return cls(blend, np.full((3, len(GRID)), _UNCHECKED))
        # Stretches at random times share no period.
        factors = calibration_factors(GRID, mixed[known][:, None], actual[known][:, None], len(hidden), together=np.inf)
        return cls(blend, np.tile(factors[:1], (3, 1)))

    def quantiles(self, sides: BothSides, stretches: Stretches, horizon: int) -> Floats:
        """Return (G, `horizon`, 15); those past the end of a stretch mean nothing."""
        with np.errstate(over="ignore", invalid="ignore"):
            return calibrated(blended(sides.estimates(stretches, horizon), self.blend), self.factors)


def _usual_changes(panel: Panel) -> Floats:
    """Return (N,), the mean absolute change of each series from a value to the next."""
    found = np.zeros(len(panel))
    for i in range(len(panel)):
        seen = panel.series(i)[~np.isnan(panel.series(i))]
        found[i] = np.abs(np.diff(seen)).mean() if len(seen) > 1 else 0.0
    return found


def _are_whole(seen: Floats) -> bool:
    return len(seen) >= _FEWEST_WHOLE and bool((seen == np.rint(seen)).all())


def _sentences(gaps: FilledGaps, findings: Findings) -> list[str]:
    stretches = gaps.stretches
    lines = []
    if not len(stretches):
        lines.append("No value is missing between the first and the last one of any series: nothing was filled.")
    else:
        total = int(stretches.length.sum())
        longest = max(gaps.listed, key=lambda gap: int(gap["steps"]))
        where = f" in series {longest['unique_id']!r}" if len(gaps.panel) > 1 else ""
        were = "was" if total == 1 else "were"
        lines.append(
            f"{_counted(total, 'value')} in {_counted(len(stretches), 'gap')} {were} filled; the longest gap has "
            f"{_counted(longest['steps'], 'step')}, from {longest['first']} to {longest['last']}{where}."
        )
    for steps, side in ((findings.before, "before the first value"), (findings.after, "after the last value")):
        if steps:
            lines.append(
                f"{_counted(steps, 'step')} {side} of a series {'is' if steps == 1 else 'are'} left out: a gap is "
                "filled from both sides."
            )
    return lines


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
