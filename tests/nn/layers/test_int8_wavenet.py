"""The network of int8 weights is a network like others: whole, in pieces, conditioned."""

from __future__ import annotations

import pytest
import torch

from foretell import nn
from foretell.nn.layers.int8_wavenet import Int8WaveNet


def build(**options):
    torch.manual_seed(0)
    return nn.WaveNet(37, 12, 20, 37, (1, 2, 4, 1), **options).eval()


@pytest.mark.parametrize(
    "options", [{}, {"kernel_size": 3}, {"global_size": 3, "global_classes": 2}, {"local_size": 2}]
)
def test_outputs_are_near_those_of_the_network(options):
    net = build(**options)
    levels = torch.randint(37, (2, 30), generator=torch.Generator().manual_seed(1))
    y = torch.tensor([0, 1]) if "global_size" in options else None
    local = torch.randn(2, 30, 2, generator=torch.Generator().manual_seed(2)) if "local_size" in options else None
    int8 = Int8WaveNet(net)
    found, expected = int8(levels, y, local), net(levels, y, local)
    assert not found.requires_grad
    apart = (found - expected).abs().max() / expected.abs().max()
    assert 1e-4 < apart < 0.03
    pieces, state = [], None
    for start, end in ((0, 1), (1, 2), (2, 17), (17, 30)):
        here = None if local is None else local[:, start:end]
        outputs, state = int8.advance(levels[:, start:end], state, y, here)
        pieces.append(outputs)
    # An activation beside the middle of two whole numbers may become either.
    torch.testing.assert_close(torch.cat(pieces, 1), found, rtol=0, atol=2e-4)


def test_it_is_a_copy():
    net = build()
    int8 = Int8WaveNet(net)
    levels = torch.arange(10)[None]
    before = int8(levels)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    assert torch.equal(int8(levels), before)
    assert not int8.training


def test_double_precision_and_no_outputs():
    net = nn.WaveNet(3, 5, 7, None, (1, 2)).double().eval()
    x = torch.randn(2, 9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    features = Int8WaveNet(net)(x)
    assert features.dtype == torch.float64
    torch.testing.assert_close(features, net(x), rtol=0, atol=0.03)
