"""How much is used of what a regression adds to a forecast: as much as lowers the loss on held-out windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.blending.calibration import parts_of
from foretell.forecasting.networks.fitted_network import Stage
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_PARTS = 3
SHARES = (0.25, 0.5, 0.75, 1.0)
"""Shares of what could be added to choose from, beside none."""
_CHANCE = 0.5
"""A loss that is lower by no more than this share of itself, divided by the number of windows, is so by chance."""
_LEAST = 0.003
"""Share of the loss that must be saved however many windows there are."""
_BELIEVED = 4.0
"""What is expected counts as so many times the windows held out, at most."""
_WORTH = 0.002
"""Share of the loss that must be saved where a gain is expected."""


class Source(Protocol):
    """A regression that adds something to forecasts."""

    @property
    def subject(self) -> str:
        """What is read, in words."""

    @property
    def steps(self) -> int:
        """Number of steps ahead that it reaches."""

    def correction(self, panel: Panel, series: Integers, cutoffs: Integers, horizon: int) -> Floats:
        """Return (B, `horizon`), what is added after row `cutoffs` (B,) of `series` (B,)."""


S = TypeVar("S", bound=Source)


@dataclass(frozen=True)
class Expected:
    """What is gained, as shares of the loss, in windows of the training part that a regression was not fitted to."""

    gains: tuple[tuple[float, ...], ...]
    """For the near, middle and far part of the horizon, by each of `SHARES` of what is added."""
    windows: float
    """Number of these windows that do not overlap."""

    def __post_init__(self) -> None:
        if len(self.gains) != _PARTS or any(len(each) != len(SHARES) for each in self.gains):
            raise ValueError(f"{_PARTS} parts of a horizon have {len(SHARES)} gains each: {self.gains}")
        if not np.isfinite([*self.gains, (self.windows,) * len(SHARES)]).all() or self.windows < 0:
            raise ValueError("gains must be finite")


@dataclass(frozen=True)
class Correction(Generic[S]):
    """What a regression adds to a forecast."""

    past: Mapping[Stage, S]
    shares: tuple[float, ...] = ()
    """Share of it that is used at each step ahead; none beyond these steps."""
    loss: float | None = None
    """Loss on the held-out windows with it; None where there were none."""
    loss_without: float | None = None
    expected: Expected | None = None
    """What it gains before it is tried on held-out windows; None if these decide alone."""

    @property
    def used(self) -> bool:
        """Whether any of it is used."""
        return any(self.shares)

    @property
    def sentence(self) -> str:
        """A sentence that says what it brought."""
        subject = self.past["held_out"].subject
        if self.loss is None or self.loss_without is None:
            if self.used:
                return f"{subject} is used: it lowers the error in the training part by cross-validation."
            return f"{subject} is not used: no data could be held out to see whether it helps."
        if not self.used:
            return f"{subject} is not used: it does not lower the loss on held-out data."
        change = f"{self.loss_without:.3f} to {self.loss:.3f}"
        if self.loss < self.loss_without:
            return f"{subject} is used: it lowers the loss on held-out data from {change}."
        return f"{subject} is used: it lowers the error in the training part, if not on held-out data ({change})."

    def added(self, panel: Panel, series: Integers, cutoffs: Integers, horizon: int, stage: Stage) -> Floats:
        """Return (B, `horizon`), what is added after row `cutoffs` (B,) of `series` (B,)."""
        shares = np.zeros(horizon)
        shares[: len(self.shares)] = self.shares[:horizon]
        if not shares.any():
            return np.zeros((len(series), horizon))
        return self.past[stage].correction(panel, series, cutoffs, horizon) * shares

    def chosen(
        self,
        panel: Panel,
        series: Integers,
        cutoffs: Integers,
        quantiles: Floats,
        actual: Floats,
        scale: Floats,
        windows: float,
    ) -> Correction[S]:
        """Choose the shares for the near, middle and far part of the horizon by B held-out windows.

        `quantiles` (B, H, 15) were forecast without it, `actual` (B, H) came, NaN where missing, and `scale` (B,) is
        the size of a usual change. A share other than 0 must lower the loss by more than chance could, given the number
        of `windows` that are independent; where gains are expected, they count together with those on the windows.
        """
        source, horizon = self.past["held_out"], quantiles.shape[1]
        parts, shares = parts_of(horizon), np.zeros(horizon)
        usable = (scale > 0) & np.isfinite(quantiles).all((1, 2))
        if not usable.any() or not (~np.isnan(actual[usable])).any():
            if self.expected is not None:
                shares = np.array([_expected_share(self.expected.gains[part]) for part in parts])
            return replace(self, shares=_reached(shares, source.steps), loss=None, loss_without=None)
        unit = scale[usable, None]
        off = (actual - quantiles[..., len(GRID) // 2])[usable] / unit
        apart = (quantiles - quantiles[..., len(GRID) // 2, None])[usable] / unit[..., None]
        added = source.correction(panel, series, cutoffs, horizon)[usable] / unit
        none, some = _losses(off, apart), [_losses(off - share * added, apart) for share in SHARES]
        left = none.copy()
        for part in np.unique(parts):
            at = parts == part
            losses = [each[:, at] for each in some]
            if self.expected is None:
                best = int(np.argmin([_mean(each) for each in losses]))
                share = SHARES[best] if _better(none[:, at], losses[best], windows) else 0.0
            else:
                share = _expected_share(self._gains(self.expected, int(part), none[:, at], losses, windows))
            if share:
                shares[at], left[:, at] = share, losses[SHARES.index(share)]
        return replace(
            self,
            shares=_reached(shares, source.steps),
            loss=_mean(left),
            loss_without=_mean(none),
        )

    @staticmethod
    def _gains(expected: Expected, part: int, none: Floats, some: Sequence[Floats], windows: float) -> Floats:
        """Return the gains by each of `SHARES`: those expected and those on held-out windows, by their number."""
        if not windows or not _mean(none) > 0:
            return np.array(expected.gains[part])
        seen = 1 - np.array([_mean(each) for each in some]) / _mean(none)
        believed = min(expected.windows, _BELIEVED * windows)
        return np.asarray((believed * np.array(expected.gains[part]) + windows * seen) / (believed + windows))


def _expected_share(gains: Sequence[float] | Floats) -> float:
    best = int(np.argmax(gains))
    return SHARES[best] if gains[best] > _WORTH else 0.0


def _reached(shares: Floats, steps: int) -> tuple[float, ...]:
    return tuple(shares[:steps].tolist()) if shares[:steps].any() else ()


def _losses(off: Floats, apart: Floats) -> Floats:
    """Return the mean quantile loss (B, H) of quantiles `apart` (B, H, 15) from medians that are `off` (B, H)."""
    total = np.zeros(off.shape)
    for k, p in enumerate(GRID):
        error = off - apart[..., k]
        total += np.maximum(p * error, (p - 1) * error)
    return 2 * total / len(GRID)


def _mean(losses: Floats) -> float:
    """Return the mean of losses (B, H); NaN if none is known, as of the far steps after an update of a few rows."""
    known = losses[~np.isnan(losses)]
    return float(known.mean()) if len(known) else np.nan


def _better(before: Floats, after: Floats, windows: float) -> bool:
    """Return whether losses (B, H) have become lower by more than chance."""
    known = ~np.isnan(before).all(1)
    if not known.any():
        return False
    gains = np.nanmean(before[known] - after[known], axis=1)
    count = max(1.0, min(windows, float(len(gains))))
    gain, error = float(gains.mean()), float(gains.std()) / np.sqrt(count)
    return bool(gain > max(error, max(_LEAST, _CHANCE / count) * _mean(before)))
