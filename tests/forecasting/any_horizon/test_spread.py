"""How far candidates lie apart."""

from __future__ import annotations

import pytest
import torch

from foretell.forecasting.any_horizon.spread import Spread


@pytest.mark.parametrize("dimension", [2, -1])
def test_it_is_the_standard_deviation_along_a_dimension(dimension: int) -> None:
    torch.manual_seed(0)
    candidates = 1000 * torch.randn(3, 4, 36, 5) + 500
    mean, distances, deviation = Spread.of(candidates, dimension)
    torch.testing.assert_close(deviation, candidates.std(dimension, keepdim=True))
    torch.testing.assert_close(mean, candidates.mean(dimension, keepdim=True))
    assert torch.equal(distances, candidates - mean)


def test_equal_candidates_do_not_lie_apart() -> None:
    assert (Spread.of(torch.full((2, 36), 3.0), -1).deviation == 0).all()
