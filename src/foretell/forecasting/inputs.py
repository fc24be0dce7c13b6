"""From a batch of windows to what the network reads, and to what it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
from torch import Tensor

from foretell.errors import SettingsError
from foretell.forecasting.scaling import (
    FLOOR,
    difference,
    last_seen,
    running_level_and_spread,
    running_phase_mean,
)
from foretell.forecasting.settings import LONGEST
from foretell.forecasting.windows import WindowBatch

_REACH = 20.0
"""Inputs further out than this many spreads are pulled in to it: an outlier should be seen, not dominate."""
_FARTHEST = 1000.0
"""The same for targets and candidates."""
_ANCHORED = ("candidates", "future", "last", "spread", "target")


@dataclass(frozen=True)
class Inputs:
    """What the network reads, of T time steps, A anchors (the steps that forecast) and H steps ahead of each."""

    steps: Tensor
    """(B, T, F): normalised values, their differences, what is missing, calendar and known covariates."""
    static: Tensor
    """(B, S): numeric static covariates."""
    categories: Tensor
    """(B, S') int64: the codes of the others."""
    at: Tensor
    """(A,) int64: which outputs of the backbone are the anchors'."""
    candidates: Tensor
    """(B, A, K, H): values that could repeat: for each season the latest in phase and the mean of all in phase, then
    the level. The last value, a candidate too, is the zero of the scale."""
    future: Tensor
    """(B, A, H, F'): known-future features of the steps ahead; F' = 0 without known columns."""
    last: Tensor
    """(B, A): each anchor's last value, on the scale of the window."""
    spread: Tensor
    """(B, A): the unit of candidates, targets and forecasts, on the scale of the window."""
    target: Tensor
    """(B, A, H): in spreads from the last value; NaN where missing, hidden, or not to be learnt from."""

    def to(self, device: torch.device) -> Inputs:
        """The same on another device."""
        return Inputs(*(getattr(self, f.name).to(device) for f in fields(self)))

    def split(self, parts: int) -> list[Inputs]:
        """The batch in equal parts."""
        whole = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "at"}
        pieces = {name: tensor.chunk(parts) for name, tensor in whole.items()}
        return [Inputs(at=self.at, **{name: piece[k] for name, piece in pieces.items()}) for k in range(parts)]

    def chunks(self, length: int) -> list[Inputs]:
        """Consecutive pieces of `length` time steps, each with the anchors among its steps, for truncated BPTT."""
        pieces = []
        for start in range(0, self.steps.shape[1], length):
            here = (self.at >= start) & (self.at < start + length)
            anchored = {name: getattr(self, name)[:, here] for name in _ANCHORED}
            steps = self.steps[:, start : start + length]
            pieces.append(replace(self, steps=steps, at=self.at[here] - start, **anchored))
        return pieces


