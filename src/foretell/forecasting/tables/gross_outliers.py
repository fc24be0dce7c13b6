"""Values that cannot be right, such as a number whose decimal point is missing: they are read as missing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel

_TIMES = 100
"""How many times as far from the median as usual values it must lie; the largest promotions and storms lie nearer."""
_FEWEST = 30
"""Number of values that it takes to know the usual ones."""
_SHARE = 0.01
"""Maximum share of such values in a series. More of them belong to it."""
_FEWEST_AFTER = 3
"""Number of usual values that must follow: at the end, a new level looks the same."""
_SUSPECT = 8.0
"""Ratio of the range of a series to its mean absolute deviation above which it is looked at more closely; with such a
value it is at least 9, in most series without one less than 8."""
_SHOWN = 3


def without_gross_outliers(panel: Panel, sums: Collection[str] = ()) -> tuple[Panel, list[str]]:
    """Return the panel with gross outliers as missing values, and sentences that name them.

    A gross outlier lies at least 100 times as far from the median of its series as at least 99 % of the others do.
    Values that are not followed by usual ones stay, and the sentences say so. Series that are `sums` of others stay as
    they are.
    """
    wrong: list[int] = []
    last: list[int] = []
    for series in _suspects(panel):
        if panel.ids[series] in sums:
            continue
        start = int(panel.offsets[series])
        rows = _gross(panel.series(series))
        end = start + int(panel.history[series])
        for row in start + rows:
            usual = ~np.isnan(panel.values[row + 1 : end])
            usual[rows[start + rows > row] + start - row - 1] = False
            (wrong if usual.sum() >= _FEWEST_AFTER else last).append(int(row))
    sentences = []
    if wrong:
        values = panel.values.copy()
        values[wrong] = np.nan
        verb, them = ("value is", "it") if len(wrong) == 1 else ("values are", "them")
        sentences.append(
            f"{len(wrong):,} {verb} read as missing, {_TIMES} times as far from the median of the series as all usual "
            f"values: {_shown(panel, wrong)}; --keep-outliers (keep_outliers=True) keeps {them}."
        )
    if last:
        sentences.append(
            f"At the end of a series, {_shown(panel, last)} lies {_TIMES} times as far from the median as all usual "
            "values: correct it if it is wrong, since forecasts start from there."
        )
    return (replace(panel, values=values) if wrong else panel), sentences


def _suspects(panel: Panel) -> NDArray[np.int64]:
    """Return the series whose range is large beside their mean absolute deviation."""
    starts, rows = panel.offsets[:-1], np.diff(panel.offsets)
    some = np.flatnonzero(rows >= _FEWEST)
    if not len(some):
        return some
    seen = ~np.isnan(panel.values)
    owner = np.repeat(np.arange(len(panel)), rows)
    with np.errstate(all="ignore"):
        count = np.bincount(owner, seen, len(panel))
        share = np.where(seen, 1 / count[owner], 0.0)  # of each value in the mean, so that no sum overflows
        values = np.where(seen, panel.values, 0.0)
        mean = np.bincount(owner, share * values, len(panel))
        deviation = np.bincount(owner, share * np.abs(values - mean[owner]), len(panel))
        high, low = (bound.reduceat(panel.values, starts[some]) for bound in (np.fmax, np.fmin))
        return some[(count[some] >= _FEWEST) & ((high - low) > _SUSPECT * deviation[some])]


def _gross(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rows of the gross outliers among the values (T,) of one series."""
    rows = np.flatnonzero(~np.isnan(values))
    most = max(1, int(_SHARE * len(rows)))
    with np.errstate(over="ignore"):
        distance = np.abs(values[rows] - np.median(values[rows]))
    order = np.argsort(distance)
    ranked = distance[order]
    far = len(ranked) - most + np.flatnonzero(ranked[-most:] >= _TIMES * ranked[-most - 1 : -1])
    usual = ranked[: len(ranked) - most].max(initial=0.0)
    return np.sort(rows[order[far[0] :]]) if len(far) and usual > 0 else rows[:0]


def _shown(panel: Panel, rows: list[int]) -> str:
    shown = []
    for row in rows[:_SHOWN]:
        series = int(np.searchsorted(panel.offsets, row, side="right")) - 1
        time = panel.times(series, row - int(panel.offsets[series]) + 1)[-1]
        shown.append(f"{panel.values[row]:,g} at {panel.clock.show(time)} in {panel.ids[series]!r}")
    return ", ".join(shown) + (f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else "")
