"""The two sides of each comparison of recurrent layers: same weights, same input, ready to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch_loops import Loop, layer_norm_gru, layer_norm_lstm, peephole_lstm

from foretell.nn import GRU, LSTM, RNN

Shape = tuple[int, int, int, int]
"""B sequences of T steps, I input features, H hidden features."""
TOLERANCE = 1e-4
"""How far two sides may differ, by the largest value of the tensor: fp32 through up to 1,000 steps."""
HALF_TOLERANCE = 0.1
"""The same where one of them is in half precision: some ten times the rounding to bfloat16."""


class DisagreementError(Exception):
    """Two sides that should compute the same do not."""


@dataclass(frozen=True)
class Side:
    """A layer on its input. `step` is what is timed; `results` are its outputs and gradients, by name."""

    step: Callable[[], Any]
    results: Callable[[], dict[str, Tensor]]
    parameters: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """A layer of ours, and what computes the same: torch's layer, or a loop over torch's operators."""

    ours: Callable[..., nn.Module]
    gates: int
    torch: Callable[..., nn.Module] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    loop: Loop | None = None


CELLS = {
    "LSTM": Cell(LSTM, 4, torch=nn.LSTM),
    "GRU": Cell(GRU, 3, torch=nn.GRU),
    "RNN": Cell(RNN, 1, torch=nn.RNN),
    "peephole LSTM": Cell(LSTM, 4, options={"peephole": True}, loop=peephole_lstm),
    "layer-norm LSTM": Cell(LSTM, 4, options={"layer_norm": True}, loop=layer_norm_lstm),
    "layer-norm GRU": Cell(GRU, 3, options={"layer_norm": True}, loop=layer_norm_gru),
}


@dataclass(frozen=True)
class Batch:
    """An input `(T, B, I)`, the cotangent of the outputs `(T, B, H)`, and the lengths `(B,)` of a ragged batch."""

    x: Tensor
    cotangent: Tensor
    lengths: Tensor | None = None

    @property
    def valid(self) -> Tensor:
        """1 where a step is within its sequence's length, `(T, B, 1)`; of a ragged batch."""
        assert self.lengths is not None
        within = torch.arange(len(self.x))[:, None] < self.lengths
        return within.unsqueeze(-1).to(self.x)


def batch(shape: Shape, device: str, ragged: bool = False) -> Batch:
    """Normal noise. Ragged: lengths spread evenly over T/4 to T, in random order, and no cotangent past a length."""
    b, t, i, h = shape
    torch.manual_seed(0)
    x, cotangent = torch.randn(t, b, i, device=device), torch.randn(t, b, h, device=device)
    if not ragged:
        return Batch(x, cotangent)
    spread = torch.linspace(t / 4, t, b) if b > 1 else torch.tensor([5 * t / 8])
    lengths = spread.round().long()[torch.randperm(b)]
    return Batch(x, cotangent * Batch(x, cotangent, lengths).valid, lengths)


def layer(cell: Cell, shape: Shape, device: str) -> nn.Module:
    """Ours, its initial values drawn with a fixed seed, vectors (biases, norms, peepholes) a little off theirs."""
    torch.manual_seed(1)
    made = cell.ours(*shape[2:], **cell.options)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if parameter.dim() == 1 or name.startswith("weight_peephole"):
                parameter.add_(torch.randn_like(parameter), alpha=0.1)
            if name.startswith("ln_hh"):  # at 1 the recurrence is chaotic: rounding alone grows to any size
                parameter.mul_(0.25)
    return made.to(device)


def ours_side(made: nn.Module, given: Batch, training: bool, ragged: bool = False, half: bool = False) -> Side:
    """The layer on its batch; `ragged` hands it the lengths, `half` runs it under autocast to bfloat16."""
    made.train(training)
    if ragged:
        x, lengths = given.x, given.lengths
        return _side(lambda: made(x, lengths=lengths)[0], _named(made), Batch(x, given.cotangent), training)
    return _side(lambda: made(given.x)[0], _named(made), given, training, half)


def torch_side(cell: Cell, made: nn.Module, shape: Shape, given: Batch, training: bool, half: bool = False) -> Side:
    """What computes the same as `made` by torch alone, with a copy of its weights."""
    if cell.torch:
        peer = cell.torch(*shape[2:]).to(given.x.device).train(training)
        peer.load_state_dict(made.state_dict())
        return _side(lambda: peer(given.x)[0], _named(peer), given, training, half)
    assert cell.loop
    loop, weights = cell.loop, {n: p.detach().clone().requires_grad_() for n, p in _named(made).items()}
    return _side(lambda: loop(given.x, weights), weights, given, training)


def _named(made: nn.Module) -> dict[str, Tensor]:
    return {name.removesuffix("_l0"): parameter for name, parameter in made.named_parameters()}


def _side(
    run: Callable[[], Tensor], parameters: dict[str, Tensor], given: Batch, training: bool, half: bool = False
) -> Side:
    cotangents = {dtype: given.cotangent.to(dtype) for dtype in (torch.bfloat16, given.cotangent.dtype)}

    def infer() -> Tensor:
        with torch.no_grad(), torch.autocast(given.x.device.type, torch.bfloat16, enabled=half):
            return run()

    def train() -> Tensor:
        for parameter in parameters.values():
            parameter.grad = None
        with torch.autocast(given.x.device.type, torch.bfloat16, enabled=half):
            outputs = run()
        torch.autograd.backward(outputs, cotangents[outputs.dtype])
        return outputs

    def results() -> dict[str, Tensor]:
        outputs = (train if training else infer)().detach().to(given.x.dtype)
        if given.lengths is not None:  # the padded side runs on past a length, where the ragged one gives zeros
            outputs = outputs * given.valid
        gradients = {f"gradient of {n}": p.grad for n, p in parameters.items() if p.grad is not None}
        return {"outputs": outputs, **{name: gradient.clone() for name, gradient in gradients.items()}}

    return Side(train if training else infer, results, parameters)


def agree(ours: Side, peer: Side, tolerance: float = TOLERANCE) -> None:
    """Raise DisagreementError unless all that the peer's results hold is the same in ours, up to rounding."""
    left, right = ours.results(), peer.results()
    for name, expected in right.items():
        if name not in left:
            raise DisagreementError(f"ours has no {name}")
        largest = float(expected.abs().max())
        apart = float((left[name] - expected).abs().max())
        if not apart <= tolerance * largest:  # so written, a NaN disagrees
            raise DisagreementError(f"{name}: {apart:.3g} apart, where the largest value is {largest:.3g}")
