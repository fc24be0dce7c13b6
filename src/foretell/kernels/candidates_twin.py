"""The Python twin of `native/candidates`: simple forecasts of series at every step, their errors so far, and other
features of the past.

It is plain torch and has no control flow that hangs on values, so it runs where there is no compiler, and can be
exported as one loop over the steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.kernels.running_statistics import (
    at_phase,
    extended,
    faded,
    first_least,
    phase_means,
    pushed,
    slope,
    state_of,
)
from foretell.kernels.smoothing_twin import BankState, SmoothingBank, Trend

if TYPE_CHECKING:
    from foretell.kernels.candidates import Smoothings

GREATEST = 1e300
"""Greater values and infinities count as missing, so that everything computed here is finite."""
BASIC, CHOSEN, DESCRIPTION = 10, 5, 20
"""The numbers of candidates before and after the smoothings, and of features before those of the candidates."""
Numbers = NDArray[np.float64]


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
    follower = Follower(bank, season, second)
    features = np.zeros((count, window, DESCRIPTION + 3 * follower.candidates), np.float32)
    forecasts = np.zeros((*anchors.shape, follower.candidates, ahead.shape[-1]), np.float32)
    unit, last = np.ones(anchors.shape), np.zeros(anchors.shape)
    ahead = np.broadcast_to(ahead, (*anchors.shape, ahead.shape[-1]))
    series = torch.from_numpy(np.ascontiguousarray(values.T))
    with torch.inference_mode():
        state = follower.start(count)
        for step in range(steps):
            state = follower.take(state, series[step])
            if step >= steps - window:
                features[:, step - (steps - window)] = follower.describe(state).numpy()
            for a in np.flatnonzero((anchors == step).any(0)):
                rows = (anchors[:, a] == step) & (state.t >= 0).numpy()
                found = follower.forecast_in_units(state, torch.from_numpy(np.array(ahead[:, a])))
                forecasts[rows, a] = found.numpy()[rows]
                unit[rows, a], last[rows, a] = state.unit.numpy()[rows], state.last.numpy()[rows]
    return features, forecasts, unit, last


class State(NamedTuple):
    """What is known of B series after a step; each is (B,) unless stated otherwise.

    A register ends with what belongs to this step and begins with the oldest that is still needed. A series is as it
    began until its first value.
    """

    t: Tensor
    """The step, counted from 0 at the first value; -1 before it."""
    seen: Tensor
    """True if this step has a value."""
    positive: Tensor
    values: Tensor
    """(B, R): the values with gaps filled."""
    logs: Tensor
    """(B, R): their logarithms."""
    sums: Tensor
    """(B, 2 cycles + 1): cumulative sums of the distances from the first value."""
    observed: Tensor
    """The number of values."""
    changes: Tensor
    seasonal_changes: Tensor
    first: Tensor
    last: Tensor
    lowest: Tensor
    highest: Tensor
    level: Tensor
    change: Tensor
    recent_change: Tensor
    seasonal_change: Tensor
    deviation: Tensor
    zeros: Tensor
    repeats: Tensor
    trailing: Tensor
    """The mean of the latest cycle."""
    trailing_before: Tensor
    """The mean of the cycle before it."""
    unit: Tensor
    line: Tensor
    """(B, 5): count and sums of x, x^2, y and xy of the points whose slope is the trend."""
    log_line: Tensor
    phases: Tensor
    """(B, season): fading means of the values of each phase."""
    phase_counts: Tensor
    second_phases: Tensor
    second_phase_counts: Tensor
    bank: BankState
    second_bank: BankState
    error: Tensor
    """(B, K): the errors of the forecasts for this step."""
    near_error: Tensor
    """(B, K): the running mean absolute errors one step ahead."""
    far_error: Tensor
    """(B, K): and one cycle ahead."""
    far_count: Tensor
    near_forecast: Tensor
    """(B, K): the forecasts for the next step."""
    far_forecasts: Tensor
    """(B, lead, K): the forecasts for the steps up to a cycle ahead."""
    chosen: Tensor
    """(B, 3): the candidates with the smallest error one step and one cycle ahead, and of the Theta methods."""
    weights: Tensor
    """(B, K'): of the candidates in their mean."""

    def flat(self) -> tuple[Tensor, ...]:
        """Return all tensors."""
        return tuple(t for part in self for t in (part if isinstance(part, BankState) else (part,)))

    @classmethod
    def of_flat(cls, tensors: Iterable[Tensor]) -> State:
        """Return the state whose `flat` these are."""
        each = iter(tensors)
        banks = ("bank", "second_bank")
        parts: dict[str, Any] = {
            name: BankState(*(next(each) for _ in BankState._fields)) if name in banks else next(each)
            for name in cls._fields
        }
        return cls(**parts)


class Follower(nn.Module):
    """Follows series step by step from their first values on."""

    is_theta: Tensor
    leads: Tensor

    def __init__(self, bank: Smoothings, season: int, second: int) -> None:
        super().__init__()
        self.season, self.second = season, second
        self.cycle = season if season > 1 else 4
        """The number of steps whose mean is the level from which growth is computed."""
        self.lead = season if season > 1 else 6
        """The number of steps ahead for the second kind of error."""
        split = bank.first_of_second
        self.first_bank = SmoothingBank(bank, slice(None, split), season)
        self.second_bank = SmoothingBank(bank, slice(split, None), second if second > 0 else season)
        self.others = BASIC + len(bank)
        """The number of candidates without the chosen ones."""
        self.candidates = self.others + CHOSEN
        is_theta = np.append(np.zeros(BASIC, bool), bank.theta.astype(bool))
        self.register_buffer("is_theta", torch.from_numpy(is_theta))
        self.register_buffer("leads", torch.tensor([1, self.lead]))
        self.has_theta = bool(bank.theta.any())

    @property
    def _banks(self) -> tuple[SmoothingBank, SmoothingBank]:
        return self.first_bank, self.second_bank

    def start(self, count: int) -> State:
        """Return the state of `count` series before their first values."""

        def numbers(*shape: int) -> Tensor:
            return torch.zeros(count, *shape, dtype=torch.float64)

        longest = max(2 * bank.period for bank in self._banks)
        register = max(longest, self.season + 1, self.second + 1)
        no, candidates = torch.zeros(count, dtype=torch.bool), self.candidates
        return State(
            t=numbers() - 1, seen=no, positive=~no,
            values=numbers(register), logs=numbers(register), sums=numbers(2 * self.cycle + 1),
            observed=numbers(), changes=numbers(), seasonal_changes=numbers(),
            first=numbers(), last=numbers(), lowest=numbers(), highest=numbers(), level=numbers(),
            change=numbers(), recent_change=numbers(), seasonal_change=numbers(),
            deviation=numbers(), zeros=numbers(), repeats=numbers(),
            trailing=numbers(), trailing_before=numbers(), unit=numbers() + 1,
            line=numbers(5), log_line=numbers(5),
            phases=numbers(self.season), phase_counts=numbers(self.season),
            second_phases=numbers(max(self.second, 1)), second_phase_counts=numbers(max(self.second, 1)),
            bank=self.first_bank.start(count), second_bank=self.second_bank.start(count),
            error=numbers(candidates), near_error=numbers(candidates), far_error=numbers(candidates),
            far_count=numbers(), near_forecast=numbers(candidates), far_forecasts=numbers(self.lead, candidates),
            chosen=torch.zeros(count, 3, dtype=torch.int64), weights=numbers(self.others) + 1,
        )  # fmt: skip

    def take(self, before: State, given: Tensor) -> State:
        """Process the next value of each series (B,), NaN if it is missing, and forecast."""
        seen = given.abs() <= GREATEST
        t = before.t + 1
        value = torch.where(seen, given, self._filled(before))
        leaving = before.positive & seen & (value <= 0)
        first, log = t == 0, torch.log(torch.where(value > 0, value, 1.0))
        log = torch.where(value > 0, log, before.logs[:, -1])
        s = before._replace(
            t=t,
            seen=seen,
            positive=before.positive & ~leaving,
            values=pushed(before.values, value),
            logs=pushed(before.logs, log),
            first=torch.where(first, value, before.first),
            lowest=torch.where(first, value, before.lowest),
            highest=torch.where(first, value, before.highest),
            bank=self.first_bank.leave_logarithms(before.bank, leaving),
            second_bank=self.second_bank.leave_logarithms(before.second_bank, leaving),
        )
        s = self._summarised(self._measured(self._judged(s, value), value), value)
        s = self._following_level(s, value)
        phases, phase_counts = phase_means(s.phases, s.phase_counts, seen, value, 0.1)
        second_phases, second_counts = phase_means(s.second_phases, s.second_phase_counts, seen, value, 0.2)
        trend = self._trend(s)
        banks = (
            bank.update(b, t, s.values, s.logs, seen, s.positive, trend)
            for bank, b in zip(self._banks, (s.bank, s.second_bank), strict=True)
        )
        s = s._replace(
            phases=phases, phase_counts=phase_counts, second_phases=second_phases, second_phase_counts=second_counts
        )
        s = s._replace(bank=next(banks), second_bank=next(banks))
        s = self._ranked(s._replace(unit=self._typical_change(s)))
        near, far = self.forecast(s, self.leads.expand(t.shape[0], -1)).unbind(-1)
        s = s._replace(near_forecast=near, far_forecasts=torch.cat([s.far_forecasts[:, 1:], far[:, None]], 1))
        after: State = state_of((before.t >= 0) | seen, s, before)
        return after

    def forecast_in_units(self, s: State, ahead: Tensor) -> Tensor:
        """Return the candidates (B, K, H) for the steps `ahead` (B, H), in units from the last value, float32."""
        off = (self.forecast(s, ahead) - s.last[:, None, None]) / s.unit[:, None, None]
        return off.clamp(-1e3, 1e3).float()

    def forecast(self, s: State, ahead: Tensor) -> Tensor:
        """Return the candidates (B, K, H) for steps `ahead` (B, H) after this one; see `candidates.BASIC`.

        Drift is the line from the first value to the last. Growth is that of the mean of a cycle, from the previous
        cycle to the latest: its increase or, if all values are positive, the factor by which it rose.
        """
        t, last, level = s.t[:, None], s.last[:, None], s.level[:, None]
        steps = ahead.double()
        cycles = ((ahead + self.season - 1) // self.season).double()
        two_cycles = s.t >= 2 * self.cycle - 1
        low, high = self._bounds(s)
        repeated = self._in_phase(s, ahead, self.season)
        phase_mean = at_phase(s.phases, s.phase_counts, ahead, level)
        second_repeated, second_mean = repeated, phase_mean
        if self.second > 0:
            there = t >= self.second
            second_repeated = torch.where(there, self._in_phase(s, ahead, self.second), repeated)
            mean = at_phase(s.second_phases, s.second_phase_counts, ahead, second_repeated)
            second_mean = torch.where(there, mean, phase_mean)
        growth = torch.where(two_cycles, (s.trailing - s.trailing_before) / self.cycle, 0.0)[:, None]
        grown = repeated + growth * cycles * self.season
        multiplies = two_cycles & s.positive & (s.trailing_before > 0)
        ratio = (s.trailing / torch.where(multiplies, s.trailing_before, 1.0)).clamp(0.6, 1.67)[:, None]
        power = ratio.expand_as(steps) ** (cycles if self.season > 1 else 0.25 * steps)
        multiplied = torch.where(multiplies[:, None], repeated * power, grown)
        drift = last + steps * torch.where(t > 0, (last - s.first[:, None]) / t.clamp(min=1), 0.0)
        grows = torch.stack([grown, multiplied, drift], 1)
        grows = torch.minimum(torch.maximum(grows, low[:, None, None]), high[:, None, None])
        flat = [last.expand_as(steps), level.expand_as(steps), repeated, phase_mean, second_repeated, second_mean]
        basic = [torch.stack(flat, 1), grows, s.trailing[:, None, None].expand_as(steps[:, None])]
        trend = self._trend(s)
        smoothed = [
            bank.forecast(b, s.positive, ahead, trend, low, high)
            for bank, b in zip(self._banks, (s.bank, s.second_bank), strict=True)
        ]
        others = torch.cat([*basic, *smoothed], 1)
        return torch.cat([others, self._choose(s, others)], 1)

    def describe(self, s: State) -> Tensor:
        """Return the features (B, F), float32; see `candidates.SIGNED` and what follows it."""
        value, spread = s.values[:, -1], s.highest - s.lowest

        def off(steps: int) -> Tensor:
            if steps == 0:
                return torch.zeros_like(value)
            return torch.where(s.seen & (s.t >= steps), value - s.values[:, -1 - steps], 0.0)

        one = torch.ones_like(value)
        distances = [
            torch.where(s.seen, value - s.level, 0.0),
            off(1),
            off(self.season),
            off(self.second),
            s.trailing - s.trailing_before,
            s.level,
            s.change,
            torch.where(s.seasonal_changes > 0, s.seasonal_change, s.change),
            s.deviation,
            s.recent_change,
            spread,
        ]
        facts = [
            (~s.seen).double(),
            s.observed.log1p() / 4,
            one * (math.log(self.season) / 3),
            (s.observed / self.season).log1p() / 3,
            one * (math.log(self.second) / 4 if self.second > 0 else 0.0),
            s.positive.double(),
            s.zeros,
            s.repeats,
            torch.where(spread > 0, (value - s.lowest) / torch.where(spread > 0, spread, 1.0), 0.5),
        ]
        far = torch.where(s.far_count[:, None] > 0, s.far_error, s.near_error)
        errors = torch.cat([s.error, s.near_error, far], 1)
        unit = s.unit[:, None]
        found = torch.cat([torch.stack(distances, 1) / unit, torch.stack(facts, 1), errors / unit], 1)
        return torch.where(s.t[:, None] >= 0, found, 0.0).float()

    def _filled(self, before: State) -> Tensor:
        """Return the values that replace missing ones: those of one season before, or the last."""
        if self.season == 1:
            return before.last
        return torch.where(before.t + 1 >= self.season, before.values[:, -self.season], before.last)

    def _judged(self, s: State, value: Tensor) -> State:
        """Update the errors with the forecasts made for this step one step and one cycle before it."""
        judged = s.seen & (s.t > 0)
        there = judged[:, None]
        error = torch.where(there, value[:, None] - s.near_forecast, 0.0)
        gain = (1 / (s.changes + 1)).clamp(min=0.06)[:, None]
        near_error = torch.where(there, s.near_error + gain * (error.abs() - s.near_error), s.near_error)
        far = judged & (s.t > self.lead)
        far_count = s.far_count + far
        far_gain = (1 / far_count.clamp(min=1)).clamp(min=0.04)[:, None]
        far_error = s.far_error + far_gain * ((value[:, None] - s.far_forecasts[:, 0]).abs() - s.far_error)
        far_error = torch.where(far[:, None], far_error, s.far_error)
        return s._replace(error=error, near_error=near_error, far_error=far_error, far_count=far_count)

    def _measured(self, s: State, value: Tensor) -> State:
        measured = s.seen & (s.t > 0)
        changes = s.changes + measured
        slowest = 1 / max(100, 6 * self.season)
        step = (value - s.values[:, -2]).abs()
        s = s._replace(
            changes=changes,
            change=faded(measured, s.change, step, changes, slowest),
            recent_change=faded(measured, s.recent_change, step, changes, 0.12),
            repeats=faded(measured, s.repeats, (step == 0).double(), changes),
        )
        if self.season == 1:
            return s
        seasonal = measured & (s.t >= self.season)
        seasonal_changes = s.seasonal_changes + seasonal
        cycle = (value - s.values[:, -1 - self.season]).abs()
        return s._replace(
            seasonal_changes=seasonal_changes,
            seasonal_change=faded(seasonal, s.seasonal_change, cycle, seasonal_changes, slowest),
        )

    def _summarised(self, s: State, value: Tensor) -> State:
        seen, count = s.seen, s.observed + s.seen
        level = faded(seen, s.level, value, count)
        return s._replace(
            observed=count,
            lowest=torch.where(seen, torch.minimum(s.lowest, value), s.lowest),
            highest=torch.where(seen, torch.maximum(s.highest, value), s.highest),
            level=level,
            deviation=faded(seen, s.deviation, (value - level).abs(), count),
            zeros=faded(seen, s.zeros, (value == 0).double(), count),
            last=torch.where(seen, value, s.last),
        )

    def _following_level(self, s: State, value: Tensor) -> State:
        """Update the mean of the latest cycle, in which a season cancels out, and the line through all these means."""
        cycle = self.cycle
        sums = pushed(s.sums, s.sums[:, -1] + (value - s.first))
        length = (s.t + 1).clamp(max=cycle)
        trailing = s.first + (sums[:, -1] - sums[:, -1 - cycle]) / length.clamp(min=1)
        before = s.first + (sums[:, -1 - cycle] - sums[:, 0]) / cycle
        s = s._replace(
            sums=sums, trailing=trailing, trailing_before=torch.where(s.t >= 2 * cycle - 1, before, trailing)
        )
        level = trailing if self.season > 1 else value
        joins = s.t >= cycle - 1 if self.season > 1 else s.t >= 0
        log = torch.where(level > 0, torch.log(torch.where(level > 0, level, 1.0)), s.logs[:, -1])
        return s._replace(line=extended(s.line, joins, s.t, level), log_line=extended(s.log_line, joins, s.t, log))

    def _trend(self, s: State) -> Trend:
        return Trend(slope(s.line), slope(s.log_line))

    def _typical_change(self, s: State) -> Tensor:
        """Return the unit for the features and forecasts of this step."""
        typical = torch.where(s.seasonal_changes >= 2, 0.5 * (s.change + s.seasonal_change), s.change)
        typical = torch.maximum(typical, 1e-4 * (s.highest - s.lowest))
        # An exporter of ONNX drops the addition of so small a number as 1e-12.
        return torch.maximum(typical, (1e3 * s.level.abs() + 1) / 1e12)

    def _ranked(self, s: State) -> State:
        """Find the candidates with the smallest errors so far, and the weights of all in their mean."""
        near, far = s.near_error[:, : self.others], s.far_error[:, : self.others]
        later = torch.where(s.far_count[:, None] > 0, far, near)
        theta = torch.where(self.is_theta, near, math.inf) if self.has_theta else near
        chosen = first_least(torch.stack([near, later, theta], 1), 1e-6 * s.unit[:, None])
        least = 1e-3 * s.unit[:, None]
        share = least / (near + far + least)  # in units of `least`, so that the cube does not overflow
        return s._replace(chosen=chosen, weights=share * share * share)

    def _choose(self, s: State, others: Tensor) -> Tensor:
        """Return the candidates derived from the others; see `candidates.CHOSEN`."""
        best = others.gather(1, s.chosen[..., None].expand(-1, -1, others.shape[2]))
        weights = s.weights[..., None]
        weighted_mean = (weights * others).sum(1, keepdim=True) / weights.sum(1, keepdim=True)
        middle = self.others // 2
        median = others.sort(1).values[:, middle : middle + 1]
        return torch.cat([best, weighted_mean, median], 1)

    def _bounds(self, s: State) -> tuple[Tensor, Tensor]:
        """Return the lower and upper bounds of all candidates that grow."""
        margin = 1.5 * (s.highest - s.lowest)
        low = s.lowest - margin
        return torch.where(s.positive, low.clamp(min=0), low), s.highest + margin

    def _in_phase(self, s: State, ahead: Tensor, season: int) -> Tensor:
        """Return the latest values of the same phase as the steps ahead, or the last value if there is none."""
        back = season - 1 - (ahead - 1) % season
        found = s.values.gather(1, s.values.shape[1] - 1 - back)
        return torch.where(s.t[:, None] >= back, found, s.last[:, None])
