"""Timing side by side in one process: calls take turns, so that whatever slows the machine slows them all alike."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

WARM_UP = 3
SIZE = 2048
"""Of the square matrices whose product is taken for the machine's peak."""


def finished(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def medians(
    calls: Mapping[str, Callable[[], Any]], seconds: float, least: tuple[int, int] = (15, 7), device: str = "cpu"
) -> dict[str, float]:
    """The median time of each call in ms; they run in turns, A B A B, after three rounds to warm up.

    Rounds go on for `seconds`, and for `least[0]` of them at least; where so many would take more than twice as long,
    for `least[1]`.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()  # a collection would strike one of the calls at random
    try:
        rounds, enough, began = 0, least[0], time.perf_counter()
        while True:
            for name, call in calls.items():
                start = time.perf_counter()
                call()
                finished(device)
                taken[name].append(1e3 * (time.perf_counter() - start))
            rounds += 1
            if rounds == WARM_UP:
                if (time.perf_counter() - began) / WARM_UP * least[0] > 2 * seconds:
                    enough = least[1]
                began = time.perf_counter()
            elif rounds >= WARM_UP + enough and time.perf_counter() - began >= seconds:
                return {name: statistics.median(times[WARM_UP:]) for name, times in taken.items()}
    finally:
        if collecting:
            gc.enable()


def matrix_product_peak(device: str = "cpu", times: int = 15) -> float:
    """GFLOP/s of the fastest of so many fp32 products of two 2048 x 2048 matrices."""
    a, b = torch.randn(2, SIZE, SIZE, device=device)
    out = torch.empty(SIZE, SIZE, device=device)
    fastest = float("inf")
    with torch.no_grad():
        for _ in range(WARM_UP + times):
            start = time.perf_counter()
            torch.mm(a, b, out=out)
            finished(device)
            fastest = min(fastest, time.perf_counter() - start)
    return 2 * SIZE**3 / fastest / 1e9


def machine(device: str = "cpu") -> dict[str, str]:
    """What the figures were taken on."""
    facts = {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "instruction set": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "threads": str(torch.get_num_threads()),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }
    return facts | ({"accelerator": torch.cuda.get_device_name()} if device == "cuda" else {})


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
