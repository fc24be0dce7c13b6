"""Convolutions over time against sums written out by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell import nn


def test_causal_sums_by_hand():
    conv = nn.CausalConv1d(1, 1, 2, dilation=2)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([[[10.0, 1.0]]]))
        conv.bias.fill_(100.0)
    x = torch.tensor([1.0, 2, 3, 4, 5]).view(1, 5, 1)
    assert conv(x).flatten().tolist() == [101, 102, 113, 124, 135]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6), st.booleans())
def test_causal_convolution_is_its_sum(taps, dilation, steps, bias):
    torch.manual_seed(0)
    conv = nn.CausalConv1d(3, 2, taps, dilation, bias, dtype=torch.float64)
    x = torch.randn(2, steps, 3, dtype=torch.float64)
    expected = torch.zeros(2, steps, 2, dtype=torch.float64) + (0 if conv.bias is None else conv.bias)
    for t in range(steps):
        for tap in range(taps):
            past = t - (taps - 1 - tap) * dilation
            if past >= 0:
                expected[:, t] += x[:, past] @ conv.weight[:, :, tap].T
    torch.testing.assert_close(conv(x), expected, rtol=1e-12, atol=1e-12)


def test_causal_convolution_never_looks_ahead():
    conv = nn.CausalConv1d(2, 3, 3, dilation=2)
    x = torch.randn(1, 12, 2)
    future = x.clone()
    future[:, 7:] = torch.nan
    assert torch.equal(conv(x)[:, :7], conv(future)[:, :7])


def test_downsample_sums_by_hand():
    conv = nn.Downsample(1, 1, 3, stride=2)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([[[100.0, 10.0, 1.0]]]))
    x = torch.tensor([1.0, 2, 3, 4, 5, 6]).view(1, 6, 1)
    assert conv(x).flatten().tolist() == [123, 345]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.lists(st.integers(0, 12), min_size=1, max_size=4))
def test_downsample_carries_lengths(taps, stride, lengths):
    conv = nn.Downsample(2, 3, taps, stride)
    x = torch.randn(len(lengths), 12, 2)
    shorter, counts = conv(x, torch.tensor(lengths))
    assert shorter.shape == (len(lengths), (12 - taps) // stride + 1, 3)
    for row, length in enumerate(lengths):
        expected = conv(x[row : row + 1, :length]) if length >= taps else torch.zeros(1, 0, 3)
        assert counts[row] == expected.shape[1] == conv.shortened(length)
        torch.testing.assert_close(shorter[row : row + 1, : counts[row]], expected)


def test_a_ragged_batch_goes_through_to_a_recurrent_layer():
    conv, layer = nn.Downsample(2, 4, 4, 2), nn.GRU(4, 5, batch_first=True)
    x = torch.randn(3, 20, 2)
    shorter, lengths = conv(x, torch.tensor([20, 3, 9]))
    assert lengths.tolist() == [9, 0, 3]
    outputs, _ = layer(shorter, lengths=lengths)
    torch.testing.assert_close(outputs[2, :3], layer(conv(x[2:, :9]))[0][0])


@pytest.mark.parametrize("conv", [nn.CausalConv1d(2, 3, 2), nn.Downsample(2, 3, 2, 2)])
def test_wrong_inputs_are_named(conv):
    for x in (torch.randn(5, 2), torch.randn(1, 5, 3)):
        with pytest.raises(ValueError, match=r"input must have the shape \(B, T, 2\)"):
            conv(x)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="dilation"):
        nn.CausalConv1d(1, 1, 2, dilation=0)
    with pytest.raises(ValueError, match="stride"):
        nn.Downsample(1, 1, 2, stride=0)
    with pytest.raises(ValueError, match="kernel_size=4"):
        nn.Downsample(1, 1, 4, 2)(torch.randn(1, 3, 1))
    with pytest.raises(ValueError, match="lengths"):
        nn.Downsample(1, 1, 2, 2)(torch.randn(1, 3, 1), torch.tensor([4]))
