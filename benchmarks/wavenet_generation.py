"""Samples a second of a WaveNet's generation: beside its targets, torch's operators, and the speed of memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from side_by_side import matrix_product_peak, medians
from tables import markdown
from wavenet_streaming import streaming_rate
from wavenet_torch import SteppedWaveNet

from foretell.nn import Categorical, Generator, WaveNet, dilation_cycles
from foretell.nn.decoding.wavenet_weights import PRECISIONS, Precision

LEVELS = 256
STREAMS = (1, 8, 64)
BYTES: dict[Precision, int] = {"float32": 4, "bfloat16": 2, "int8": 1}
"""Of a weight."""
GAIN, TORCH_RATIO, EIGHT_RATIO = 1.5, 14.0, 4.0
"""The targets: bf16 and int8 over fp32, ours over torch's operators, eight streams over one."""
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Shape:
    """A network of cycles of ten layers, dilations 1 to 512, and the target in samples per second, by threads."""

    layers: int
    residual: int
    skip: int
    targets: tuple[int, int]

    @property
    def title(self) -> str:
        """Layers, residual and skip channels."""
        return f"{self.layers}, {self.residual}, {self.skip}"

    def network(self) -> WaveNet:
        """With random weights, always the same."""
        torch.manual_seed(0)
        dilations = dilation_cycles(10, self.layers // 10)
        return WaveNet(LEVELS, self.residual, self.skip, LEVELS, dilations, kernel_size=2).eval()

    @property
    def matrices(self) -> int:
        """Numbers in the matrices that a sample needs whole: those of the layers and of the two output convolutions."""
        r, s, last = self.residual, self.skip, self.residual
        layer = 2 * r * 2 * r + (r + s) * r
        return self.layers * layer - last * r + s * s + LEVELS * s

    @property
    def vectors(self) -> int:
        """Numbers that stay in fp32: the biases, and the row of the table."""
        return self.layers * (3 * self.residual + self.skip) + self.skip + LEVELS

    def bytes(self, weights: Precision) -> int:
        """Read for a sample."""
        scales = self.layers * (5 * self.residual + self.skip) + self.skip + LEVELS if weights == "int8" else 0
        return self.matrices * BYTES[weights] + (self.vectors + scales) * 4


SHAPES = (
    Shape(30, 64, 256, (15_500, 22_000)),
    Shape(20, 64, 128, (30_000, 43_000)),
    Shape(20, 32, 128, (74_000, 120_000)),
)

Key = tuple[int, str, int]
"""Threads, weights (or "torch"), streams."""


@dataclass(frozen=True)
class Measured:
    """Samples a second of all streams together, by variant, and bytes per second by (threads, weights)."""

    shape: Shape
    rates: dict[Key, float]
    streaming: dict[tuple[int, Precision], float]

    def floor(self, threads: int, weights: Precision) -> float:
        """Seconds to read the weights once, each thread its part."""
        return self.shape.bytes(weights) / threads / self.streaming[threads, weights]

    @property
    def torch_rate(self) -> float:
        """Of the plain torch network, on the number of threads that it is faster on."""
        return max(rate for (_, weights, _), rate in self.rates.items() if weights == "torch")


def measure(shape: Shape, threads: Sequence[int], streams: Sequence[int], seconds: float, turn: float) -> Measured:
    """All variants in turns, `turn` seconds each, for `seconds` or more; the streaming rate before and after."""
    network = shape.network()
    check(network)
    calls: dict[Key, Callable[[int], object]] = {}
    for count in threads:
        calls[count, "torch", 1] = _on(count, SteppedWaveNet(network).generate)
        for weights in PRECISIONS:
            for batch in streams:
                head = Categorical(LEVELS)
                generator = Generator(network, head, batch=batch, weights=weights, backend="native")
                calls[count, weights, batch] = _on(count, generator.generate)
    streaming = _streaming(shape, threads)
    steps = {key: _steps(call, turn) for key, call in calls.items()}
    taken = medians({str(key): partial(call, steps[key]) for key, call in calls.items()}, seconds, (9, 5))
    rates = {key: 1e3 * steps[key] * key[2] / taken[str(key)] for key in calls}
    again = _streaming(shape, threads)
    found = Measured(shape, rates, {key: max(rate, again[key]) for key, rate in streaming.items()})
    for key, rate in rates.items():
        print(f"{shape.title}: {key}: {rate:,.0f} samples per second", file=sys.stderr, flush=True)
    return found


def check(network: WaveNet, steps: int = 64) -> None:
    """Leave with a message unless the stepped torch network gives the outputs that the whole network gives."""
    torch.manual_seed(1)
    levels = torch.randint(0, LEVELS, (steps,))
    with torch.inference_mode():
        whole = network(levels[None])[0]
        stepper = SteppedWaveNet(network)
        stepped = torch.stack([stepper.step(int(level)) for level in levels])
    apart = float((whole - stepped).abs().max())
    if not apart <= TOLERANCE * float(whole.abs().max()):
        raise SystemExit(f"the stepped torch network is {apart:.3g} apart from the whole one: nothing is timed")


def peaks(threads: Sequence[int]) -> dict[int, float]:
    """GFLOP/s of large matrix products, by threads."""
    found = {}
    for count in threads:
        torch.set_num_threads(count)
        found[count] = matrix_product_peak()
    return found


def report(found: Sequence[Measured], peak: Mapping[int, float]) -> str:
    """The tables; `peak` as `peaks` measures it."""
    together = _together(found, peak)
    return "\n\n".join(["## Generation", _one_stream(found), _EXPLANATION, "### Parallel streams", together])


_EXPLANATION = (
    "Random weights, 256 levels sampled from all of their probabilities, kernel size 2, dilations 1 to 512 in cycles; "
    "the variants of a shape take turns, medians. torch: the same network, stepped with torch's operators and a ring "
    "buffer per layer, fp32, on the number of threads that is faster; the ratio is our rate over its rate (target: "
    f"{TORCH_RATIO:.0f} for fp32). Floor: the bytes of the weights divided by the rate at which one thread, in this "
    "run, repeatedly reads a buffer of that size; with two threads each reads half. The target for bfloat16 and "
    f"int8 is {GAIN} times that for float32."
)


def _one_stream(found: Sequence[Measured]) -> str:
    header = ["layers, R, S", "threads", "weights", "samples/s", "target", "", "us per sample", "floor, us"]
    header += ["times the floor", "read at, GB/s", "torch, samples/s", "ratio", "over float32"]
    rows = []
    for one in found:
        for threads, weights in one.streaming:
            rate, floor = one.rates[threads, weights, 1], one.floor(threads, weights)
            target = _target(one.shape, threads, weights)
            gain = rate / one.rates[threads, "float32", 1]
            cells = [one.shape.title, str(threads), weights, f"{rate:,.0f}"]
            cells += ["", ""] if target is None else [f"{target:,.0f}", "met" if rate >= target else "missed"]
            cells += [f"{1e6 / rate:.1f}", f"{1e6 * floor:.1f}", f"{1 / rate / floor:.2f}"]
            cells += [f"{one.streaming[threads, weights] / 1e9:.0f}", f"{one.torch_rate:,.0f}"]
            below = weights == "float32" and rate < TORCH_RATIO * one.torch_rate
            cells += [
                f"{rate / one.torch_rate:.1f}{f' (below {TORCH_RATIO:.0f})' if below else ''}",
                "" if weights == "float32" else f"{gain:.2f}",
            ]
            rows.append(cells)
    return markdown(header, rows)


def _together(found: Sequence[Measured], peak: Mapping[int, float]) -> str:
    streams = sorted({batch for one in found for _, weights, batch in one.rates if weights != "torch"})
    header = ["layers, R, S", "threads", "weights", *(f"{n} at once, samples/s" for n in streams)]
    header += [f"{n} over 1" for n in streams[1:]] + ["", f"each of {streams[-1]}, samples/s"]
    header += ["at the peak, samples/s", "over 1"]
    rows = []
    for one in found:
        for threads, weights in one.streaming:
            rates = [one.rates[threads, weights, batch] for batch in streams]
            ratios = [rate / rates[0] for rate in rates]
            met = "met" if 8 in streams and ratios[streams.index(8)] >= EIGHT_RATIO else "missed"
            cells = [one.shape.title, str(threads), weights, *(f"{rate:,.0f}" for rate in rates)]
            cells += [*(f"{ratio:.2f}" for ratio in ratios[1:]), met, f"{rates[-1] / streams[-1]:,.0f}"]
            ceiling = 1e9 * peak[threads] / (2 * one.shape.matrices)
            rows.append([*cells, f"{ceiling:,.0f}", f"{ceiling / rates[0]:.2f}"])
    said = ", ".join(f"{rate:.0f} GFLOP/s on {count}" for count, rate in peak.items())
    words = (
        f"All streams together; the target for 8 streams is {EIGHT_RATIO:.0f} times the rate of one. At the peak: the "
        f"rate if the products of the layers and outputs ran as fast as large fp32 matrix products do here, by "
        f"threads: {said}."
    )
    return f"{markdown(header, rows)}\n\n{words}"


def _target(shape: Shape, threads: int, weights: Precision) -> float | None:
    if threads > len(shape.targets):
        return None
    return shape.targets[threads - 1] * (1.0 if weights == "float32" else GAIN)


def _streaming(shape: Shape, threads: Sequence[int]) -> dict[tuple[int, Precision], float]:
    return {(n, weights): streaming_rate(shape.bytes(weights) // n) for n in threads for weights in PRECISIONS}


def _on(threads: int, generate: Callable[[int], object]) -> Callable[[int], object]:
    def run(steps: int) -> object:
        torch.set_num_threads(threads)
        return generate(steps)

    return run


def _steps(call: Callable[[int], object], seconds: float) -> int:
    """How many steps take about so long."""
    call(16)
    start = time.perf_counter()
    call(32)
    guess = max(32, min(8192, int(seconds / 4 / (time.perf_counter() - start) * 32)))
    start = time.perf_counter()
    call(guess)
    return max(32, int(seconds / (time.perf_counter() - start) * guess))
