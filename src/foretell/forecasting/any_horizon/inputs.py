"""From series to what the any-horizon network reads."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.forecasting.any_horizon.asinh import asinh_
from foretell.forecasting.any_horizon.bank import BANK, CANDIDATES
from foretell.kernels.candidates import FACTS, SIGNED, SPREADS, look_back

AHEAD_FEATURES = 14
"""Numbers that say how far ahead a step is."""
_FARTHEST = 300.0
"""Targets further out than this many units teach nothing."""
_LARGEST = 1e4
_LEAST = 0.01
_PRESENT = len(SIGNED) + len(SPREADS) + FACTS.index("log count")
_SHARED = ("step_ahead", "ahead", "seasons")
"""What all series of a batch have in common."""


@dataclass(frozen=True)
class Inputs:
    """B series of which the last W steps are read, A anchors in each, and H steps ahead of each anchor."""

    steps: Tensor
    """(B, W, F): what describes the past at each step, of order 1."""
    present: Tensor
    """(B, W) float32: 1 from the first value of a series on, 0 before."""
    at: Tensor
    """(B, A) int64: the anchors, counted within the W steps."""
    step_ahead: Tensor
    """(H,) int64"""
    ahead: Tensor
    """(H, `AHEAD_FEATURES`)"""
    candidates: Tensor
    """(B, A, K, H): in units from the last value."""
    seasons: Tensor | tuple[int, int]
    """(2,) int64: the season and the second one in steps, 1 and 0 for none; numbers within an exported program."""
    unit: Tensor
    """(B, A) float64"""
    last: Tensor
    """(B, A) float64: the last value."""
    target: Tensor
    """(B, A, H): what came, in units from the last value; NaN where that is not known, or not to be learned from."""
    covariates: Tensor
    """(B, W, C): what else is known of each step: calendar, known and past columns; C = 0 for nothing."""
    future: Tensor
    """(B, A, H, C'): what is known of the steps ahead; C' = 0 for nothing."""
    static: Tensor
    """(B, S): numeric static columns."""
    categories: Tensor
    """(B, S') int64: the codes of the others."""

    def with_targets(self, came: NDArray[np.float64]) -> Inputs:
        """The same with targets from what came, (B, A, H), NaN where that is not known."""
        last, unit = self.last.numpy()[..., None], self.unit.numpy()[..., None]
        with np.errstate(over="ignore", invalid="ignore"):
            target = (came - last) / unit
        # Before its first value a series has no unit.
        begun = self.present.gather(1, self.at).numpy()[..., None] > 0
        known = begun & (np.abs(target) <= _FARTHEST)
        return replace(self, target=torch.from_numpy(np.where(known, target, np.nan).astype(np.float32)))

    @property
    def weight(self) -> float:
        """How much the loss on them counts beside that on others: the number of known targets."""
        return float((~self.target.isnan()).sum().clamp(min=1))

    def to(self, device: torch.device) -> Inputs:
        """The same on another device."""
        return Inputs(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    def split(self, parts: int) -> list[Inputs]:
        """The series in equal parts."""
        pieces = {f.name: getattr(self, f.name).chunk(parts) for f in fields(self) if f.name not in _SHARED}
        return [replace(self, **{name: piece[k] for name, piece in pieces.items()}) for k in range(parts)]

    def chunks(self, length: int) -> list[Inputs]:
        """Consecutive pieces of `length` steps for truncated backpropagation through time.

        Each has all anchors, but learns nothing from those that are not among its steps.
        """
        pieces = []
        for start in range(0, self.steps.shape[1], length):
            here = slice(start, start + length)
            inside = (self.at >= start) & (self.at < start + length)
            pieces.append(
                replace(
                    self,
                    steps=self.steps[:, here],
                    present=self.present[:, here],
                    covariates=self.covariates[:, here],
                    at=torch.where(inside, self.at - start, 0),
                    target=self.target.where(inside[..., None], torch.nan),
                )
            )
        return pieces


def describe(
    values: NDArray[np.float64],
    seasons: tuple[int, int],
    anchors: NDArray[np.int64],
    ahead: NDArray[np.int64],
    window: int,
    threads: int = 1,
) -> Inputs:
    """The inputs of series `values` (B, T), NaN where missing, with `anchors` (B, A) among the last `window` steps.

    `ahead` (H,) are the steps ahead, from 1 on. Targets are the values after the anchors, as far as they are there.
    """
    count, steps = values.shape
    season, second = seasons
    window = min(window, steps)
    past = look_back(
        values, BANK, season=season, second=second, window=window, anchors=anchors, ahead=ahead, threads=threads
    )
    features = compressed(torch.from_numpy(past.features))
    at = anchors[..., None] + ahead
    there = at < steps
    came = np.take_along_axis(values, np.where(there, at, 0).reshape(count, -1), 1).reshape(at.shape)
    inputs = Inputs(
        steps=features,
        present=is_present(features),
        at=torch.from_numpy(anchors - (steps - window)),
        step_ahead=torch.from_numpy(ahead),
        ahead=torch.from_numpy(ahead_features(ahead, seasons)),
        candidates=torch.from_numpy(past.candidates),
        seasons=torch.tensor(seasons),
        unit=torch.from_numpy(past.unit),
        last=torch.from_numpy(past.last),
        target=torch.full(at.shape, torch.nan),
        covariates=torch.zeros(count, window, 0),
        future=torch.zeros(*at.shape, 0),
        static=torch.zeros(count, 0),
        categories=torch.zeros(count, 0, dtype=torch.int64),
    )
    return inputs.with_targets(np.where(there, came, np.nan))


def is_present(features: Tensor) -> Tensor:
    """(..., F) to (...): 1 from the first value of a series on, 0 before."""
    return (features[..., _PRESENT] > 0).float()


def compressed(raw: Tensor) -> Tensor:
    """Distances by the inverse hyperbolic sine, sizes by their logarithm, so that all of it is of order 1; in place."""
    signed, spreads = len(SIGNED), len(SIGNED) + len(SPREADS)
    errors = spreads + len(FACTS)
    for start, end in ((0, signed), (errors, errors + CANDIDATES)):
        asinh_(raw[..., start:end].clamp_(-_LARGEST, _LARGEST))
    raw[..., signed - 1] /= 4  # the mean itself, which is large where a series lies far from 0
    for start, end in ((signed, spreads), (errors + CANDIDATES, raw.shape[-1])):
        raw[..., start:end].clamp_(0.0, _LARGEST).add_(_LEAST).log_()
    return raw.nan_to_num_(0.0, 0.0, 0.0)


def ahead_features(ahead: NDArray[np.int64], seasons: tuple[int, int]) -> NDArray[np.float32]:
    """(H,) steps ahead to (H, `AHEAD_FEATURES`): their size in steps and in seasons, and their phases."""
    season, second = seasons
    h = ahead.astype(np.float64)
    cycles = h / season
    zero, one = np.zeros_like(h), np.ones_like(h)
    angle, second_angle = 2 * np.pi * h / season, 2 * np.pi * h / max(second, 1)
    columns = [
        np.log(h) / 3,
        1 / h,
        np.minimum(np.sqrt(h) / 5, 5),
        np.log(cycles) / 3,
        np.minimum(cycles, 10) / 3,
        np.log(np.ceil(cycles)) / 2,
        (cycles <= 1) * one,
        np.log(season) / 3 * one,
        (season == 1) * one,
        np.sin(angle) if season > 1 else zero,
        np.cos(angle) if season > 1 else zero,
        np.sin(second_angle) if second else zero,
        np.cos(second_angle) if second else zero,
        (second > 0) * one,
    ]
    return np.stack(columns, -1).astype(np.float32)
