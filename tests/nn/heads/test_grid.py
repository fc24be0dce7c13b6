"""The grid that continuous values lie on."""

from __future__ import annotations

import pytest
import torch

from foretell.nn.heads import Gaussian, MixtureOfLogistics


@pytest.mark.parametrize("bits", [1, 2, 8, 16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nearest(bits: int, dtype: torch.dtype) -> None:
    head = Gaussian(bits)
    half = (2**bits - 1) / 2
    exact = torch.tensor([n / half - 1 for n in range(2**bits)], dtype=dtype)
    assert (exact[0], exact[-1]) == (-1, 1)
    torch.testing.assert_close(head.nearest(exact), exact, rtol=0, atol=1e-7)
    assert head.nearest(head.nearest(exact)).equal(head.nearest(exact))
    for off in (-0.49, 0.49):
        torch.testing.assert_close(head.nearest(exact + off * 2 * head.half_cell), exact, rtol=0, atol=1e-7)
    assert head.nearest(torch.tensor([-5.0, 5.0, torch.inf])).tolist() == [-1, 1, 1]
    assert head.nearest(torch.tensor([torch.nan])).isnan().all()


@pytest.mark.parametrize("kind", [Gaussian, MixtureOfLogistics])
def test_the_narrowest_distribution_lies_in_one_cell_and_the_widest_beyond_the_grid(kind: type[Gaussian]) -> None:
    for bits in (8, 16):
        head = kind(bits=bits)
        outputs = torch.zeros(1, 1, head.output_size)
        x = head.nearest(torch.tensor([[0.3]]))
        parts = head.output_size // 3 or 1
        outputs[..., -2 * parts : -parts] = x
        outputs[..., -parts:] = -1e4
        assert float(head.nll(outputs, x)) < 2e-3
        outputs[..., -parts:] = 1e4
        inside = head.nll(outputs.expand(1, 2**bits - 2, -1), head.nearest(torch.linspace(-1, 1, 2**bits)[None, 1:-1]))
        assert float((-inside.double()).exp().sum()) < 1e-3