@dataclass(frozen=True)
class InputLayout:
    """How windows become inputs: the settings that training and forecasting must share."""

    steps: int
    """T, the time steps that the network runs over."""
    horizon: int
    seasons: tuple[int, ...]
    """Season lengths in steps, shortest first."""
    calendar: int
    """Calendar features a step, the first of the window's features."""
    known: int
    """Known-future features a step, the rest of them."""
    kernel: int = 1
    stride: int = 1
    """The convolution in front of the network: it forecasts at the steps where an output of it ends."""

    def __post_init__(self) -> None:
        lengths = (self.steps, self.horizon, self.stride, *self.seasons)
        if min(lengths) < 1 or max(lengths) > LONGEST or min(self.calendar, self.known) < 0:
            raise SettingsError(f"steps, horizon, stride and seasons must be from 1 to {LONGEST:,}: {self}")
        if list(self.seasons) != sorted(set(self.seasons)):
            raise SettingsError(f"seasons {list(self.seasons)} must ascend")
        if not 1 <= self.kernel <= self.steps:
            raise SettingsError(f"a convolution over {self.kernel:,} steps does not fit into {self.steps:,}")

    @cached_property
    def lag(self) -> int:
        """Steps before the network's first that seasonal differences reach back to."""
        return max(self.seasons, default=1)

    @property
    def past(self) -> int:
        """Steps of history that a window holds."""
        return self.lag + self.steps

    @property
    def features(self) -> int:
        """F, the width of `Inputs.steps`."""
        return 3 + len(self.seasons) + self.calendar + self.known

    @property
    def future_features(self) -> int:
        """F', the width of `Inputs.future`."""
        return self.calendar + 2 * self.known if self.known else 0

    @property
    def candidates(self) -> int:
        """K"""
        return 2 * len(self.seasons) + 1

    @property
    def all_anchors(self) -> range:
        """The time steps, counted from the network's first, at which it forecasts; the last step is one of them."""
        first = (self.steps - self.kernel) % self.stride + self.kernel - 1
        return range(first, self.steps, self.stride)

    def last_anchors(self, count: int) -> range:
        """The last `count` anchors."""
        total = len(self.all_anchors)
        return range(max(0, total - count), total)

    def inputs(self, batch: WindowBatch, anchors: range | None = None) -> Inputs:
        """The inputs of a batch, to forecast at those of `all_anchors` that `anchors` counts out, or at all of them."""
        outputs = torch.tensor(range(len(self.all_anchors)) if anchors is None else anchors, device=batch.values.device)
        at = self.all_anchors[0] + self.stride * outputs
        past = batch.values[:, : self.past]
        level, spread = running_level_and_spread(past, min(self.seasons, default=1))
        last = last_seen(past)
        ahead = (self.lag + at)[:, None] + torch.arange(1, self.horizon + 1, device=at.device)
        scale = spread[:, self.lag + at, None]
        origin = last[:, self.lag + at, None]

        candidates = []
        for season in self.seasons:
            candidates.append(self._in_phase(past, last, season, at))
            candidates.append(self._in_phase(running_phase_mean(past, season), last, season, at))
        candidates.append(level[:, self.lag + at, None].expand(-1, -1, self.horizon))
        target = (batch.values[:, ahead] - origin) / scale
        target = torch.where(scale > FLOOR, target.clamp(-_FARTHEST, _FARTHEST), torch.nan)
        return Inputs(
            steps=self._steps(batch, past, level, spread),
            static=batch.static,
            categories=batch.categories,
            at=outputs,
            candidates=torch.stack([((c - origin) / scale).clamp(-_FARTHEST, _FARTHEST) for c in candidates], 2),
            future=self._future(batch, ahead),
            last=origin[..., 0],
            spread=scale[..., 0],
            target=target,
        )

    def _steps(self, batch: WindowBatch, past: Tensor, level: Tensor, spread: Tensor) -> Tensor:
        columns = [(past - level) / spread]
        columns += [difference(past, lag) / spread for lag in (1, *self.seasons)]
        numbers = torch.stack([c[:, self.lag :].nan_to_num().clamp(-_REACH, _REACH) for c in columns], -1)
        missing = past[:, self.lag :, None].isnan().float()
        return torch.cat([numbers, missing, batch.features[:, self.lag : self.past]], -1)

    def _in_phase(self, past: Tensor, last: Tensor, season: int, at: Tensor) -> Tensor:
        """(B, A, H): for each step ahead the latest value whole seasons before it, or the last value where missing."""
        back = torch.arange(self.horizon, device=at.device) % season + 1 - season
        values = past[:, (self.lag + at)[:, None] + back]
        return torch.where(values.isnan(), last[:, self.lag + at, None], values)

    def _future(self, batch: WindowBatch, ahead: Tensor) -> Tensor:
        if not self.known:
            return batch.values.new_zeros(*batch.values.shape[:1], *ahead.shape, 0)
        season = min(self.seasons, default=1)
        steps_ahead = torch.arange(self.horizon, device=ahead.device)
        before = ahead - (steps_ahead // season + 1) * season
        return torch.cat([batch.features[:, ahead], batch.features[:, before, self.calendar :]], -1)
