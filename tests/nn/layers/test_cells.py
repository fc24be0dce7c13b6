"""The cells: one step of the layers, and of torch's cells where they are plain."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from foretell import nn

B, I, H = 4, 3, 5  # noqa: E741
PAIRS: list[tuple[Any, Any, dict[str, Any]]] = [
    (nn.RNNCell, nn.RNN, {}),
    (nn.RNNCell, nn.RNN, {"nonlinearity": "relu"}),
    (nn.RNNCell, nn.RNN, {"layer_norm": True}),
    (nn.LSTMCell, nn.LSTM, {}),
    (nn.LSTMCell, nn.LSTM, {"peephole": True}),
    (nn.LSTMCell, nn.LSTM, {"layer_norm": True, "peephole": True}),
    (nn.GRUCell, nn.GRU, {}),
    (nn.GRUCell, nn.GRU, {"reset_after": False}),
    (nn.GRUCell, nn.GRU, {"layer_norm": True}),
]


def shaken(module):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.5)
    return module


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("cell", "layer", "options"), PAIRS)
def test_steps_of_a_cell_are_the_layer(cell, layer, options, bias):
    one = shaken(cell(I, H, bias=bias, dtype=torch.float64, **options))
    whole = layer(I, H, bias=bias, dtype=torch.float64, **options)
    whole.load_state_dict({f"{name}_l0": value for name, value in one.state_dict().items()})
    x = torch.randn(6, B, I, dtype=torch.float64)
    state, outputs = None, []
    for step in x:
        state = one(step, state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    expected, final = whole(x)
    torch.testing.assert_close(torch.stack(outputs), expected, rtol=1e-12, atol=1e-12)
    if isinstance(state, tuple):
        torch.testing.assert_close(state[1], final[1][0], rtol=1e-12, atol=1e-12)
    alone = one(x[0, 1])
    torch.testing.assert_close(alone[0] if isinstance(alone, tuple) else alone, outputs[0][1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
def test_plain_cells_are_those_of_torch(name):
    ours, theirs = shaken(getattr(nn, name)(I, H)), getattr(torch.nn, name)(I, H)
    theirs.load_state_dict(ours.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(B, I)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=0)
    assert isinstance(ours, type(theirs))


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_wrong_arguments_raise(cell):
    one = cell(I, H, layer_norm=True)
    with pytest.raises(ValueError, match="1D or 2D"):
        one(torch.randn(2, B, I))
    with pytest.raises(RuntimeError, match="input_size"):
        one(torch.randn(B, I + 1))
    wrong = torch.zeros(B, H + 1)
    with pytest.raises(RuntimeError, match="hx"):
        one(torch.randn(B, I), (wrong, wrong) if cell is nn.LSTMCell else wrong)


def test_layer_norm_excludes_reset_before():
    with pytest.raises(ValueError, match="reset_after"):
        nn.GRUCell(I, H, layer_norm=True, reset_after=False)
