"""The memory that a training step of each recurrent layer takes, ours beside torch's. Linux, CPU.

    python benchmarks/recurrent_memory.py

Each figure comes from fresh processes: a step of a tiny layer loads the code, then what the process holds is noted,
and the peak of resident memory during the layer's second step is set against it. So whatever a layer keeps from step
to step counts, and the parameters' gradients do; weights and input do not.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import torch
from recurrent_sides import CELLS, Shape, Side, batch, layer, ours_side, torch_side
from tables import markdown

SHAPES: tuple[Shape, ...] = ((32, 100, 64, 128), (64, 100, 128, 256), (16, 200, 256, 512))
LAYERS = ("LSTM", "GRU", "RNN")
SIDES = ("ours", "torch")
TINY: Shape = (4, 3, 8, 16)
ALLOCATION = {"MALLOC_MMAP_THRESHOLD_": "65536"}
"""Every block from 64 KiB on goes back to the system when freed, so that where blocks happen to lie does not count."""


@dataclass(frozen=True)
class Extra:
    """The extra memory of a step in MiB."""

    layer: str
    shape: Shape
    ours: float
    torch: float

    @property
    def ratio(self) -> float:
        """Torch's over ours."""
        return self.torch / self.ours


def _resident(field: str) -> float:
    """A field of the process's status in MiB: `VmRSS`, resident now, or `VmHWM`, its peak since last reset."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def _tidy() -> None:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def _side(name: str, which: str, shape: Shape) -> Side:
    cell, given = CELLS[name], batch(shape, "cpu")
    made = layer(cell, shape, "cpu")
    return ours_side(made, given, True) if which == "ours" else torch_side(cell, made, shape, given, True)


def extra(name: str, which: str, shape: Shape) -> float:
    """MiB that a training step needs at its peak above what this process held before the layer first ran."""
    _side(name, which, TINY).step()
    side = _side(name, which, shape)
    _tidy()
    before = _resident("VmRSS")
    side.step()
    for parameter in side.parameters.values():
        parameter.grad = None
    _tidy()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # sets the peak back to what is resident now
    side.step()
    return _resident("VmHWM") - before


def _measured(name: str, which: str, shape: Shape, threads: int) -> float:
    command = [sys.executable, __file__, "--threads", str(threads), "--one", name, which, *map(str, shape)]
    done = subprocess.run(command, env=os.environ | ALLOCATION, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}, {which}, at {shape}: {done.stderr.strip() or done.returncode}")
    return float(done.stdout)


def memory(threads: int, processes: int) -> list[Extra]:
    """For each layer and shape the medians."""
    rows = []
    for name in LAYERS:
        for shape in SHAPES:
            ours, peer = ([_measured(name, s, shape, threads) for _ in range(processes)] for s in SIDES)
            figures = [", ".join(f"{figure:.1f}" for figure in taken) for taken in (ours, peer)]
            print(f"memory of {name} at {shape}: {figures[0]}; torch {figures[1]} MiB", file=sys.stderr, flush=True)
            rows.append(Extra(name, shape, statistics.median(ours), statistics.median(peer)))
    return rows


def table(rows: list[Extra]) -> str:
    """The rows in markdown, with what they mean."""
    cells = [
        (f"{row.layer}, {', '.join(map(str, row.shape))}", f"{row.ours:.1f}", f"{row.torch:.1f}", f"{row.ratio:.2f}")
        for row in rows
    ]
    said = (
        "The additional memory of a training step: the peak above what the process used before the layer first ran, "
        "including the gradients of the parameters; medians over new processes."
    )
    return said + "\n\n" + markdown(("B, T, I, H", "ours, MiB", "torch, MiB", "torch over ours"), cells)


def main() -> None:
    """Measure and print the table, or, in a process of its own, one figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=3, help="for each figure")
    parser.add_argument("--one", nargs=6, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.one:
        name, which, *sizes = options.one
        b, t, i, h = map(int, sizes)
        print(extra(name, which, (b, t, i, h)))
        return
    print(table(memory(options.threads, options.processes)))


if __name__ == "__main__":
    main()
