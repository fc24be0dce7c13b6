"""Layers one after another: their states, lengths and sizes, and sequences continued piece by piece."""

from __future__ import annotations

import pytest
import torch

from foretell import nn
from foretell.nn.layers.stack import Stack

B, T, I = 3, 17, 2  # noqa: E741
CAUSAL = {
    "RNN": lambda: nn.RNN(I, 4, batch_first=True),
    "LSTM": lambda: nn.LSTM(I, 4, num_layers=2, proj_size=3, batch_first=True),
    "GRU": lambda: nn.GRU(I, 4, batch_first=True, layer_norm=True),
    "CausalConv1d": lambda: nn.CausalConv1d(I, 4, 3, dilation=2),
    "one tap": lambda: nn.CausalConv1d(I, 4, 1),
    "WaveNet": lambda: nn.WaveNet(I, 3, 4, dilations=(1, 2, 4)),
    "all": lambda: (
        nn.CausalConv1d(I, 3, 2),
        torch.nn.Tanh(),
        nn.LSTM(3, 4, batch_first=True),
        torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU()),
        nn.WaveNet(5, 3, 4, dilations=(1, 2)),
        nn.GRU(4, 4, batch_first=True),
    ),
}
CASES = pytest.mark.parametrize("name", list(CAUSAL))


def build(layers):
    torch.manual_seed(0)
    stack = Stack(layers()).double()
    for parameter in stack.parameters():
        torch.nn.init.normal_(parameter, std=0.6)  # biases too, so that a zero input is not a zero inside
    return stack


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def assert_close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-12)


@CASES
@pytest.mark.parametrize("pieces", [[1] * T, [5, 1, 11], [16, 1]])
def test_pieces_equal_the_whole(name, pieces):
    stack, x = build(CAUSAL[name]), normal(B, T, I)
    whole, final, _ = stack(x)
    state, parts = None, []
    for piece in x.split(pieces, 1):
        part, state, _ = stack(piece, state)
        parts.append(part)
    assert_close(torch.cat(parts, 1), whole)
    assert_close(state, final)


@CASES
def test_ragged_pieces_equal_each_sequence_alone(name):
    stack, x = build(CAUSAL[name]), normal(B, T, I)
    pieces = torch.tensor([[4, 0, 6, 7], [1, 2, 0, 3], [0, 5, 5, 1]])
    state = None
    outputs = [[] for _ in range(B)]
    done = [0] * B
    for lengths in pieces.T:
        padded = torch.full((B, int(lengths.max()), I), torch.nan, dtype=x.dtype)
        for row, length in enumerate(lengths):
            padded[row, :length] = x[row, done[row] : done[row] + length]
            done[row] += int(length)
        out, state, _ = stack(padded, state, lengths)
        for row, length in enumerate(lengths):
            outputs[row].append(out[row, :length])
            assert not out[row, length:].any()
    rows = torch.tensor([2, 0, 1])
    chosen = stack.select(state, rows)
    after = normal(B, 1, I)
    going_on, _, _ = stack(after, chosen)
    for row in range(B):
        alone, ended, _ = stack(x[row : row + 1, : done[row]])
        assert_close(torch.cat(outputs[row]), alone[0])
        position = rows.tolist().index(row)
        assert_close(going_on[position], stack(after[position : position + 1], ended)[0][0])


def test_sizes_and_lengths():
    stack = Stack([nn.Downsample(2, 8, 4, 2), torch.nn.ReLU(), nn.GRU(8, 5, batch_first=True, bidirectional=True)])
    assert (stack.input_size, stack.output_size, len(stack)) == (2, 10, 3)
    outputs, state, lengths = stack(torch.randn(3, 20, 2), lengths=torch.tensor([20, 3, 9]))
    assert outputs.shape == (3, 9, 10)
    assert lengths.tolist() == stack.output_lengths(torch.tensor([20, 3, 9])).tolist() == [9, 0, 3]
    assert state[:2] == (None, None)
    assert state[2].shape == (2, 3, 5)
    assert Stack(nn.WaveNet(3, 4, 5, output_size=6)).output_size == 6
    assert Stack(nn.WaveNet(3, 4, 5)).output_size == 5
    assert Stack([torch.nn.Dropout(), nn.LSTM(3, 4, proj_size=2, batch_first=True)]).output_size == 2
    assert Stack(torch.nn.Sequential(torch.nn.Linear(3, 4), nn.RNN(4, 6, batch_first=True))).input_size == 3


def test_wrong_layers_are_named():
    with pytest.raises(ValueError, match="GRU that is not batch-first: build it with batch_first=True"):
        Stack(nn.GRU(2, 3))
    with pytest.raises(ValueError, match=r"use foretell\.nn\.LSTM"):
        Stack(torch.nn.LSTM(2, 3, batch_first=True))
    for nothing in ([], torch.nn.ReLU()):
        with pytest.raises(ValueError, match=r"layers must contain a layer of foretell\.nn"):
            Stack(nothing)


def test_wrong_states_are_named():
    stack = Stack([nn.Downsample(2, 3, 2, 2), nn.GRU(3, 3, batch_first=True)])
    with pytest.raises(ValueError, match="state must have one entry for each of the 2 layers, got 1"):
        stack(torch.randn(1, 4, 2), (None,))
    with pytest.raises(ValueError, match="a Downsample cannot continue from a state"):
        stack(torch.randn(1, 4, 2), (None, None))
