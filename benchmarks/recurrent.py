"""Our recurrent layers beside torch's, and beside loops over torch's operators where torch has no layer.

    python benchmarks/recurrent.py [--rows NAME ...] [--shapes small] [--quick] [--threads 2] [--keras] [--memory]

Both sides hold the same weights, are checked to compute the same, and then take turns in one process: fp32 (the rows
named `half` under autocast to bfloat16), median times, and the ratio of the peer's time to ours, above 1 where ours is
faster. A training step is forward, backward and
the gradients of all parameters, from a fixed random cotangent of the outputs; the input needs no gradient.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import keras_peer
import recurrent_memory
import recurrent_precision
import torch
from recurrent_sides import (
    CELLS,
    HALF_TOLERANCE,
    DisagreementError,
    Shape,
    Side,
    agree,
    batch,
    layer,
    ours_side,
    torch_side,
)
from side_by_side import machine, matrix_product_peak, medians
from tables import markdown

SHAPES: dict[str, tuple[Shape, ...]] = {
    "all": (
        (32, 50, 1, 32),
        (32, 100, 16, 32),
        (32, 100, 64, 128),
        (64, 100, 128, 256),
        (16, 200, 256, 512),
        (256, 50, 64, 128),
        (1, 100, 64, 128),
        (8, 1000, 32, 64),
        (128, 24, 8, 64),
    ),
    "small": ((32, 50, 1, 32), (32, 100, 16, 32), (32, 100, 64, 128), (1, 100, 64, 128), (128, 24, 8, 64)),
    "steps": (
        (1, 1, 32, 32),
        (1, 1, 128, 128),
        (1, 1, 128, 512),
        (16, 1, 64, 128),
        (100, 1, 64, 128),
        (1, 4, 64, 64),
        (1, 10, 128, 256),
        (8, 20, 32, 64),
    ),
}
WIDE, SHARE = 256, 0.85
"""From so many hidden features on, ours should reach this share of the machine's matrix-product peak."""


@dataclass(frozen=True)
class Row:
    """A comparison, and the ratios it should reach: geometric mean over the shapes, worst shape, and worst wide one."""

    cell: str
    peer: str
    mean: float
    worst: float | None = None
    training: bool = True
    half: bool = False
    wide: float | None = None
    steps: bool = False
    """Whether it is about single steps and other small calls."""

    @property
    def title(self) -> str:
        """Both sides and what they do."""
        ours = "ragged LSTM" if self.peer == "padded" else self.cell
        ours = f"{ours} in half precision" if self.half else ours
        named = {"plain": "our plain LSTM", "padded": "our padded LSTM", "loop": "a loop over torch's operators"}
        named["fp32"], named["one thread"] = "itself in fp32", "itself on one thread"
        peer = named.get(self.peer, self.peer)
        small = ", small calls" if self.steps else ""
        return f"{ours} beside {peer}, {'training step' if self.training else 'inference'}{small}"

    def shapes(self, chosen: str) -> tuple[Shape, ...]:
        """The shapes to time."""
        return SHAPES["steps" if self.steps else chosen]


