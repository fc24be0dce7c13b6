"""Part of the Python twin of `native/candidates`: a bank of exponential smoothings of one series."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from foretell.kernels.candidates import Smoothings

Numbers = NDArray[np.float64]


class Trend(NamedTuple):
    """The slopes per step of a line through all values so far, and of a line through their logarithms."""

    slope: float = 0.0
    log_slope: float = 0.0


class SmoothingBank:
    """P exponential smoothings of one series.

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

    def __init__(self, bank: Smoothings, season: int, second: int) -> None:
        self.bank = bank
        count = len(bank)
        follows_second = np.arange(count) >= bank.first_of_second
        self.period = np.where(follows_second & (second > 0), second, season)
        self.theta = bank.theta.astype(bool)
        self.logarithmic = bank.logarithmic.astype(bool)
        """True for those that currently smooth logarithms."""
        self.level, self.trend = np.zeros(count), np.zeros(count)
        self.seasonal = np.zeros(count, bool)
        """True for those that have seen a whole cycle, and therefore have a season."""
        phases = int(self.period.max(initial=1))
        self.season = np.zeros((count, phases))
        """(P, m): the season by phase since the first value."""
        self.season_count = np.zeros((count, phases), np.int64)
        """(P, m): the number of values behind each phase of the season."""
        self._all = np.arange(count)
        self._whole_cycles = {cycles * int(period) for period in self.period if period > 1 for cycles in (1, 2)}

    def leave_logarithms(self) -> None:
        """Continue with the values themselves, from the first value that has no logarithm."""
        log = self.logarithmic
        level = np.exp(self.level[log])
        self.trend[log] = level * np.expm1(self.trend[log])
        self.season[log] = level[:, None] * np.expm1(self.season[log])
        self.level[log] = level
        self.logarithmic = np.zeros_like(log)

    def update(self, t: int, values: Numbers, logs: Numbers, seen: bool, overall: Trend) -> None:
        """Process step t, counted from 0 at the first value; `values` and `logs` go up to t, with gaps filled."""
        value = np.where(self.logarithmic, logs[t], values[t])
        if t == 0:
            self.level = value
        elif seen:
            self._correct(t, value, self._drift(overall))
        else:
            self.level = self.level + self._drift(overall)
            self.trend = np.where(self.bank.damping > 0, self.bank.damping * self.trend, self.trend)
        if t + 1 in self._whole_cycles:
            for cycles in (1, 2):
                self._start_season((self.period > 1) & (t + 1 == cycles * self.period), t, values, logs, cycles)

    def forecast(self, t: int, ahead: NDArray[np.int64], overall: Trend, low: float, high: float) -> Numbers:
        """Return the forecasts (P, H) for steps t + `ahead`, clamped to between `low` and `high`."""
        phi = self.bank.damping[:, None]
        damped_steps = np.where(phi < 1, phi * (1 - phi**ahead) / np.where(phi < 1, 1 - phi, 1), ahead)
        half_slope, theta = self._half_slope(overall)[:, None], self.theta[:, None]
        season = self.season[self._all[:, None], (t + ahead) % self.period[:, None]]  # zero before there is one
        value = self.level[:, None] + np.where(theta, half_slope * ahead, self.trend[:, None] * damped_steps) + season
        log = self.logarithmic
        value[log] = np.exp(np.minimum(value[log], 700))
        return np.where(value >= low, np.minimum(value, high), low)

    def _half_slope(self, overall: Trend) -> Numbers:
        return 0.5 * np.where(self.logarithmic, overall.log_slope, overall.slope)

    def _drift(self, overall: Trend) -> Numbers:
        return np.where(self.theta, self._half_slope(overall), self.bank.damping * self.trend)

    def _correct(self, t: int, value: Numbers, drift: Numbers) -> None:
        bank, phase = self.bank, t % self.period
        season = self.season[self._all, phase]  # zero before there is one
        expected = self.level + drift
        error = value - season - expected
        gain = np.maximum(bank.level_gain, 1 / (t + 1))
        self.level = expected + gain * error
        trend_gain = gain * np.maximum(bank.trend_gain, 0.7 / (t + 1))
        self.trend = np.where(bank.damping > 0, bank.damping * self.trend + trend_gain * error, self.trend)
        if self.seasonal.any():
            self.season_count[self._all, phase] += self.seasonal
            count = np.maximum(self.season_count[self._all, phase], 1)
            season_gain = np.maximum(bank.season_gain, 1 / count) * (1 - gain)
            self.season[self._all, phase] = np.where(self.seasonal, season + season_gain * error, season)

    def _start_season(self, which: NDArray[np.bool_], t: int, values: Numbers, logs: Numbers, cycles: int) -> None:
        """Initialise level, trend and season from the latest one or two whole cycles, which end at step t."""
        if not which.any():
            return
        period = (t + 1) // cycles
        middle = 0.5 * (period - 1)
        # (members, cycles, phases)
        recent = np.where(self.logarithmic[which, None], logs[: t + 1], values[: t + 1]).reshape(-1, cycles, period)
        means = recent.mean(2)
        latest = means[:, -1]
        slope = (latest - means[:, 0]) / period
        line = slope[:, None, None] * (np.arange(period) - middle)
        self.season[which, :period] = (recent - means[:, :, None] - line).mean(1)
        self.season_count[which, :period] = cycles
        self.level[which] = latest + slope * middle
        self.trend[which] = slope
        self.seasonal |= which
