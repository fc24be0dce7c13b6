"""What a forecaster's networks read of a batch of series, within an exported program."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from foretell.forecasting.any_horizon.bank import BANK
from foretell.forecasting.any_horizon.inputs import Inputs, ahead_features, compressed, is_present
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.prediction import width_of
from foretell.kernels.candidates_twin import Follower, State
from foretell.nn.layers.portable import loop


@dataclass(frozen=True)
class Read:
    """What was read of B series."""

    inputs: Inputs
    scale: Tensor
    """(B,) powers of two by which the values were divided."""
    count: Tensor
    """(B,) number of values."""
    begun: Tensor
    """(B, W): True from the first value on, of the last W steps."""
    shift: Tensor
    """(B,): steps of the window that the network does not run over, as the series is too short for them."""

    def aligned(self, steps: Tensor) -> Tensor:
        """Move what is known of each step, (B, W, C), to where the network runs over it: to the front."""
        return _aligned(steps, self.shift)


class SeriesProgram(torch.nn.Module):
    """Reads series (B, T) float64, NaN where missing and before a series begins, and describes their last steps."""

    ahead: Tensor
    ahead_features: Tensor
    widths: Tensor

    def __init__(self, reading: Reading, horizon: int) -> None:
        super().__init__()
        self.reading = reading
        self.follower = Follower(BANK, *reading.seasons)
        ahead = torch.arange(1, horizon + 1)
        self.register_buffer("ahead", ahead)
        self.register_buffer("ahead_features", torch.from_numpy(ahead_features(ahead.numpy(), reading.seasons)))
        lengths = range(reading.reach + 1)
        self.register_buffer("widths", torch.tensor([width_of(length, reading.window) for length in lengths]))

    def forward(self, values: Tensor) -> Read:
        """Describe the series."""
        window, reach = self.reading.window, self.reading.reach
        values = F.pad(latest(values, reach), (window, 0), value=torch.nan)
        scale = power_of_two(values.nan_to_num().abs().amax(1))
        state, features = self._followed(values / scale[:, None])
        features = compressed(features[-window:].transpose(0, 1))
        begun = (~values.isnan()).cumsum(1) > 0
        width = self.widths[begun.sum(1)]
        shift = window - width
        steps = _aligned(features, shift)
        running = torch.arange(window)[None] < width[:, None]
        batch, horizon = values.shape[0], len(self.ahead)
        candidates = self.follower.forecast_in_units(state, self.ahead[None].expand(batch, -1))
        empty = steps.new_zeros(batch, 0)
        inputs = Inputs(
            steps=steps,
            present=torch.where(running, is_present(steps), 0.0),
            at=(width - 1)[:, None],
            step_ahead=self.ahead,
            ahead=self.ahead_features,
            candidates=candidates[:, None],
            seasons=self.reading.seasons,
            unit=state.unit[:, None],
            last=state.last[:, None],
            target=steps.new_zeros(batch, 1, horizon),
            covariates=steps.new_zeros(batch, window, 0),
            future=steps.new_zeros(batch, 1, horizon, 0),
            static=empty,
            categories=empty.long(),
        )
        return Read(inputs, scale, (~values.isnan()).sum(1), begun[:, -window:], shift)

    def _followed(self, values: Tensor) -> tuple[State, Tensor]:
        """Return the state after the last step, and the features (T, B, F) of each."""
        follower = self.follower
        shapes = [tuple(part.shape[1:]) for part in follower.start(1).flat()]

        def step(flat: tuple[Tensor, ...], given: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
            # The exporter takes all sizes within a loop for variable until they are compared.
            assert all(tuple(part.shape[1:]) == shape for part, shape in zip(flat, shapes, strict=True))
            state = follower.take(State.of_flat(flat), given)
            return state.flat(), follower.describe(state)

        final, features = loop(step, follower.start(values.shape[0]).flat(), values.T.contiguous())
        return State.of_flat(final), features


def latest(values: Tensor, count: int) -> Tensor:
    """Return series (B, T) with NaN before their last `count` steps.

    They are not cut, since an exporter could not tell how long they then are.
    """
    steps = values.shape[1]
    return torch.where(torch.arange(steps) >= steps - count, values, torch.nan)


def power_of_two(largest: Tensor) -> Tensor:
    """Return the largest power of two that is not above each of the numbers, 1 for 0."""
    there = largest > 0
    largest = torch.where(there, largest, 1.0)
    power = 2.0 ** largest.log2().floor()
    power = torch.where(power > largest, power / 2, power)
    return torch.where(power * 2 <= largest, power * 2, power)


def _aligned(steps: Tensor, shift: Tensor) -> Tensor:
    place = (torch.arange(steps.shape[1])[None] + shift[:, None]).clamp(max=steps.shape[1] - 1)
    return steps.gather(1, place[..., None].expand(-1, -1, steps.shape[2]))
