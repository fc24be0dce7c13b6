"""Part of the Python twin of `native/candidates`: banks of exponential smoothings, of many series at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from foretell.kernels.candidates import Smoothings


class Trend(NamedTuple):
    """The slopes per step, (B,), of a line through all values so far, and of a line through their logarithms."""

    slope: Tensor
    log_slope: Tensor


class BankState(NamedTuple):
    """What P smoothings know of B series. Registers hold one entry per phase of the season, that of this step last."""

    level: Tensor
    """(B, P)"""
    trend: Tensor
    """(B, P)"""
    season: Tensor
    """(B, P, m), zero before a whole cycle was seen."""
    season_count: Tensor
    """(B, m): the number of values behind each phase of the season."""
    seasonal: Tensor
    """(B,): True once a whole cycle was seen."""


class SmoothingBank(nn.Module):
    """P exponential smoothings with a season of the same m phases.

    Each has a level l, a trend b and a season s of m phases, which are updated by the error of each value y_t:

        expected  l_(t-1) + phi b_(t-1)
        error     e = y_t - s_(t-m) - expected
        level     l_t = expected + alpha e
        trend     b_t = phi b_(t-1) + alpha beta e
        season    s_t = s_(t-m) + gamma (1 - alpha) e

    and the forecast for h steps ahead is l_t + (phi + phi^2 + ... + phi^h) b_t + the latest season of that phase.
    The gains are alpha for the level, beta for the trend and gamma for the season; phi is the damping.

    - phi = 0: simple exponential smoothing (Brown, 1959)
    - phi = 1: linear trend (Holt, 1957)
    - phi between: damped trend (Gardner and McKenzie, 1985)
    - Theta: half of the slope of a line through all values instead of phi b (Assimakopoulos and Nikolopoulos, 2000, in
      the form given by Hyndman and Billah, 2003)
    - the additive season is that of Winters (1960); on logarithms it becomes multiplicative

    The gains are greater at first, so that the first values count as much as in a plain mean. The season is initialised
    from the first whole cycle and again, now without the trend, from the first two. A missing value is replaced by the
    expected one.
    """

    level_gain: Tensor
    trend_gain: Tensor
    damping: Tensor
    season_gain: Tensor
    theta: Tensor
    """True where half of the overall slope is the drift."""
    logarithmic: Tensor
    """True for those that smooth logarithms, as long as all values are positive."""

    def __init__(self, bank: Smoothings, members: slice, period: int) -> None:
        """Take the `members` of a bank, whose season has `period` steps."""
        super().__init__()
        self.period = period
        for name in ("level_gain", "trend_gain", "damping", "season_gain"):
            self.register_buffer(name, torch.from_numpy(np.array(getattr(bank, name)[members])))
        for name in ("theta", "logarithmic"):
            self.register_buffer(name, torch.from_numpy(np.array(getattr(bank, name)[members])).bool())

    def start(self, count: int) -> BankState:
        """Return the state of `count` series before their first values."""
        members = len(self.damping)
        nothing = torch.zeros(count, members, dtype=torch.float64)
        return BankState(
            nothing,
            nothing.clone(),
            nothing.new_zeros(count, members, self.period),
            nothing.new_zeros(count, self.period),
            torch.zeros(count, dtype=torch.bool),
        )

    def leave_logarithms(self, s: BankState, leaving: Tensor) -> BankState:
        """Continue with the values themselves in the series (B,) that are `leaving`."""
        log = leaving[:, None] & self.logarithmic
        level = s.level.exp()
        return s._replace(
            level=torch.where(log, level, s.level),
            trend=torch.where(log, level * s.trend.expm1(), s.trend),
            season=torch.where(log[..., None], level[..., None] * s.season.expm1(), s.season),
        )

    def update(
        self, s: BankState, t: Tensor, values: Tensor, logs: Tensor, seen: Tensor, positive: Tensor, overall: Trend
    ) -> BankState:
        """Process step t (B,), counted from 0 at the first value; the registers `values` and `logs` end with it."""
        log = positive[:, None] & self.logarithmic
        value = torch.where(log, logs[:, -1:], values[:, -1:])
        gain = torch.maximum(self.level_gain, 1 / (t + 1)[:, None])
        expected = s.level + self._drift(s, log, overall)
        error = torch.where(seen[:, None], value - s.season[..., 0] - expected, 0.0)
        first = (t == 0)[:, None]
        trend_gain = gain * torch.maximum(self.trend_gain, 0.7 / (t + 1)[:, None])
        follows = ~first & (self.damping > 0)
        correcting = seen & s.seasonal & ~first[:, 0]
        count = s.season_count[:, 0] + correcting
        season_gain = torch.maximum(self.season_gain, 1 / count.clamp(min=1)[:, None]) * (1 - gain)
        season = torch.where(correcting[:, None], s.season[..., 0] + season_gain * error, s.season[..., 0])
        moved = BankState(
            torch.where(first, value, expected + gain * error),
            torch.where(follows, self.damping * s.trend + trend_gain * error, s.trend),
            torch.cat([s.season[..., 1:], season[..., None]], -1),
            torch.cat([s.season_count[:, 1:], count[:, None]], -1),
            s.seasonal,
        )
        if self.period == 1:
            return moved
        for cycles in (1, 2):
            moved = self._start_season(moved, t + 1 == cycles * self.period, log, values, logs, cycles)
        return moved

    def forecast(
        self, s: BankState, positive: Tensor, ahead: Tensor, overall: Trend, low: Tensor, high: Tensor
    ) -> Tensor:
        """Return the forecasts (B, P, H) for the steps `ahead` (B, H), clamped to between `low` and `high` (B,)."""
        log = positive[:, None] & self.logarithmic
        phi, steps = self.damping[:, None], ahead[:, None].double()
        damped = torch.where(phi < 1, phi * (1 - phi**steps) / torch.where(phi < 1, 1 - phi, 1.0), steps)
        drift = torch.where(
            self.theta[:, None], self._half_slope(log, overall)[..., None] * steps, s.trend[..., None] * damped
        )
        place = ((ahead - 1) % self.period)[:, None].expand(-1, s.level.shape[1], -1)
        value = s.level[..., None] + drift + s.season.gather(2, place)
        value = torch.where(log[..., None], value.clamp(max=700).exp(), value)
        low, high = low[:, None, None], high[:, None, None]
        return torch.where(value >= low, torch.minimum(value, high), low)

    def _half_slope(self, log: Tensor, overall: Trend) -> Tensor:
        return 0.5 * torch.where(log, overall.log_slope[:, None], overall.slope[:, None])

    def _drift(self, s: BankState, log: Tensor, overall: Trend) -> Tensor:
        return torch.where(self.theta, self._half_slope(log, overall), self.damping * s.trend)

    def _start_season(
        self, s: BankState, which: Tensor, log: Tensor, values: Tensor, logs: Tensor, cycles: int
    ) -> BankState:
        """Initialise level, trend and season of `which` series (B,) from their one or two whole cycles so far."""
        period = self.period
        middle = 0.5 * (period - 1)
        recent = torch.where(log[..., None], logs[:, None, -cycles * period :], values[:, None, -cycles * period :])
        recent = recent.reshape(*recent.shape[:2], cycles, period)
        means = recent.mean(-1)
        latest = means[..., -1]
        slope = (latest - means[..., 0]) / period
        line = slope[..., None, None] * (torch.arange(period) - middle)
        season = (recent - means[..., None] - line).mean(-2)
        rows = which[:, None]
        return BankState(
            torch.where(rows, latest + slope * middle, s.level),
            torch.where(rows, slope, s.trend),
            torch.where(rows[..., None], season, s.season),
            torch.where(rows, float(cycles), s.season_count),
            s.seasonal | which,
        )
