"""The probabilities of levels, against softmax written out."""

from __future__ import annotations

import math

import pytest
import torch

from foretell.nn.heads import Categorical, Sampling
from foretell.nn.mu_law import decode, log_widths


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_likelihoods(dtype: torch.dtype) -> None:
    outputs = torch.randn(2, 3, 7, dtype=dtype, generator=torch.Generator().manual_seed(0)) * 4
    head, total = Categorical(7), torch.zeros(2, 3, dtype=torch.float64)
    for level in range(7):
        nll = head.nll(outputs, torch.full((2, 3), level))
        for at in ((0, 0), (1, 2)):
            row = outputs[at].tolist()
            expected = math.log(sum(math.exp(logit) for logit in row)) - row[level]
            assert float(nll[at]) == pytest.approx(expected, rel=1e-5 if dtype == torch.float32 else 1e-12)
        total += (-nll.double()).exp()
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=1e-6)


def test_extreme_and_impossible_logits() -> None:
    outputs = torch.tensor([[[1e4, -1e4, -torch.inf]]]).expand(1, 3, 3).clone().requires_grad_()
    nll = Categorical(3).nll(outputs, torch.arange(3)[None])
    assert nll.tolist() == [[0, 2e4, torch.inf]]
    nll[:, :2].sum().backward()
    assert outputs.grad.tolist() == [[[0, 0, 0], [1, -1, 0], [0, 0, 0]]]


@pytest.mark.parametrize("level", [-100, -1, 5, 256])
def test_levels_that_there_are_not(level: int) -> None:
    with pytest.raises(ValueError, match="values must be levels from 0 to 4"):
        Categorical(5).nll(torch.zeros(1, 2, 5), torch.tensor([[0, level]]))


def test_levels_may_be_of_any_whole_type() -> None:
    values = torch.tensor([[200, 3]], dtype=torch.uint8)
    outputs = torch.randn(1, 2, 256, generator=torch.Generator().manual_seed(0))
    assert Categorical().nll(outputs, values).equal(Categorical().nll(outputs, values.long()))
    assert Categorical().shifted(values).tolist() == [[128, 200]]
    assert Categorical().shifted(values).dtype == torch.int64


def test_a_draw_takes_the_first_of_the_two_numbers() -> None:
    outputs = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    assert Categorical(2).sample(outputs, torch.tensor([[0.1, 0.9], [0.9, 0.1]]), Sampling()).tolist() == [0, 1]


@pytest.mark.parametrize("temperature", [0.5, 0.85, 1.2])
def test_of_mu_law_levels_the_density_has_the_temperature(temperature: float) -> None:
    """The widths of levels are taken from the values that they stand for."""
    values = decode(torch.arange(256)).double()
    between = (values[1:] + values[:-1]) / 2
    widths = torch.diff(between)  # of all levels but the outermost
    logits = torch.randn(256, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    drawn = (logits - log_widths(256)) / temperature + log_widths(256)
    share = torch.softmax(drawn, 0)[1:-1]
    density = torch.softmax(logits, 0)[1:-1] / widths
    due = density ** (1 / temperature) * widths
    # Beside level 128, silence, the approximation of widths by their slope is as good as one in 50.
    torch.testing.assert_close(share / share.sum(), due / due.sum(), rtol=0.03, atol=0)

    head, sampling = Categorical(256, mu_law=True), Sampling(temperature)
    u = torch.rand(4000, 2, generator=torch.Generator().manual_seed(1))
    levels = head.sample(logits.float().expand(4000, -1), u, sampling)
    found = torch.searchsorted(torch.softmax(drawn, 0).cumsum(0), u[:, 0].double(), right=True)
    assert (levels == found).double().mean() > 0.999  # rounding, at the edges
    assert head.arguments() == {"classes": 256, "silence": 128, "mu_law": True}
    assert head != Categorical(256)
