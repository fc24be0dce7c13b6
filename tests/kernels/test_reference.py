"""The scan in plain torch: derivatives of both orders, packed layouts, dtypes."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from foretell.kernels.equations import GRUEquations, LSTMEquations, RNNEquations
from foretell.kernels.reference import scan

INPUTS, HIDDEN = 2, 3
RAGGED = [3, 3, 2, 1]
EQUATIONS = [
    RNNEquations(),
    RNNEquations(layer_norm=True),
    LSTMEquations(),
    LSTMEquations(peephole=True),
    LSTMEquations(layer_norm=True),
    LSTMEquations(peephole=True, layer_norm=True),
    GRUEquations(),
    GRUEquations(reset_after=False),
    GRUEquations(layer_norm=True),
]


def draw(equations, batch_sizes=RAGGED, dtype=torch.float64, projection=0, seed=0):
    """Random weights by name, input rows and initial state, all of them requiring gradients."""
    generator = torch.Generator().manual_seed(seed)
    rows = equations.gates * HIDDEN
    shapes = {
        "weight_ih": (rows, INPUTS),
        "weight_hh": (rows, projection or HIDDEN),
        "bias_ih": (rows,),
        "bias_hh": (rows,),
    }
    shapes |= equations.options(HIDDEN)
    if projection:
        shapes["weight_hr"] = (projection, HIDDEN)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()

    weights = {name: normal(*shape) for name, shape in shapes.items()}
    state = (normal(batch_sizes[0], projection or HIDDEN),)
    if isinstance(equations, LSTMEquations):
        state += (normal(batch_sizes[0], HIDDEN),)  # type: ignore[assignment]
    return normal(sum(batch_sizes), INPUTS), state, weights


def as_function(equations, weights, states, **options):
    """The scan as a function of tensors alone, for gradcheck."""
    names = list(weights)

    def run(x, *tensors):
        output, final = scan(
            equations, x, RAGGED, tensors[:states], dict(zip(names, tensors[states:], strict=True)), **options
        )
        return output, *final

    return run


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("equations", EQUATIONS, ids=repr)
def test_first_derivatives(equations, reverse):
    x, state, weights = draw(equations)
    run = as_function(equations, weights, len(state), reverse=reverse)
    assert gradcheck(run, (x, *state, *weights.values()), fast_mode=True)


@pytest.mark.parametrize("equations", EQUATIONS, ids=repr)
def test_second_derivatives(equations):
    x, state, weights = draw(equations)
    run = as_function(equations, weights, len(state))
    assert gradgradcheck(run, (x, *state, *weights.values()), fast_mode=True)


def test_derivatives_with_projection_mask_and_zoneout():
    equations = LSTMEquations(peephole=True)
    x, state, weights = draw(equations, projection=2)
    mask = torch.tensor([[2.0, 0], [0, 2], [2, 2]], dtype=torch.float64)
    keep = torch.zeros(sum(RAGGED), 2, dtype=torch.float64).bernoulli_(0.5, generator=torch.Generator().manual_seed(1))
    run = as_function(equations, weights, 2, recurrent_mask=mask, zoneout=[keep, 0.25])
    assert gradcheck(run, (x, *state, *weights.values()))
    assert gradgradcheck(run, (x, *state, *weights.values()), fast_mode=True)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("equations", EQUATIONS, ids=repr)
def test_packed_rows_equal_each_sequence_alone(equations, reverse):
    x, state, weights = draw(equations)
    outputs, final = scan(equations, x, RAGGED, state, weights, reverse=reverse)
    for row in range(RAGGED[0]):
        length = sum(size > row for size in RAGGED)
        mine = [sum(RAGGED[:t]) + row for t in range(length)]
        start = tuple(s[row : row + 1] for s in state)
        alone, end = scan(equations, x[mine], [1] * length, start, weights, reverse=reverse)
        torch.testing.assert_close(outputs[mine], alone, rtol=1e-12, atol=1e-14)
        for s, expected in zip(final, end, strict=True):
            torch.testing.assert_close(s[row : row + 1], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("equations", EQUATIONS, ids=repr)
def test_a_mask_of_ones_and_zoneout_of_zero_change_nothing(equations):
    x, state, weights = draw(equations)
    plain, _ = scan(equations, x, RAGGED, state, weights)
    options = {"recurrent_mask": torch.ones_like(state[0]), "zoneout": [0.0] * len(state)}
    torch.testing.assert_close(scan(equations, x, RAGGED, state, weights, **options)[0], plain, rtol=0, atol=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("equations", EQUATIONS, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_dtype(equations, dtype):
    exact, _ = scan(equations, *_split(draw(equations)))
    output, final = scan(equations, *_split(draw(equations, dtype=dtype)))
    assert output.dtype == dtype
    assert {s.dtype for s in final} == {dtype}
    error = 1e-5 if dtype == torch.float32 else 0.2
    torch.testing.assert_close(output.double(), exact, rtol=0, atol=error)


def _split(drawn):
    x, state, weights = drawn
    return x, RAGGED, state, weights


def test_an_empty_batch_gives_empty_outputs():
    x, state, weights = draw(LSTMEquations(), batch_sizes=[0, 0])
    output, final = scan(LSTMEquations(), x, [0, 0], state, weights)
    assert output.shape == (0, HIDDEN)
    assert [s.shape for s in final] == [(0, HIDDEN)] * 2
