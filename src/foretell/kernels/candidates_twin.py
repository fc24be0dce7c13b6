"""The Python twin of `native/candidates`: simple forecasts of a series at every step, their errors so far, and other
features of the past. It also runs where there is no compiler."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foretell.kernels.smoothing_twin import Numbers, SmoothingBank, Trend

if TYPE_CHECKING:
    from foretell.kernels.candidates import Smoothings

GREATEST = 1e300
"""Greater values and infinities count as missing, so that everything computed here is finite."""
BASIC, CHOSEN, DESCRIPTION = 10, 5, 20
"""The numbers of candidates before and after the smoothings, and of features before those of the candidates."""


def look_back(
    values: Numbers,
    bank: Smoothings,
    season: int,
    second: int,
    window: int,
    anchors: NDArray[np.int64],
    ahead: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32], Numbers, Numbers]:
    """Return the features, candidates, unit and last value of `foretell.kernels.candidates.Past`."""
    count, steps = values.shape
    candidates = BASIC + len(bank) + CHOSEN
    features = np.zeros((count, window, DESCRIPTION + 3 * candidates), np.float32)
    forecasts = np.zeros((*anchors.shape, candidates, ahead.shape[-1]), np.float32)
    unit, last = np.ones(anchors.shape), np.zeros(anchors.shape)
    ahead = np.broadcast_to(ahead, (*anchors.shape, ahead.shape[-1]))
    with np.errstate(all="ignore"):
        for b in range(count):
            there = np.abs(values[b]) <= GREATEST
            if not there.any():
                continue
            start = int(there.argmax())
            series = Series(bank, season, second, steps - start)
            for step in range(start, steps):
                series.take(float(values[b, step]) if there[step] else None)
                if step >= steps - window:
                    features[b, step - (steps - window)] = series.describe()
                for a in np.flatnonzero(anchors[b] == step):
                    off = (series.forecast(ahead[b, a]) - series.last) / series.unit
                    forecasts[b, a] = np.clip(off, -1e3, 1e3)
                    unit[b, a], last[b, a] = series.unit, series.last
    return features, forecasts, unit, last


class Series:
    """The description of a series, updated step by step from its first value on."""

    def __init__(self, bank: Smoothings, season: int, second: int, steps: int) -> None:
        self.season, self.second = season, second
        self.cycle = season if season > 1 else 4
        """The number of steps whose mean is the level from which growth is computed."""
        self.lead = season if season > 1 else 6
        """The number of steps ahead for the second kind of error."""
        self.t = -1
        self.values, self.logs = np.zeros(steps), np.zeros(steps)
        """The values and their logarithms, with gaps filled."""
        self.sums = np.zeros(steps + 1)
        """Cumulative sums of the distances from the first value."""
        self.seen = False
        self.count = self.changes = self.seasonal_changes = 0
        self.first = self.last = self.lowest = self.highest = self.level = 0.0
        self.change = self.recent_change = self.seasonal_change = self.deviation = self.zeros = self.repeats = 0.0
        self.positive = True
        self.trailing = self.trailing_before = 0.0
        """The means of the latest cycle and of the one before it."""
        self.unit = 1.0
        self.trend = Trend()
        self.line, self.log_line = Line(), Line()
        self.phases = PhaseMeans(season, 0.1)
        self.second_phases = PhaseMeans(max(second, 1), 0.2)
        self.smoothings = SmoothingBank(bank, season, second)
        self.thetas = BASIC + np.flatnonzero(bank.theta)
        self.others = BASIC + len(bank)
        """The number of candidates without the chosen ones."""
        candidates = self.others + CHOSEN
        self.error = np.zeros(candidates)
        """The errors of the forecasts for this step."""
        self.near_error, self.far_error = np.zeros(candidates), np.zeros(candidates)
        """The running mean absolute errors one step and one cycle ahead."""
        self.far_count = 0
        self.near_forecast = np.zeros(candidates)
        """The forecasts for the next step."""
        self.far_forecasts = np.zeros((self.lead + 1, candidates))
        """The forecasts for the steps up to a cycle ahead; that for step t is at index t mod (lead + 1)."""
        self.weights = np.ones(self.others)
        self.nearest = self.farthest = self.theta = 0
        self._leads = np.array([1, self.lead])

    def take(self, given: float | None) -> None:
        """Process the next value, None if it is missing, and forecast."""
        self.t, self.seen = self.t + 1, given is not None
        t, value = self.t, self._filled() if given is None else given
        if given is not None and given <= 0 and self.positive:
            self.positive = False
            self.smoothings.leave_logarithms()
        self.values[t] = value
        self.logs[t] = math.log(value) if value > 0 else self.logs[t - 1] if t > 0 else 0.0
        if t == 0:
            self.first = self.lowest = self.highest = value
        if self.seen:
            if t > 0:
                self._judge(value)
                self._measure_changes(value)
            self._summarise(value)
        else:
            self.error = np.zeros_like(self.error)
        self._follow_level(value)
        if self.seen:
            self.phases.update(t, value)
            self.second_phases.update(t, value)
        self.smoothings.update(t, self.values, self.logs, self.seen, self.trend)
        self.unit = self._typical_change()
        self._rank()
        near, far = self.forecast(self._leads).T
        self.near_forecast = near
        self.far_forecasts[(t + self.lead) % (self.lead + 1)] = far

    def forecast(self, ahead: NDArray[np.int64]) -> Numbers:
        """Return the candidates (K, H) for steps `ahead` (H,) after this one; see `foretell.kernels.candidates.BASIC`.

        Drift is the line from the first value to the last. Growth is that of the mean of a cycle, from the previous
        cycle to the latest: its increase or, if all values are positive, the factor by which it rose.
        """
        t, last, level = self.t, self.last, self.level
        cycles = -(-ahead // self.season)
        two_cycles = t >= 2 * self.cycle - 1
        low, high = self._bounds()
        repeated = self._in_phase(ahead, self.season)
        phase_mean = self.phases.at(t + ahead, level)
        second_repeated, second_mean = repeated, phase_mean
        if 0 < self.second <= t:
            second_repeated = self._in_phase(ahead, self.second)
            second_mean = self.second_phases.at(t + ahead, second_repeated)
        growth = (self.trailing - self.trailing_before) / self.cycle if two_cycles else 0.0
        grown = multiplied = repeated + growth * cycles * self.season
        if two_cycles and self.positive and self.trailing_before > 0:
            ratio = min(max(self.trailing / self.trailing_before, 0.6), 1.67)
            multiplied = repeated * np.power(ratio, cycles if self.season > 1 else 0.25 * ahead)
        drift = last + ahead * ((last - self.first) / t if t > 0 else 0.0)
        basic = np.empty((BASIC, len(ahead)))
        basic[0], basic[1], basic[2], basic[3] = last, level, repeated, phase_mean
        basic[4], basic[5] = second_repeated, second_mean
        basic[6:9] = np.clip([grown, multiplied, drift], low, high)
        basic[9] = self.trailing
        others = np.concatenate([basic, self.smoothings.forecast(t, ahead, self.trend, low, high)])
        return np.concatenate([others, self._choose(others)])

    def describe(self) -> Numbers:
        """Return the features (F,); see `foretell.kernels.candidates.SIGNED` and what follows it."""
        t, value, season, second, unit = self.t, self.values[self.t], self.season, self.second, self.unit
        spread = self.highest - self.lowest

        def off(steps: int) -> float:
            return value - self.values[t - steps] if self.seen and 0 < steps <= t else 0.0

        distances = [
            value - self.level if self.seen else 0.0,
            off(1),
            off(season),
            off(second),
            self.trailing - self.trailing_before,
            self.level,
            self.change,
            self.seasonal_change if self.seasonal_changes else self.change,
            self.deviation,
            self.recent_change,
            spread,
        ]
        facts = [
            float(not self.seen),
            math.log1p(self.count) / 4,
            math.log(season) / 3,
            math.log1p(self.count / season) / 3,
            math.log(second) / 4 if second > 0 else 0.0,
            float(self.positive),
            self.zeros,
            self.repeats,
            (value - self.lowest) / spread if spread > 0 else 0.5,
        ]
        far = self.far_error if self.far_count else self.near_error
        errors = np.concatenate([self.error, self.near_error, far])
        return np.concatenate([np.array(distances) / unit, facts, errors / unit])

    def _filled(self) -> float:
        """Return the value that replaces a missing one: that of one season before, or the last."""
        return float(self.values[self.t - self.season]) if 1 < self.season <= self.t else self.last

    def _judge(self, value: float) -> None:
        """Update the errors with the forecasts made for this step one step and one cycle before it."""
        self.error = value - self.near_forecast
        self.near_error += max(1 / (self.changes + 1), 0.06) * (np.abs(self.error) - self.near_error)
        if self.t > self.lead:
            self.far_count += 1
            error = np.abs(value - self.far_forecasts[self.t % (self.lead + 1)])
            self.far_error += max(1 / self.far_count, 0.04) * (error - self.far_error)

    def _measure_changes(self, value: float) -> None:
        self.changes += 1
        slowest = 1 / max(100, 6 * self.season)
        step = abs(value - float(self.values[self.t - 1]))
        self.change = fading_mean(self.change, step, self.changes, slowest)
        self.recent_change = fading_mean(self.recent_change, step, self.changes, 0.12)
        self.repeats = fading_mean(self.repeats, float(step == 0), self.changes)
        if 1 < self.season <= self.t:
            self.seasonal_changes += 1
            cycle = abs(value - float(self.values[self.t - self.season]))
            self.seasonal_change = fading_mean(self.seasonal_change, cycle, self.seasonal_changes, slowest)

    def _summarise(self, value: float) -> None:
        self.count += 1
        self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)
        self.level = fading_mean(self.level, value, self.count)
        self.deviation = fading_mean(self.deviation, abs(value - self.level), self.count)
        self.zeros = fading_mean(self.zeros, float(value == 0), self.count)
        self.last = value

    def _follow_level(self, value: float) -> None:
        """Update the mean of the latest cycle, in which a season cancels out, and the line through all these means."""
        t, cycle, sums = self.t, self.cycle, self.sums
        sums[t + 1] = sums[t] + (value - self.first)
        length = min(t + 1, cycle)
        self.trailing = self.first + float(sums[t + 1] - sums[t + 1 - length]) / length
        self.trailing_before = self.trailing
        if t >= 2 * cycle - 1:
            self.trailing_before = self.first + float(sums[t + 1 - cycle] - sums[t + 1 - 2 * cycle]) / cycle
        if self.season > 1 and t < cycle - 1:
            return
        level = self.trailing if self.season > 1 else value
        self.line.add(t, level)
        self.log_line.add(t, math.log(level) if level > 0 else float(self.logs[t]))
        self.trend = Trend(self.line.slope(), self.log_line.slope())

    def _typical_change(self) -> float:
        """Return the unit for the features and forecasts of this step."""
        typical = 0.5 * (self.change + self.seasonal_change) if self.seasonal_changes >= 2 else self.change
        return max(typical, 1e-4 * (self.highest - self.lowest), 1e-9 * abs(self.level) + 1e-12)

    def _rank(self) -> None:
        """Find the candidates with the smallest errors so far, and the weights of all in their mean."""
        near, far = self.near_error[: self.others], self.far_error[: self.others]
        equal = 1e-6 * self.unit
        self.nearest = _first_least(near, equal)
        self.farthest = _first_least(far, equal) if self.far_count else self.nearest
        self.theta = int(self.thetas[_first_least(near[self.thetas], equal)]) if len(self.thetas) else self.nearest
        least = 1e-3 * self.unit
        self.weights = ((near + far + least) / least) ** -3  # in units of `least`, so that the cube does not overflow

    def _choose(self, others: Numbers) -> Numbers:
        """Return the candidates derived from the others; see `foretell.kernels.candidates.CHOSEN`."""
        weighted_mean = self.weights @ others / self.weights.sum()
        middle = self.others // 2
        median = np.partition(others, middle, axis=0)[middle]
        return np.stack([others[self.nearest], others[self.farthest], others[self.theta], weighted_mean, median])

    def _bounds(self) -> tuple[float, float]:
        """Return the lower and upper bounds of all candidates that grow."""
        margin = 1.5 * (self.highest - self.lowest)
        low = self.lowest - margin
        return max(low, 0.0) if self.positive else low, self.highest + margin

    def _in_phase(self, ahead: NDArray[np.int64], season: int) -> Numbers:
        """Return the latest values of the same phase as the steps ahead, or the last value if there is none."""
        at = self.t + ahead - -(-ahead // season) * season
        return np.where(at >= 0, self.values[np.maximum(at, 0)], self.last)


def fading_mean(mean: float, value: float, count: int, least_gain: float = 0.0) -> float:
    """Update a mean with its `count`-th value: plain while 1 / count exceeds `least_gain`, then older values fade."""
    return mean + max(1 / count, least_gain) * (value - mean)


@dataclass
class Line:
    """The least-squares line through points that are added one by one."""

    n: int = 0
    x: float = 0.0
    xx: float = 0.0
    y: float = 0.0
    xy: float = 0.0

    def add(self, at: float, value: float) -> None:
        self.n += 1
        self.x, self.xx = self.x + at, self.xx + at * at
        self.y, self.xy = self.y + value, self.xy + at * value

    def slope(self) -> float:
        """Return the slope; 0 with fewer than four points, or if the sums overflow."""
        spread, rise = self.n * self.xx - self.x**2, self.n * self.xy - self.x * self.y
        return rise / spread if self.n >= 4 and spread > 0 and math.isfinite(rise) else 0.0


class PhaseMeans:
    """Fading means of the values of each phase of a season."""

    def __init__(self, period: int, least_gain: float) -> None:
        self.period, self.least_gain = period, least_gain
        self.means = np.full(period, np.nan)
        self.counts = [0] * period

    def update(self, t: int, value: float) -> None:
        phase = t % self.period
        self.counts[phase] += 1
        before = 0.0 if self.counts[phase] == 1 else float(self.means[phase])
        self.means[phase] = fading_mean(before, value, self.counts[phase], self.least_gain)

    def at(self, steps: NDArray[np.int64], otherwise: Numbers | float) -> Numbers:
        """Return the means for the phases of these steps, `otherwise` where there is none."""
        means = self.means[steps % self.period]
        return np.where(np.isnan(means), otherwise, means)


def _first_least(errors: Numbers, equal: float) -> int:
    """Return the index of the smallest error, the first one of those that differ from it only by rounding."""
    least = 0
    for place, error in enumerate(errors.tolist()):
        if error < errors[least] - equal:
            least = place
    return least
