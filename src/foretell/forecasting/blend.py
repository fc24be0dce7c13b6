"""How much of the forecast comes from which of several forecasters, chosen by how they did on held-out windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.quantiles import GRID, MEDIAN

Floats = NDArray[np.float64]

_OF_THE_MEDIAN = 0.5
_MOST_VALUES = 20_000
DOUBT = 20.0
"""Windows after which what was measured counts as much as the belief that was there before."""
_TOGETHER = 200
"""Any number of windows counts for less than this many, since series share their fate."""
_ROUNDS = 100
_STEP = 0.3
_LONGER = 1.5
_MOST = 5.0
_SHORTEST = 1e-3
_FARTHEST = 1e100
"""In typical changes: what lies further out is beyond all reckoning."""
_LEAST = 0.01
"""A smaller share is none."""


@dataclass(frozen=True)
class Blend:
    """Shares of the forecast, and what they rest on."""

    shares: Mapping[str, float]
    """Forecaster -> share; all above 0, 1 in sum."""
    losses: Mapping[str, float]
    """Forecaster -> its loss on the held-out windows; empty where there were none."""
    loss: float | None
    """That of the blend."""
    windows: int
    """Held-out windows that do not overlap."""

    def sentence(self) -> str:
        """What was chosen and why, in one line."""
        parts = [f"{100 * share:.0f} % {name.replace('_', ' ')}" for name, share in self._by_share()]
        chosen = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        if self.loss is None:
            return f"The forecast is {chosen}: nothing could be held out to choose by."
        alone = ", ".join(f"{name.replace('_', ' ')} {loss:.3f}" for name, loss in self._by_loss())
        return f"The forecast is {chosen}, by its loss on held-out data: {self.loss:.3f}; alone: {alone}."

    def _by_share(self) -> list[tuple[str, float]]:
        return sorted(self.shares.items(), key=lambda item: -item[1])

    def _by_loss(self) -> list[tuple[str, float]]:
        return sorted(self.losses.items(), key=lambda item: item[1])


def chosen_blend(
    forecasts: Mapping[str, Floats],
    actual: Floats,
    scale: Floats,
    prior: Mapping[str, float],
    simple: tuple[str, ...],
    windows: int,
    doubt: float = DOUBT,
) -> Blend:
    """The shares of several forecasters, by their quantile loss on B held-out windows.

    `forecasts` are quantiles (B, H, 15) by name, `actual` (B, H) what came, NaN where missing, `scale` (B,) the size of
    a typical change in each window's series. The shares with the least loss, a convex problem, are mixed with the
    `prior` ones, by `windows`, the number of windows that do not overlap: at `doubt` of them half and half. Where that
    were worse than the best of the `simple` forecasters, which nobody would accept, the shares are as measured.
    """
    names = list(forecasts)
    believed = np.array([prior.get(name, 0.0) for name in names])
    believed = believed / believed.sum()
    with np.errstate(over="ignore"):
        farthest = scale[:, None] * _FARTHEST
    usable = (np.abs(actual) < farthest) & (scale > 0)[:, None]
    for quantiles in forecasts.values():
        usable &= (np.abs(quantiles) < farthest[..., None]).all(-1)
    rows, steps = np.nonzero(usable)
    if not len(rows):
        return Blend(_kept(names, believed), {}, None, 0)
    if len(rows) > _MOST_VALUES:
        some = np.random.default_rng(0).choice(len(rows), _MOST_VALUES, replace=False)
        rows, steps = rows[some], steps[some]
    came = actual[rows, steps] / scale[rows]
    given = np.stack([forecasts[name][rows, steps] / scale[rows, None] for name in names], -1)
    # One wild value among thousands is not to decide.
    limit = np.quantile(np.abs(given[:, MEDIAN] - came[:, None]).min(-1), 0.995) * 3 + 1e-12
    weight = np.minimum(1.0, limit / np.maximum(np.abs(given[:, MEDIAN] - came[:, None]).min(-1), limit))
    best = _descended(given, came, weight, believed)
    apart = windows / (1 + windows / _TOGETHER)
    trust = apart / (apart + doubt)
    alone = np.eye(len(names))
    losses = {name: _loss(given, came, weight, alone[k]) for k, name in enumerate(names)}
    safest = min((name for name in names if name in simple), key=losses.__getitem__, default=None)
    floor = np.inf if safest is None else losses[safest]
    choices = [trust * best + (1 - trust) * believed, best, *([] if safest is None else [alone[names.index(safest)]])]
    # The last of them is the floor itself, so that one of them always does.
    shares, loss = next(
        (shares, loss)
        for shares in map(_without_crumbs, choices)
        if (loss := _loss(given, came, weight, shares)) <= floor
    )
    return Blend(_kept(names, shares), losses, loss, windows)


def _without_crumbs(shares: Floats) -> Floats:
    shares = np.where(shares < _LEAST, 0.0, shares)
    return np.asarray(shares / shares.sum())


def _kept(names: list[str], shares: Floats) -> dict[str, float]:
    return {name: float(share) for name, share in zip(names, shares, strict=True) if share > 0}


def _descended(given: Floats, came: Floats, weight: Floats, start: Floats) -> Floats:
    """The shares (K,) of least loss, by exponentiated gradients (Kivinen and Warmuth, 1997): a step that does not lower
    the loss is tried again at half its length."""
    shares = 0.5 * start + 0.5 / len(start)
    loss, slope, length = _loss(given, came, weight, shares), _slope(given, came, weight, shares), _STEP
    for _ in range(_ROUNDS):
        relative = slope - shares @ slope
        # By the slopes of those that have a share: a hopeless one is not to hold up the choice among the others.
        relative = relative / (shares @ np.abs(relative) + 1e-12)
        tried = shares * np.exp(-np.clip(length * relative, -_MOST, _MOST))
        tried = tried / tried.sum()
        found = _loss(given, came, weight, tried)
        if found < loss:
            shares, loss, slope, length = tried, found, _slope(given, came, weight, tried), _LONGER * length
        else:
            length = length / 2
            if length < _SHORTEST:
                break
    return np.asarray(shares)


def _slope(given: Floats, came: Floats, weight: Floats, shares: Floats) -> Floats:
    error = came[:, None] - given @ shares
    per_quantile = np.where(error >= 0, np.array(GRID), np.array(GRID) - 1) * _emphasis() * weight[:, None]
    return np.asarray(-np.einsum("nq,nqk->k", per_quantile, given) / len(came))


def _loss(given: Floats, came: Floats, weight: Floats, shares: Floats) -> float:
    error = came[:, None] - given @ shares
    losses = np.maximum(np.array(GRID) * error, (np.array(GRID) - 1) * error) * _emphasis()
    return float((losses.sum(1) * weight).sum() / weight.sum())


def _emphasis() -> Floats:
    """(15,): the weight of each quantile's loss: twice the mean over all, and half that of the median once more."""
    emphasis = np.full(len(GRID), 2 / len(GRID))
    emphasis[MEDIAN] += 2 * _OF_THE_MEDIAN
    return emphasis
