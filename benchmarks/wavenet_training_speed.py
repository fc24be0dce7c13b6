"""A training step of our WaveNet beside the same network written in plain `torch.nn.Conv1d`."""

from __future__ import annotations

import copy
import statistics
import sys
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from recurrent_sides import DisagreementError, Side, agree
from side_by_side import medians
from tables import markdown
from torch import Tensor, nn
from wavenet_torch import PlainWaveNet, foretell_gradients

from foretell.nn import WaveNet, dilation_cycles

LEVELS = 256


@dataclass(frozen=True)
class Step:
    """Cycles of ten layers, and the batch: B sequences of T samples."""

    layers: int
    residual: int
    skip: int
    batch: int
    samples: int
    local: int | None = None
    """Size of the conditioning at each step."""

    @property
    def title(self) -> str:
        """All sizes."""
        conditioned = f", conditioned on {self.local}" if self.local else ""
        return f"{self.layers}, {self.residual}, {self.skip}; {self.batch}, {self.samples:,}{conditioned}"


STEPS = (
    Step(20, 64, 128, 8, 2048),
    Step(20, 64, 128, 1, 8192),
    Step(20, 64, 128, 32, 256),
    Step(20, 32, 128, 8, 2048),
    Step(30, 64, 256, 4, 2048),
    Step(20, 32, 128, 8, 2048, local=64),
)


@dataclass(frozen=True)
class Timing:
    """Milliseconds of a step."""

    step: Step
    ours: float
    plain: float


def measure(step: Step, seconds: float, least: tuple[int, int]) -> Timing:
    """Both sides in turns, once they are known to compute the same."""
    torch.manual_seed(0)
    network = WaveNet(
        LEVELS, step.residual, step.skip, LEVELS, dilation_cycles(10, step.layers // 10), 2, local_size=step.local
    ).train()
    plain = PlainWaveNet(network).train()
    levels = torch.randint(0, LEVELS, (step.batch, step.samples + 1))
    local = torch.randn(step.batch, step.samples, step.local) if step.local else None
    ours, peer = _side(network, levels, local), _side(plain, levels, local)
    try:
        agree(_outputs_alone(ours), _outputs_alone(peer))
        # In float32 a relu whose input is zero but for rounding has its gradient on one side and not on the other.
        doubled = None if local is None else local.double()
        agree(*(_side(copy.deepcopy(side).double(), levels, doubled) for side in (network, plain)))  # type: ignore[arg-type]
    except DisagreementError as error:
        raise SystemExit(f"{step.title}: the sides do not agree, nothing is timed. {error}") from None
    found = medians({"ours": ours.step, "plain": peer.step}, seconds, least)
    timing = Timing(step, found["ours"], found["plain"])
    print(f"{step.title}: {timing.ours:.0f} ms, plain {timing.plain:.0f} ms", file=sys.stderr, flush=True)
    return timing


def report(timings: list[Timing]) -> str:
    """The table."""
    rows = []
    for timing in timings:
        samples = timing.step.batch * timing.step.samples
        cells = [timing.step.title, f"{timing.ours:.1f}", f"{timing.plain:.1f}", f"{timing.plain / timing.ours:.2f}"]
        rows.append([*cells, f"{1e3 * samples / timing.ours:,.0f}"])
    mean = statistics.geometric_mean([timing.plain / timing.ours for timing in timings])
    rows.append(["geometric mean", "", "", f"{mean:.2f}", ""])
    header = ["layers, R, S; B, T", "ours, ms", "Conv1d, ms", "ratio", "ours, samples/s"]
    words = (
        "Forward, cross-entropy and the gradients of all parameters, fp32, in turns, medians; before they were timed "
        "both sides agreed, in outputs as timed, in all gradients in double precision. Levels come in by a table on "
        "both sides, not one-hot. Conv1d: a torch.nn.Conv1d for each matrix of the equations, padded in front. Ratio: "
        "its time over ours."
    )
    return f"## A training step\n\n{markdown(header, rows)}\n\n{words}"


def _side(network: nn.Module, levels: Tensor, local: Tensor | None) -> Side:
    inputs, targets = levels[:, :-1], levels[:, 1:].flatten()

    def step() -> Tensor:
        for parameter in network.parameters():
            parameter.grad = None
        outputs: Tensor = network(inputs, local_y=local)
        F.cross_entropy(outputs.flatten(0, 1), targets).backward()
        return outputs

    def results() -> dict[str, Tensor]:
        outputs = step().detach()
        gradients = network.gradients() if isinstance(network, PlainWaveNet) else foretell_gradients(network)  # type: ignore[arg-type]
        return {"outputs": outputs, **{f"gradient of {name}": found.clone() for name, found in gradients.items()}}

    return Side(step, results)


def _outputs_alone(side: Side) -> Side:
    return Side(side.step, lambda: {"outputs": side.results()["outputs"]})
