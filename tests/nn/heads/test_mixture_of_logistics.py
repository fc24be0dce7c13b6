"""The discretised mixture of logistics, against its definition in double precision."""

from __future__ import annotations

import math

import pytest
import torch

from foretell.nn.heads import MixtureOfLogistics, Sampling
from foretell.nn.heads.sampling import draw

K = 4


def some_outputs(count: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Outputs `(count, 3K)` with scales from e**-8 to 1."""
    generator = torch.Generator().manual_seed(seed)
    logits, means, scales = torch.randn(count, 3 * K, generator=generator, dtype=torch.float64).chunk(3, 1)
    return torch.cat([logits, means / 2, (scales * 2 - 4).clamp(-8, 0)], 1).to(dtype)


def grid(bits: int) -> torch.Tensor:
    return torch.arange(2**bits, dtype=torch.float64) / ((2**bits - 1) / 2) - 1


def sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def by_definition(outputs: list[float], x: float, bits: int) -> float:
    half = 1 / (2**bits - 1)
    logits, means, scales = (outputs[part * K : (part + 1) * K] for part in range(3))
    total = sum(math.exp(logit) for logit in logits)
    probability = 0.0
    for logit, mean, scale in zip(logits, means, scales, strict=True):
        upper = 1.0 if x >= 1 else sigma((x - mean + half) / math.exp(scale))
        lower = 0.0 if x <= -1 else sigma((x - mean - half) / math.exp(scale))
        probability += math.exp(logit) / total * (upper - lower)
    return probability


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_likelihoods(bits: int, dtype: torch.dtype) -> None:
    outputs, values = some_outputs(50), grid(bits)
    values = values[torch.randint(len(values), (50,), generator=torch.Generator().manual_seed(1))]
    values[:4] = torch.tensor([-1.0, 1.0, -1.0, 1.0])
    nll = MixtureOfLogistics(K, bits).nll(outputs.to(dtype)[None], values.to(dtype)[None])[0]
    assert nll.dtype == dtype
    tested = 0
    for row, x, found in zip(outputs.tolist(), values.tolist(), nll.tolist(), strict=True):
        probability = by_definition(row, x, bits)
        if probability > 1e-9:  # Below, the definition's difference has no digits.
            assert found == pytest.approx(-math.log(probability), rel=1e-3 if dtype == torch.float32 else 1e-7)
            tested += 1
    assert tested > 30


@pytest.mark.parametrize("bits", [1, 2, 8, 16])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0, 1e4])
def test_the_cells_have_probabilities_that_add_up_to_1(
    bits: int, dtype: torch.dtype, tolerance: float, spread: float
) -> None:
    outputs = torch.randn(3, 1, 3 * K, generator=torch.Generator().manual_seed(bits), dtype=dtype) * spread
    nll = MixtureOfLogistics(K, bits).nll(outputs.expand(3, 2**bits, -1), grid(bits).to(dtype).expand(3, -1))
    torch.testing.assert_close((-nll.double()).exp().sum(1), torch.ones(3).double(), rtol=0, atol=tolerance)


def test_a_value_counts_as_the_nearest_of_the_grid() -> None:
    head = MixtureOfLogistics(K, 8)
    outputs, values = some_outputs(20)[None], grid(8)[None, 100:120]
    for off in (-0.9, 0.9):
        assert head.nll(outputs, values + off * head.half_cell).equal(head.nll(outputs, head.nearest(values)))
    assert head.nll(outputs, torch.full_like(values, 1.5)).equal(head.nll(outputs, torch.ones_like(values)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extremes_are_finite_and_so_are_gradients(dtype: torch.dtype) -> None:
    extremes = torch.tensor([-1e4, -20, -7, 0, 1, 1e4], dtype=dtype)
    corners = torch.cartesian_prod(extremes, extremes, extremes)
    outputs = corners.repeat_interleave(2, 1).requires_grad_()
    for x in (-1.0, -0.999, 0.0, 1.0):
        nll = MixtureOfLogistics(2, 16).nll(outputs[None], torch.full((1, len(outputs)), x, dtype=dtype))
        (gradient,) = torch.autograd.grad(nll.sum(), outputs)
        assert nll.isfinite().all()
        assert (nll >= -1e-6).all()
        assert gradient.isfinite().all()


def test_a_component_that_is_ruled_out() -> None:
    outputs = some_outputs(1).squeeze(0)
    outputs[1] = -torch.inf
    left = torch.cat([part[[0, 2, 3]] for part in outputs.chunk(3)])
    outputs.requires_grad_()
    x = torch.tensor([[0.1]], dtype=torch.float64)
    nll = MixtureOfLogistics(K).nll(outputs[None, None], x)
    torch.testing.assert_close(nll, MixtureOfLogistics(3).nll(left[None, None], x))
    (gradient,) = torch.autograd.grad(nll.sum(), outputs)
    assert gradient.isfinite().all()
    assert (gradient[[1, 1 + K, 1 + 2 * K]] == 0).all()


def test_gradients_are_those_of_differences() -> None:
    outputs = some_outputs(6, seed=3).requires_grad_()
    values = torch.tensor([[-1.0, -0.5, 0.0, 0.25, 0.75, 1.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda o: MixtureOfLogistics(K, 10).nll(o[None], values), outputs)


def test_the_gradient_pulls_towards_a_value_far_off() -> None:
    outputs = torch.tensor([0.0, -0.9, -13.0]).requires_grad_()
    MixtureOfLogistics(1).nll(outputs[None, None], torch.tensor([[0.9]])).sum().backward()
    # The slope of a logistic's logarithm far out: 1 / scale.
    assert float(outputs.grad[1]) == pytest.approx(-math.exp(13), rel=1e-3)


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(0.6), Sampling(2.0, top_k=2), Sampling(1.0, top_p=0.5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_draws_by_hand(sampling: Sampling, dtype: torch.dtype) -> None:
    outputs = some_outputs(300, dtype=dtype)
    uniforms = torch.rand(300, 2, generator=torch.Generator().manual_seed(5))
    uniforms[0, 1], uniforms[1, 1] = 0, 1 - 2.0**-24
    head = MixtureOfLogistics(K, 8)
    drawn = head.sample(outputs, uniforms, sampling)
    components = draw(outputs[:, :K], uniforms[:, 0], sampling).tolist()
    missed = 0
    for row, (_, u), k, found in zip(outputs.tolist(), uniforms.tolist(), components, drawn.tolist(), strict=True):
        u = min(max(u, 1e-5), 1 - 1e-5)
        x = row[K + k] + math.exp(row[2 * K + k]) * sampling.temperature * (math.log(u) - math.log(1 - u))
        level = (min(max(x, -1), 1) + 1) * 127.5
        if abs(level % 1 - 0.5) < 1e-3:
            missed += 1
            continue
        assert found == pytest.approx(round(level) / 127.5 - 1, abs=1e-6)
    assert missed < 10
    assert drawn.equal(head.nearest(drawn))


def test_frequencies_are_the_probabilities() -> None:
    head, count = MixtureOfLogistics(K, 4), 400
    outputs = some_outputs(1, seed=7).float()
    steps = (torch.arange(count) + 0.5) / count
    drawn = head.sample(outputs.expand(count**2, -1), torch.cartesian_prod(steps, steps), Sampling())
    levels = torch.round((drawn + 1) * 7.5).long()
    probabilities = (-head.nll(outputs.expand(1, 16, -1), grid(4).float()[None])[0]).exp()
    found = torch.bincount(levels, minlength=16) / count**2
    torch.testing.assert_close(found, probabilities, rtol=0, atol=3e-3)
