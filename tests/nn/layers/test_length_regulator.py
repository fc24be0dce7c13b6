"""Steps repeated by their durations."""

from __future__ import annotations

import pytest
import torch

from foretell.nn import regulate_length


def test_each_step_is_repeated_as_often_as_its_duration() -> None:
    x = torch.tensor([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]])
    found = regulate_length(x, torch.tensor([[2, 0, 3], [0, 1, 1]]))
    assert found.frames[:, :, 0].tolist() == [[1, 1, 3, 3, 3], [5, 6, 0, 0, 0]]
    assert found.steps.tolist() == [[0, 0, 2, 2, 2], [1, 2, 2, 2, 2]]
    assert found.mask.tolist() == [[True] * 5, [True, True, False, False, False]]
    assert found.place[0].tolist() == pytest.approx([0.25, 0.75, 1 / 6, 0.5, 5 / 6])
    assert found.place[1].tolist() == [0.5, 0.5, 0, 0, 0]


def test_gradients_add_up_over_the_repetitions() -> None:
    x = torch.randn(1, 3, 2, requires_grad=True)
    regulate_length(x, torch.tensor([[2, 0, 3]])).frames.sum().backward()
    assert x.grad is not None
    assert x.grad[0, :, 0].tolist() == [2, 0, 3]


def test_nothing_at_all() -> None:
    assert regulate_length(torch.zeros(2, 3, 1), torch.zeros(2, 3, dtype=torch.int64)).frames.shape == (2, 0, 1)


@pytest.mark.parametrize(
    "durations", [torch.zeros(1, 2, dtype=torch.int64), torch.zeros(1, 3), torch.tensor([[1, -1, 2]])]
)
def test_refuses(durations: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="durations must be"):
        regulate_length(torch.zeros(1, 3, 1), durations)
