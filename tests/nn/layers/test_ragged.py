"""`lengths=`: every sequence gives what it gives alone, whatever the padding holds."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from foretell import nn

T, I, H = 5, 3, 4  # noqa: E741
LAYERS = [
    (nn.RNN, {}),
    (nn.RNN, {"layer_norm": True}),
    (nn.LSTM, {}),
    (nn.LSTM, {"peephole": True, "layer_norm": True}),
    (nn.GRU, {}),
    (nn.GRU, {"reset_after": False, "zoneout": 0.2}),
]


def build(cell, options, batch_first=False):
    torch.manual_seed(0)
    return cell(I, H, 2, bidirectional=True, batch_first=batch_first, dtype=torch.float64, **options).eval()


def states(layer, batch):
    generator = torch.Generator().manual_seed(batch)
    both = [torch.randn(4, batch, H, generator=generator, dtype=torch.float64) for _ in range(2)]
    return tuple(both) if isinstance(layer, nn.LSTM) else both[0]


def each(state):
    return state if isinstance(state, tuple) else (state,)


def pick(state, row):
    rows = tuple(s[:, row : row + 1] for s in each(state))
    return rows if isinstance(state, tuple) else rows[0]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(("cell", "options"), LAYERS)
@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.integers(0, T), min_size=1, max_size=5))
def test_each_sequence_as_if_alone(cell, options, batch_first, lengths):
    layer = build(cell, options, batch_first)
    batch = len(lengths)
    x = torch.randn(T, batch, I, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for row, length in enumerate(lengths):
        x[length:, row] = torch.nan
    hx = states(layer, batch)
    outputs, final = layer(x.transpose(0, 1) if batch_first else x, hx, lengths=torch.tensor(lengths))
    outputs = outputs.transpose(0, 1) if batch_first else outputs
    assert outputs.shape == (T, batch, 2 * H)
    for row, length in enumerate(lengths):
        assert not outputs[length:, row].any()
        end = pick(hx, row)
        if length:
            alone = x[:length, row : row + 1]
            expected, end = layer(alone.transpose(0, 1) if batch_first else alone, end)
            expected = expected.transpose(0, 1) if batch_first else expected
            torch.testing.assert_close(outputs[:length, row : row + 1], expected, rtol=1e-12, atol=1e-12)
        for s, e in zip(each(final), each(end), strict=True):
            torch.testing.assert_close(s[:, row : row + 1], e, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("cell", "options"), LAYERS)
def test_the_same_as_packing(cell, options):
    layer = build(cell, options)
    x, lengths = torch.randn(T, 4, I, dtype=torch.float64), torch.tensor([2, 4, 4, 1])
    packed, packed_final = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
    outputs, final = layer(x, lengths=lengths)
    torch.testing.assert_close(outputs, pad_packed_sequence(packed, total_length=T)[0], rtol=0, atol=0)
    torch.testing.assert_close(final, packed_final, rtol=0, atol=0)


@pytest.mark.parametrize(("cell", "options"), LAYERS)
def test_padding_gets_no_gradient_and_gives_none(cell, options):
    layer = build(cell, options)
    x = torch.randn(T, 3, I, dtype=torch.float64)
    x[2:, 1] = torch.nan
    x.requires_grad_()
    outputs, final = layer(x, lengths=torch.tensor([5, 2, 0]))
    (outputs.sum() + sum(s.sum() for s in each(final))).backward()
    assert not x.grad[2:, 1].any()
    assert not x.grad[:, 2].any()
    assert x.grad[:, 0].all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in layer.parameters())


@pytest.mark.parametrize(("cell", "options"), LAYERS)
def test_nothing_but_empty_sequences(cell, options):
    layer = build(cell, options)
    hx = states(layer, 2)
    outputs, final = layer(torch.randn(T, 2, I, dtype=torch.float64), hx, lengths=torch.tensor([0, 0]))
    assert torch.equal(outputs, torch.zeros(T, 2, 2 * H, dtype=torch.float64))
    assert all(torch.equal(s, e) for s, e in zip(each(final), each(hx), strict=True))
    assert layer(torch.empty(T, 0, I).double(), lengths=torch.empty(0, dtype=torch.int64))[0].shape == (T, 0, 2 * H)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 2], "1-D integer tensor, got list"),
        (torch.tensor([1.0, 2.0]), "dtype torch.float32"),
        (torch.tensor([True, False]), "dtype torch.bool"),
        (torch.tensor([1, 2, 3]), r"shape \(2,\)"),
        (torch.tensor([[1, 2]]), r"shape \(2,\)"),
        (torch.tensor([1, -1]), "got -1 at index 1"),
        (torch.tensor([6, 1]), "got 6 at index 0"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"layer_norm": True}])
def test_wrong_lengths_are_named(options, lengths, message):
    with pytest.raises(ValueError, match=f"lengths .*{message}"):
        nn.LSTM(I, H, **options)(torch.randn(T, 2, I), lengths=lengths)


def test_lengths_are_for_padded_batches_only():
    layer, lengths = nn.GRU(I, H), torch.tensor([1, 2])
    with pytest.raises(ValueError, match="lengths"):
        layer(torch.randn(T, I), lengths=lengths)
    with pytest.raises(ValueError, match="lengths"):
        layer(pack_padded_sequence(torch.randn(T, 2, I), lengths, enforce_sorted=False), lengths=lengths)
