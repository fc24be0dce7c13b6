"""How much of what the others' past adds is used: as much as lowers the loss on held-out windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.blending.calibration import parts_of
from foretell.forecasting.multivariate.others_past import OthersPast
from foretell.forecasting.networks.fitted_network import Stage
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SHARES = (0.25, 0.5, 0.75, 1.0)
_CHANCE = 0.5
"""A loss that is lower by no more than this share of itself, divided by the number of windows, is so by chance."""
_LEAST = 0.003
"""Share of the loss that the others' past must save however many windows there are."""


@dataclass(frozen=True)
class Correction:
    """What the past of the other series adds to a forecast."""

    past: Mapping[Stage, OthersPast]
    shares: tuple[float, ...] = ()
    """Share of it that is used at each step ahead; none beyond these steps."""
    loss: float | None = None
    """Loss on the held-out windows with it; None where there were none."""
    loss_without: float | None = None

    @property
    def used(self) -> bool:
        """Whether any of it is used."""
        return any(self.shares)

    @property
    def sentence(self) -> str:
        """A sentence that says what it brought."""
        if self.loss is None or self.loss_without is None:
            return "The past of the other series is not used: no data could be held out to see whether it helps."
        if not self.used:
            return "The past of the other series is not used: it does not lower the loss on held-out data."
        change = f"{self.loss_without:.3f} to {self.loss:.3f}"
        return f"The past of the other series is used: it lowers the loss on held-out data from {change}."

    def added(self, panel: Panel, series: Integers, cutoffs: Integers, horizon: int, stage: Stage) -> Floats:
        """Return (B, `horizon`), what is added after row `cutoffs` (B,) of `series` (B,)."""
        shares = np.zeros(horizon)
        shares[: len(self.shares)] = self.shares[:horizon]
        if not shares.any():
            return np.zeros((len(series), horizon))
        return self.past[stage].correction(panel, series, cutoffs, horizon) * shares

    def delayed(self, steps: int) -> Correction:
        """Return the same with factors that are `steps` steps out of date."""
        return replace(self, past={stage: replace(past, delay=steps) for stage, past in self.past.items()})

    def chosen(
        self,
        panel: Panel,
        series: Integers,
        cutoffs: Integers,
        quantiles: Floats,
        actual: Floats,
        scale: Floats,
        windows: float,
    ) -> Correction:
        """Choose the shares for the near, middle and far part of the horizon by B held-out windows.

        `quantiles` (B, H, 15) were forecast without it, `actual` (B, H) came, NaN where missing, and `scale` (B,) is
        the size of a usual change. A share other than 0 must lower the loss by more than chance could, given the number
        of `windows` that are independent.
        """
        horizon = quantiles.shape[1]
        complete = self.past["held_out"].correction(panel, series, cutoffs, horizon)
        usable = (scale > 0) & np.isfinite(quantiles).all((1, 2))
        if not usable.any() or not (~np.isnan(actual[usable])).any():
            return replace(self, shares=(), loss=None, loss_without=None)
        unit = scale[usable, None]
        off = (actual - quantiles[..., len(GRID) // 2])[usable] / unit
        apart = (quantiles - quantiles[..., len(GRID) // 2, None])[usable] / unit[..., None]
        added = complete[usable] / unit
        none, some = _losses(off, apart), [_losses(off - share * added, apart) for share in _SHARES]
        parts, shares, left = parts_of(horizon), np.zeros(horizon), none.copy()
        for part in np.unique(parts):
            at = parts == part
            best = int(np.argmin([np.nanmean(losses[:, at]) for losses in some]))
            if _better(none[:, at], some[best][:, at], windows):
                shares[at], left[:, at] = _SHARES[best], some[best][:, at]
        reach = self.past["held_out"].effect.shape[2]
        return replace(
            self,
            shares=tuple(shares[:reach].tolist()) if shares.any() else (),
            loss=float(np.nanmean(left)),
            loss_without=float(np.nanmean(none)),
        )


def _losses(off: Floats, apart: Floats) -> Floats:
    """Return the mean quantile loss (B, H) of quantiles `apart` (B, H, 15) from medians that are `off` (B, H)."""
    total = np.zeros(off.shape)
    for k, p in enumerate(GRID):
        error = off - apart[..., k]
        total += np.maximum(p * error, (p - 1) * error)
    return 2 * total / len(GRID)


def _better(before: Floats, after: Floats, windows: float) -> bool:
    """Return whether losses (B, H) have become lower by more than chance."""
    known = ~np.isnan(before).all(1)
    if not known.any():
        return False
    gains = np.nanmean(before[known] - after[known], axis=1)
    count = max(1.0, min(windows, float(len(gains))))
    gain, error = float(gains.mean()), float(gains.std()) / np.sqrt(count)
    return bool(gain > max(error, max(_LEAST, _CHANCE / count) * float(np.nanmean(before))))
