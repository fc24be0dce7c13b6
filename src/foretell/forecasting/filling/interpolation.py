"""Interpolation between the values on both sides of a stretch: by a straight line, and from the seasons around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.filling.stretches import Stretches
from foretell.forecasting.panel import Panel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MORE_ROUNDS = 4
"""Seasons to go back or forward, beyond the length of the stretch, for a value in the same phase."""


def straight_line(panel: Panel, stretches: Stretches, horizon: int) -> Floats:
    """Return (G, `horizon`), the straight line from the value before each stretch to the one after it."""
    before, after = _edges(panel, stretches)
    return _between(before, after, stretches, np.arange(1, horizon + 1)[None])


def seasonal(panel: Panel, stretches: Stretches, horizon: int, season: int) -> Floats:
    """Return (G, `horizon`), between the nearest values of the same phase on both sides, weighted by distance.

    With a value on one side alone it is that value, and without any it is NaN.
    """
    return _of_phase(panel, stretches, np.arange(horizon)[None] + np.zeros((len(stretches), 1), np.int64), season)


def seasonal_line(panel: Panel, stretches: Stretches, horizon: int, season: int) -> Floats:
    """Return (G, `horizon`), the same plus the straight line between what the edges differ from it."""
    steps = np.concatenate(
        [np.full((len(stretches), 1), -1), np.tile(np.arange(horizon), (len(stretches), 1)), stretches.length[:, None]],
        axis=1,
    )
    pattern = _of_phase(panel, stretches, steps, season)
    before, after = _edges(panel, stretches)
    rest = (before - pattern[:, 0], after - pattern[:, -1])
    return pattern[:, 1:-1] + _between(*rest, stretches, np.arange(1, horizon + 1)[None])


def _edges(panel: Panel, stretches: Stretches) -> tuple[Floats, Floats]:
    first = panel.offsets[stretches.series] + stretches.first
    return panel.values[first - 1], panel.values[first + stretches.length]


def _between(before: Floats, after: Floats, stretches: Stretches, steps: Integers) -> Floats:
    share = np.minimum(steps / (stretches.length[:, None] + 1), 1.0)
    return np.asarray((1 - share) * before[:, None] + share * after[:, None])


def _of_phase(panel: Panel, stretches: Stretches, steps: Integers, season: int) -> Floats:
    """Return (G, S) for steps (G, S) that are counted from the first of each stretch."""
    first, length = stretches.first[:, None], stretches.length[:, None]
    row = first + steps
    rounds = -(-int(stretches.length.max()) // season) + _MORE_ROUNDS
    found = []
    for sign in (-1, 1):
        value, distance = np.full(row.shape, np.nan), np.ones(row.shape)
        for k in range(rounds, 0, -1):
            there = row + sign * k * season
            outside = (there >= 0) & (there < first) if sign < 0 else there >= first + length
            outside &= there < panel.history[stretches.series][:, None]
            at = np.where(outside, there, 0) + panel.offsets[stretches.series][:, None]
            seen = outside & ~np.isnan(panel.values[at])
            value, distance = np.where(seen, panel.values[at], value), np.where(seen, k, distance)
        found.append((value, distance))
    (before, back), (after, ahead) = found
    nearer = np.where(np.isnan(after), 0.0, np.where(np.isnan(before), 1.0, back / (back + ahead)))
    return np.asarray(np.where(nearer < 1, (1 - nearer) * before, 0.0) + np.where(nearer > 0, nearer * after, 0.0))