ROWS = {
    "lstm": Row("LSTM", "torch.nn.LSTM (oneDNN)", 1.2, 1.0),
    "gru": Row("GRU", "torch.nn.GRU", 3.0, 1.3),
    "rnn": Row("RNN", "torch.nn.RNN", 2.5, 1.3),
    "peephole-lstm": Row("peephole LSTM", "loop", 5.0, 2.0),
    "layer-norm-lstm": Row("layer-norm LSTM", "loop", 5.0, 2.0),
    "layer-norm-gru": Row("layer-norm GRU", "loop", 5.0, 2.0),
    "layer-norm-beside-plain": Row("layer-norm LSTM", "plain", 0.75),
    "ragged-lstm": Row("LSTM", "padded", 1.4),
    "lstm-half": Row("LSTM", "fp32", 1.0, 1.0, half=True, wide=1.5),
    "gru-half": Row("GRU", "fp32", 1.0, 1.0, half=True, wide=1.5),
    "rnn-half": Row("RNN", "fp32", 1.0, 1.0, half=True, wide=1.5),
    "layer-norm-lstm-half": Row("layer-norm LSTM", "fp32", 1.0, 1.0, half=True, wide=1.5),
    "lstm-half-inference": Row("LSTM", "fp32", 1.0, 1.0, training=False, half=True, wide=1.5),
    "lstm-half-beside-torch": Row("LSTM", "torch.nn.LSTM (oneDNN) in half precision", 1.0, half=True, wide=1.0),
    "lstm-inference": Row("LSTM", "torch.nn.LSTM (oneDNN)", 1.1, training=False),
    "gru-inference": Row("GRU", "torch.nn.GRU", 2.0, training=False),
    "rnn-inference": Row("RNN", "torch.nn.RNN", 2.0, training=False),
    "lstm-steps": Row("LSTM", "torch.nn.LSTM (oneDNN)", 1.0, 1.0, steps=True),
    "gru-steps": Row("GRU", "torch.nn.GRU", 1.0, 1.0, steps=True),
    "rnn-steps": Row("RNN", "torch.nn.RNN", 1.0, 1.0, steps=True),
    "lstm-steps-inference": Row("LSTM", "torch.nn.LSTM (oneDNN)", 1.0, 1.0, training=False, steps=True),
    "gru-steps-inference": Row("GRU", "torch.nn.GRU", 1.0, 1.0, training=False, steps=True),
    "rnn-steps-inference": Row("RNN", "torch.nn.RNN", 1.0, 1.0, training=False, steps=True),
    "lstm-threads": Row("LSTM", "one thread", 1.0, 1.0),
    "lstm-threads-inference": Row("LSTM", "one thread", 1.0, 1.0, training=False),
}


@dataclass(frozen=True)
class Timing:
    """One row at one shape: times in ms, and the GFLOP of matrix products in a step of ours."""

    shape: Shape
    ours: float
    peer: float
    work: float
    keras: float | None = None

    @property
    def ratio(self) -> float:
        """The peer's time over ours."""
        return self.peer / self.ours

    def share(self, peak: float) -> float:
        """Of the matrix-product peak, in GFLOP/s, what a step of ours reaches."""
        return self.work / (self.ours / 1e3) / peak


@dataclass(frozen=True)
class Result:
    """A row at every shape."""

    row: Row
    timings: list[Timing] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """The geometric mean of the ratios."""
        return statistics.geometric_mean([timing.ratio for timing in self.timings])

    @property
    def worst(self) -> Timing:
        """Where the ratio is least."""
        return min(self.timings, key=lambda timing: timing.ratio)

    @property
    def wide(self) -> Timing | None:
        """Where the ratio is least from `WIDE` hidden features on."""
        return min((t for t in self.timings if t.shape[3] >= WIDE), key=lambda timing: timing.ratio, default=None)

    def least_share(self, peak: float) -> float | None:
        """Of the matrix-product peak, what ours reaches at the least from `WIDE` hidden features on, in fp32."""
        shares = [t.share(peak) for t in self.timings if t.shape[3] >= WIDE]
        return None if self.row.half or self.row.steps or not shares else min(shares)

    @property
    def met(self) -> bool:
        """Whether mean, worst and, where one was timed, worst wide ratio reach the row's targets."""
        wide = self.wide is None or self.wide.ratio >= (self.row.wide or 0)
        return wide and self.mean >= self.row.mean and self.worst.ratio >= (self.row.worst or 0)


def sides(row: Row, shape: Shape, device: str) -> tuple[Side, Side]:
    """Ours and the peer, once each is known to compute what torch does; raises DisagreementError."""
    cell, given = CELLS[row.cell], batch(shape, device, ragged=row.peer == "padded")
    made = layer(cell, shape, device)
    if row.half:
        ours, exact = (ours_side(made, given, row.training, half=half) for half in (True, False))
        agree(ours, exact, HALF_TOLERANCE)
        return ours, exact if row.peer == "fp32" else torch_side(cell, made, shape, given, row.training, half=True)
    ours = ours_side(made, given, row.training, ragged=row.peer == "padded")
    if row.peer == "one thread":
        return ours, replace(ours, step=on_one_thread(ours.step))
    peer = torch_side(cell, made, shape, given, row.training)
    agree(ours, peer)
    if row.peer == "padded":
        return ours, ours_side(made, given, row.training)
    if row.peer == "plain":
        plain = layer(CELLS["LSTM"], shape, device)
        side = ours_side(plain, given, row.training)
        agree(side, torch_side(CELLS["LSTM"], plain, shape, given, row.training))
        return ours, side
    return ours, peer


