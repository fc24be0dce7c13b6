"""Torch's random numbers as a function of seed and step, so that a resumed run draws the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_MASK = (1 << 64) - 1


def mix(seed: int, purpose: int, number: int) -> int:
    """Derive a seed in [0, 2**63) from three integers, after the finaliser of SplitMix64 (Steele et al. 2014)."""
    state = 0
    for part in (seed, purpose, number):
        state = (state ^ part) + 0x9E3779B97F4A7C15 & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state >> 1


class Randomness:
    """Seeding of torch's global generators for the CPU and `device`."""

    BATCH, STEP, EVALUATION = range(3)

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        self._device = device

    def set(self, purpose: int, number: int) -> None:
        """Seed the generators with `(seed, purpose, number)`."""
        seed = mix(self._seed, purpose, number)
        torch.default_generator.manual_seed(seed)
        if self._device.type != "cpu":
            torch.get_device_module(self._device).manual_seed(seed)


@contextmanager
def caller_state_kept(device: torch.device) -> Iterator[None]:
    """Restore torch's global generators after the block to the state in which the caller left them."""
    if device.type == "cpu":
        with torch.random.fork_rng(devices=[]):
            yield
    else:
        with torch.random.fork_rng(devices=[device.index or 0], device_type=device.type):
            yield
