"""The shapes of what goes into the scans and the WaveNet stack and comes out, compiled and in plain torch."""

from typing import Any

import pytest
import torch
from beartype import beartype
from jaxtyping import Float, jaxtyped
from torch import Tensor

from foretell.kernels import operators
from foretell.kernels.equations import GRUEquations, LSTMEquations, RNNEquations
from foretell.kernels.inputs import GATES, Inputs
from foretell.kernels.reference import scan
from foretell.kernels.wavenet_reference import LayerWeights, stack

checked = jaxtyped(typechecker=beartype)


@checked
def scanned(
    equations: Any,
    x: Float[Tensor, "N I"],
    batch_sizes: list[int],
    initial: tuple[Float[Tensor, "B H"], ...],
    weights: dict[str, Tensor],
) -> tuple[Float[Tensor, "N H"], tuple[Float[Tensor, "B H"], ...]]:
    outputs, final = scan(equations, x, batch_sizes, initial, weights)
    assert len(final) == len(initial)
    return outputs, final


@pytest.mark.parametrize("equations", [RNNEquations(), LSTMEquations(peephole=True), GRUEquations(layer_norm=True)])
@pytest.mark.parametrize("batch_sizes", [[1], [3, 3, 2, 1], [2] * 5])
def test_reference(equations: Any, batch_sizes: list[int]) -> None:
    inputs, hidden = 2, 5
    rows = equations.gates * hidden
    shapes = {"weight_ih": (rows, inputs), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
    shapes |= equations.options(hidden)
    weights = {name: torch.randn(shape) for name, shape in shapes.items()}
    states = 2 if isinstance(equations, LSTMEquations) else 1
    initial = tuple(torch.randn(batch_sizes[0], hidden) for _ in range(states))
    scanned(equations, torch.randn(sum(batch_sizes), inputs), batch_sizes, initial, weights)


@checked
def compiled(
    i: Inputs, x: Float[Tensor, "T B I"], h: Float[Tensor, "B H"]
) -> tuple[Float[Tensor, "T B H"], Float[Tensor, "B H"], Float[Tensor, "B H"] | Float[Tensor, "0"]]:
    outputs, final_h, final_c, *kept = operators.forward(i, keep=True)
    assert (len(final_c) > 0) == (i.initial_c is not None)
    assert all(len(values) == x.shape[0] * x.shape[1] for values in kept)
    return outputs, final_h, final_c


@pytest.mark.skipif(not operators.takes("gru", torch.zeros(1), torch.float32), reason="there are no compiled kernels")
@pytest.mark.parametrize("cell", sorted(GATES))
@pytest.mark.parametrize(("t", "b", "i", "h"), [(1, 1, 1, 1), (7, 3, 2, 5), (4, 16, 8, 32)])
def test_compiled(cell: str, t: int, b: int, i: int, h: int) -> None:
    rows = GATES[cell] * h
    weights = {"weight_ih": torch.randn(rows, i), "weight_hh": torch.randn(rows, h)}
    x, initial = torch.randn(t, b, i), torch.randn(b, h)
    compiled(Inputs(cell, x, weights, initial, initial if cell == "lstm" else None), x, initial)


@checked
def skipped(
    x: Float[Tensor, "B R T"], dilations: list[int], weights: list[LayerWeights], skip: int
) -> Float[Tensor, "B {skip} T"]:
    pasts = [x.new_zeros(*x.shape[:2], dilation) for dilation in dilations]
    return stack(x, pasts, dilations, weights, [None] * len(dilations))


def test_wavenet_stack() -> None:
    channels, skip, dilations = 4, 6, [1, 2, 4]
    inner = [torch.randn(2 * channels, channels, 2), torch.randn(2 * channels)]
    mixed = [torch.randn(channels + skip, channels, 1), torch.randn(channels + skip)]
    last = [torch.randn(skip, channels, 1), torch.randn(skip)]
    skipped(torch.randn(3, channels, 9), dilations, [LayerWeights(*inner, *m) for m in (mixed, mixed, last)], skip)