def on_one_thread(step: Callable[[], Any]) -> Callable[[], Any]:
    """The same step on one thread."""

    def run() -> Any:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return step()
        finally:
            torch.set_num_threads(threads)

    return run


def work(row: Row, shape: Shape) -> float:
    """GFLOP of a step, matrix products alone."""
    b, t, i, h = shape
    lengths = batch(shape, "cpu", ragged=True).lengths if row.peer == "padded" else None
    steps = b * t if lengths is None else int(lengths.sum())
    unit = 2 * steps * CELLS[row.cell].gates * h / 1e9
    return unit * (3 * (i + h) - i) if row.training else unit * (i + h)


def timed(name: str, shape: Shape, options: argparse.Namespace) -> Timing:
    """Both sides in turns; then, if asked for, Keras by itself, whose threads are not torch's."""
    row, pace = ROWS[name], (0.2, (5, 3)) if options.quick else (2.0, (15, 7))
    try:
        ours, peer = sides(row, shape, options.device)
        found = medians({"ours": ours.step, "peer": peer.step}, *pace, device=options.device)
        keras = None
        if options.keras and name.partition("-")[0] in ("lstm", "gru", "rnn"):
            given = batch(shape, "cpu")
            other = keras_peer.keras_side(row.cell, ours.parameters, given, row.training)
            agree(ours, other)
            keras = medians({"keras": other.step}, *pace)["keras"]
    except DisagreementError as error:
        raise SystemExit(f"{name} at B, T, I, H = {shape}: the sides do not agree, nothing is timed. {error}") from None
    timing = Timing(shape, found["ours"], found["peer"], work(row, shape), keras)
    print(f"{name} {shape}: {timing.ours:.2f} ms, ratio {timing.ratio:.2f}", file=sys.stderr, flush=True)
    return timing


def table(result: Result, peak: float) -> str:
    """A row's shapes, its geometric mean, and how near ours comes to the machine's peak."""
    with_keras = any(timing.keras for timing in result.timings)
    header = ["B, T, I, H", "ours, ms", "peer, ms", "ratio", "share of peak"]
    rows = []
    for timing in result.timings:
        share = timing.share(peak)
        low = timing.shape[3] >= WIDE and share < SHARE and not result.row.steps
        mark = f" (below {100 * SHARE:.0f})" if low else ""
        cells = [", ".join(map(str, timing.shape)), f"{timing.ours:.2f}", f"{timing.peer:.2f}", f"{timing.ratio:.2f}"]
        cells.append(f"{100 * share:.0f} %{mark}")
        if with_keras and timing.keras:
            cells += [f"{timing.keras:.2f}", f"{timing.keras / timing.ours:.2f}"]
        rows.append(cells)
    end = ["geometric mean", "", "", f"{result.mean:.2f}", ""]
    if with_keras:
        header += ["Keras on JAX, ms", "its ratio"]
        end += ["", f"{statistics.geometric_mean([t.keras / t.ours for t in result.timings if t.keras]):.2f}"]
    return f"## {result.row.title}\n\n{markdown(header, [*rows, end])}"


def summary(results: Sequence[Result], peak: float) -> str:
    """The targets, and what was reached."""
    rows = []
    for result in results:
        row, worst = result.row, result.worst
        where = f"{worst.ratio:.2f} at {', '.join(map(str, worst.shape))}"
        least = "" if row.worst is None else f"{row.worst:.2f}"
        wide = ["", ""]
        if result.wide is not None and row.wide is not None:
            wide = [f"{result.wide.ratio:.2f}", f"{row.wide:.2f}"]
        met = "met" if result.met else "missed"
        least_share = result.least_share(peak)
        share = ""
        if least_share is not None:
            share = f"{100 * least_share:.0f} %, {'met' if least_share >= SHARE else 'missed'}"
        rows.append([row.title, f"{result.mean:.2f}", f"{row.mean:.2f}", where, least, *wide, met, share])
    header = ["", "geometric mean", "target", "worst shape", "target", f"worst with H >= {WIDE}", "target", ""]
    header.append(f"least share of peak with H >= {WIDE}, target {100 * SHARE:.0f} %")
    return markdown(header, rows)


