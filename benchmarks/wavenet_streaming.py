"""How fast one thread of this machine reads memory: the floor under a WaveNet's time a sample."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

_REPEATED = 1.5


def streaming_rate(size: int, seconds: float = 0.5) -> float:
    """Bytes a second that one thread reads of a buffer of `size` bytes, over and over: what holds it serves it.

    The fastest pass of `torch.sum`, `torch.amax` and `torch.dot` over it, each for a third of `seconds`, less what the
    same call takes on next to nothing.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        buffer, tiny = torch.randn(max(64, size // 4)), torch.randn(2)
        rates = []
        for call in (torch.sum, torch.amax, _dot):
            taken = _fastest(call, buffer, seconds / 3)
            spare = _fastest(call, tiny, seconds / 30)
            rates.append(4 * len(buffer) / max(taken - spare, taken / _REPEATED))
        return max(rates)
    finally:
        torch.set_num_threads(threads)


def _dot(buffer: torch.Tensor) -> torch.Tensor:
    half = len(buffer) // 2
    return torch.dot(buffer[:half], buffer[half : 2 * half])


def _fastest(call: Callable[[torch.Tensor], torch.Tensor], buffer: torch.Tensor, seconds: float) -> float:
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call(buffer)
        best = min(best, time.perf_counter() - start)
    return best
