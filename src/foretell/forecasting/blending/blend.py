"""Blending: the weights of several forecasters, chosen by their losses on held-out windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.quantiles import GRID, MEDIAN

Floats = NDArray[np.float64]

_OF_THE_MEDIAN = 0.5
_MOST_VALUES = 20_000
_DOUBT = 2.0
"""Number of windows after which a forecaster with twice the best loss has its prior weight divided by e."""
_FAINT = 0.02
"""Prior weight of a forecaster that has none, so that held-out data can still select it."""
_ALWAYS = 0.06
"""Weight of the divergence from the prior that remains however many windows there are, since these are correlated."""
_ROUNDS = 100
_TINY = 1e-12
_STEP = 0.3
_LONGER = 1.5
_MOST = 5.0
_SHORTEST = 1e-3
_FARTHEST = 1e100
"""Limit, in typical changes; values or forecasts beyond it are left out, so that losses stay finite."""
_LEAST = 0.01
"""Smaller weights are set to zero."""


@dataclass(frozen=True)
class Blend:
    """Weights of the forecasters in the forecast, and the losses they are based on."""

    shares: Mapping[str, float]
    """Forecaster -> weight; all are above 0 and they sum to 1."""
    losses: Mapping[str, float]
    """Forecaster -> its loss on the held-out windows; empty where there were none."""
    loss: float | None
    """Loss of the blend; None where no windows were held out."""
    windows: float
    """Number of held-out windows that count as independent."""

    def sentence(self) -> str:
        """Sentence that says what was chosen and why."""
        parts = [f"{100 * share:.0f} % {name.replace('_', ' ')}" for name, share in self._by_share()]
        chosen = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        if self.loss is None:
            return f"The forecast is {chosen}: no data could be held out to compare the forecasters."
        alone = ", ".join(f"{name.replace('_', ' ')} {loss:.3f}" for name, loss in self._by_loss())
        return f"The forecast is {chosen}, by its loss on held-out data: {self.loss:.3f}; alone: {alone}."

    def summary(self) -> dict[str, Any]:
        """Return the weights and the losses that they are based on, for JSON."""
        return {
            "shares": dict(self.shares),
            "losses": dict(self.losses),
            "loss": self.loss,
            "windows": self.windows,
        }

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
    windows: float,
) -> Blend:
    """Choose the weights of several forecasters by their quantile loss on B held-out windows.

    `forecasts` are quantiles (B, H, 15) by name, `actual` (B, H) are the actual values, NaN where missing, and `scale`
    (B,) is the size of a typical change in each window's series. The weights w solve the convex problem of minimising

        loss(w) / loss(best alone) + (doubt / windows + constant) * KL(w || prior)

    where `windows` is the number of independent windows: the fewer there are, the closer the weights stay to the
    `prior` (a Gibbs posterior; Zhang, 2006). If the result is worse than the best of the `simple` forecasters by
    more than a share of 1 / windows, which is no more than chance, the weights with the lowest loss are used instead,
    or, if these are worse too, that forecaster alone.
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
    # A single outlier among thousands of values must not decide.
    limit = np.quantile(np.abs(given[:, MEDIAN] - came[:, None]).min(-1), 0.995) * 3 + 1e-12
    weight = np.minimum(1.0, limit / np.maximum(np.abs(given[:, MEDIAN] - came[:, None]).min(-1), limit))
    held = _Held(given, came, weight)
    alone = np.eye(len(names))
    losses = {name: held.loss(alone[k]) for k, name in enumerate(names)}
    safest = min((name for name in names if name in simple), key=losses.__getitem__, default=None)
    highest = np.inf if safest is None else losses[safest] * (1 + 1 / max(windows, 1.0))
    faint = np.where(believed > 0, believed, _FAINT)
    pull = _DOUBT / windows + _ALWAYS if windows else np.inf
    choices = [held.best(faint / faint.sum(), pull), held.best(np.full(len(names), 1 / len(names)), 0.0)]
    if safest is not None:
        choices.append(alone[names.index(safest)])
    # The last candidate is the simple forecaster itself, so that one of them always qualifies.
    shares, loss = next(
        (shares, loss) for shares in map(_without_crumbs, choices) if (loss := held.loss(shares)) <= highest
    )
    return Blend(_kept(names, shares), losses, loss, windows)


def _without_crumbs(shares: Floats) -> Floats:
    shares = np.where(shares < _LEAST, 0.0, shares)
    return np.asarray(shares / shares.sum())


def _kept(names: list[str], shares: Floats) -> dict[str, float]:
    return {name: float(share) for name, share in zip(names, shares, strict=True) if share > 0}


@dataclass(frozen=True)
class _Held:
    """Forecasts of N held-out values by K forecasters, and the losses of their mixtures."""

    given: Floats
    """(N, 15, K)"""
    came: Floats
    """(N,)"""
    weight: Floats
    """(N,)"""

    def loss(self, shares: Floats) -> float:
        """Return the mean quantile loss of the mixture."""
        error = self.came[:, None] - self.given @ shares
        losses = np.maximum(np.array(GRID) * error, (np.array(GRID) - 1) * error) * _emphasis()
        return float((losses.sum(1) * self.weight).sum() / self.weight.sum())

    def best(self, prior: Floats, pull: float) -> Floats:
        """Minimise loss plus divergence from the prior over weights (K,), by exponentiated gradients (Kivinen and
        Warmuth, 1997): a step that does not lower the sum is tried again at half its length."""
        if not np.isfinite(pull):
            return prior
        unit = min(self.loss(alone) for alone in np.eye(len(prior))) or 1.0

        def cost(shares: Floats) -> float:
            positive = np.maximum(shares, _TINY)
            return self.loss(shares) / unit + pull * float(shares @ np.log(positive / prior))

        shares, length = 0.5 * prior + 0.5 / len(prior), _STEP
        lowest, slope = cost(shares), self._slope(shares) / unit + pull * np.log(shares / prior)
        for _ in range(_ROUNDS):
            relative = slope - shares @ slope
            # Scaled by the slopes of those that have weight: a hopeless one must not slow the choice among the others.
            relative = relative / (shares @ np.abs(relative) + 1e-12)
            tried = np.maximum(shares * np.exp(-np.clip(length * relative, -_MOST, _MOST)), _TINY)
            tried = tried / tried.sum()
            found = cost(tried)
            if found < lowest:
                shares, lowest, length = tried, found, _LONGER * length
                slope = self._slope(shares) / unit + pull * np.log(shares / prior)
            else:
                length = length / 2
                if length < _SHORTEST:
                    break
        return np.asarray(shares)

    def _slope(self, shares: Floats) -> Floats:
        error = self.came[:, None] - self.given @ shares
        per_quantile = np.where(error >= 0, np.array(GRID), np.array(GRID) - 1) * _emphasis() * self.weight[:, None]
        return np.asarray(-np.einsum("nq,nqk->k", per_quantile, self.given) / len(self.came))


def _emphasis() -> Floats:
    """Return (15,), the weight of each quantile's loss: twice the mean over all, plus half the median's loss."""
    emphasis = np.full(len(GRID), 2 / len(GRID))
    emphasis[MEDIAN] += 2 * _OF_THE_MEDIAN
    return emphasis
