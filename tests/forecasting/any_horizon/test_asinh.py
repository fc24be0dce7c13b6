"""The inverse hyperbolic sine in vectors."""

from __future__ import annotations

import torch

from foretell.forecasting.any_horizon.asinh import asinh_


def test_it_is_right_to_the_last_bits_at_all_sizes() -> None:
    torch.manual_seed(0)
    x = torch.cat([torch.randn(1000) * 10.0**power for power in range(-30, 18)])
    expected = x.double().asinh()
    found = asinh_(x.clone())
    assert ((found - expected).abs() <= 2e-7 * expected.abs()).all()
    assert torch.equal(asinh_(-x), -found)


def test_it_replaces_a_part_of_a_tensor_in_place_alike_in_every_row() -> None:
    torch.manual_seed(0)
    whole = torch.randn(7, 33, 50) * 10
    before = whole.clone()
    part = whole[..., 3:44]
    assert asinh_(part) is part
    torch.testing.assert_close(part, before[..., 3:44].asinh())
    assert torch.equal(whole[..., :3], before[..., :3])
    assert torch.equal(whole[..., 44:], before[..., 44:])
    alone = before[4:5, 17:18].clone()
    asinh_(alone[..., 3:44])
    assert torch.equal(alone[0, 0], whole[4, 17])


def test_zeros_keep_their_sign_and_what_is_no_number_stays_none() -> None:
    found = asinh_(torch.tensor([0.0, -0.0, torch.nan]))
    assert found.signbit().tolist()[:2] == [False, True]
    assert found[2].isnan()