def said(options: argparse.Namespace, peak: float) -> str:
    """What the tables were taken on, and how to read them."""
    command = shlex.join(["python", "benchmarks/recurrent.py", *sys.argv[1:]])
    facts = "\n".join(f"- {name}: {value}" for name, value in options.machine.items())
    parts = [
        "# Recurrent layers, side by side",
        f"`{command}`",
        f"{facts}\n- matrix-product peak: {peak:.1f} GFLOP/s, the best of 30 products of 2048 x 2048, before and after",
        "fp32, half precision under autocast to bfloat16; medians; the sides take turns. Ratio: the peer's time over "
        "ours. Both sides agreed before they were "
        "timed, outputs and gradients. Ragged: lengths spread evenly over T/4 to T, 5/8 of the padded steps.",
        "Share of peak: ours, matrix products alone, 2 B T G H (I + H) FLOP forward with G gates; a training step has "
        "three times as many, less 2 B T G H I for the input's gradient, which is not computed. Ragged: valid steps "
        f"alone. Marked where H is {WIDE} or more and the share below {100 * SHARE:.0f} %.",
    ]
    if options.keras:
        parts.append(
            "Keras on JAX runs after the pair, not in turns with it, compiled, on all cores that the process may use."
        )
    if options.quick or options.shapes != "all":
        parts.append("A quick run or a part of the shapes: rough figures; the targets are for all shapes.")
    return "\n\n".join(parts)


def document(options: argparse.Namespace, peak: float, results: dict[str, Result], memory: Sequence[object]) -> str:
    """The same as JSON."""
    rows = {
        name: asdict(result.row)
        | {"geometric_mean": result.mean, "worst_ratio": result.worst.ratio, "met": result.met}
        | {"shapes": [asdict(t) | {"ratio": t.ratio, "share_of_peak": t.share(peak)} for t in result.timings]}
        for name, result in results.items()
    }
    whole = {"command": sys.argv, "machine": options.machine, "peak_gflops": peak, "rows": rows, "memory_mib": memory}
    return json.dumps(whole, indent=2) + "\n"


def main() -> None:
    """Check, time, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="NAME", help=", ".join(ROWS)
    )
    parser.add_argument("--shapes", choices=["all", "small"], default="all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="few repetitions: rough figures")
    parser.add_argument("--keras", action="store_true", help="time Keras on JAX as well (needs keras and jax)")
    parser.add_argument("--memory", action="store_true", help="add the memory of a training step (Linux, CPU)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--output", type=Path, help="a file for the tables, beside printing them")
    parser.add_argument("--json", type=Path, help="a file for all figures")
    options = parser.parse_args()
    if options.keras and not keras_peer.installed():
        parser.error("--keras needs both keras and jax: pip install keras jax")
    if options.device == "cuda" and (options.keras or options.memory):
        parser.error("--keras and --memory are for the CPU")
    torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    options.machine = machine(options.device)

    if not recurrent_precision.torch_takes_half():
        options.rows = [name for name in options.rows if name != "lstm-half-beside-torch"]
        print("torch.nn.LSTM refuses bfloat16 on this processor: no comparison with it", file=sys.stderr)
    peak = matrix_product_peak(options.device)
    results = {n: Result(ROWS[n], [timed(n, s, options) for s in ROWS[n].shapes(options.shapes)]) for n in options.rows}
    peak = max(peak, matrix_product_peak(options.device))
    memory = recurrent_memory.memory(options.threads, 1 if options.quick else 5) if options.memory else []

    parts = [said(options, peak), *(table(result, peak) for result in results.values())]
    if any(ROWS[name].half for name in options.rows):
        parts.append(f"## Half precision beside float64\n\n{recurrent_precision.table(SHAPES[options.shapes])}")
    parts += [f"## Memory\n\n{recurrent_memory.table(memory)}"] if memory else []
    text = "\n\n".join([*parts, f"## Targets\n\n{summary(list(results.values()), peak)}"])
    print(text)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")
    if options.json:
        options.json.write_text(document(options, peak, results, [asdict(extra) for extra in memory]), encoding="utf-8")


if __name__ == "__main__":
    main()
