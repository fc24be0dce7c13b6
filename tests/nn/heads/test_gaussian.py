"""The Gaussian on a grid, against its definition in double precision."""

from __future__ import annotations

import math

import pytest
import torch

from foretell.errors import SettingsError
from foretell.nn.heads import Gaussian, Sampling


def grid(bits: int) -> torch.Tensor:
    return torch.arange(2**bits, dtype=torch.float64) / ((2**bits - 1) / 2) - 1


def by_definition(mean: float, std: float, x: float, bits: int) -> float:
    """The upper tail's difference, which `math.erfc` has to 16 digits as far as there are numbers."""
    half, root = 1 / (2**bits - 1), math.sqrt(2)
    away = abs(x - mean)
    if abs(x) == 1:
        outwards = (mean - x) * x  # how far the mean lies beyond the open cell's own centre
        return math.erfc((-outwards - half) / std / root) / 2
    return (math.erfc((away - half) / std / root) - math.erfc((away + half) / std / root)) / 2


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_likelihoods(bits: int, dtype: torch.dtype) -> None:
    head, tested = Gaussian(bits), 0
    values = grid(bits)[:: 2**bits // 64]
    values = torch.cat([values, torch.tensor([-1.0, 1.0], dtype=torch.float64)])
    for mean in (-1.2, -0.3, float(grid(bits)[7]), 0.9999):
        for log_std in (head.least_log_scale, math.log(head.half_cell), -8.0, -3.0, 0.0, 2.0):
            if log_std < head.least_log_scale:
                continue
            outputs = torch.tensor([mean, log_std], dtype=dtype)
            nll = head.nll(outputs.expand(1, len(values), -1), values.to(dtype)[None])[0]
            assert nll.dtype == dtype
            for x, found in zip(values.tolist(), nll.tolist(), strict=True):
                probability = by_definition(float(outputs[0]), math.exp(log_std), x, bits)
                # What single precision leaves of x - mean counts by how many deviations that is.
                deviations = abs(x - mean) / math.exp(log_std)
                error = 1e-7 * (1 + deviations) / math.exp(log_std) if dtype == torch.float32 else 1e-9
                if probability > 1e-290:
                    assert found == pytest.approx(-math.log(probability), rel=1e-5, abs=1e-5 + error)
                    tested += 1
    assert tested > 500


@pytest.mark.parametrize("bits", [1, 2, 8, 16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("log_std", [-20.0, -9.0, -5.0, -1.0, 0.0, 3.0, 1e4])
def test_the_cells_have_probabilities_that_add_up_to_1(bits: int, dtype: torch.dtype, log_std: float) -> None:
    # The last digit of x - mean, by how large a part of the standard deviation it is.
    tolerance = (
        1e-11 if dtype == torch.float64 else 2e-6 + 1e-7 / math.exp(Gaussian(bits).bounded(torch.tensor(log_std)))
    )
    for mean in (-1e4, -1.0, -0.123, 0.7, 1.00001):
        outputs = torch.tensor([mean, log_std], dtype=dtype)
        nll = Gaussian(bits).nll(outputs.expand(1, 2**bits, -1), grid(bits).to(dtype)[None])
        assert float((-nll.double()).exp().sum()) == pytest.approx(1, abs=tolerance)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extremes_are_finite_and_so_are_gradients(dtype: torch.dtype) -> None:
    extremes = torch.tensor([-1e4, -20, -11, -7, -1, 0, 1, 3, 1e4], dtype=dtype)
    outputs = torch.cartesian_prod(extremes, extremes).requires_grad_()
    for bits in (1, 8, 16):
        for x in (-1.0, -0.999, 0.0, 1.0):
            nll = Gaussian(bits).nll(outputs[None], torch.full((1, len(outputs)), x, dtype=dtype))
            (gradient,) = torch.autograd.grad(nll.sum(), outputs)
            assert nll.isfinite().all()
            assert (nll >= -1e-5).all()
            assert gradient.isfinite().all()


@pytest.mark.parametrize("bits", [2, 8, 16])
def test_gradients_are_those_of_differences(bits: int) -> None:
    values = torch.tensor([[-1.0, -0.9, -0.25, 0.0, 0.5, 1.0]], dtype=torch.float64)
    for mean, log_std in ((-0.3, -1.0), (0.1, 0.5), (0.0, 1.5), (1.3, -0.2)):
        outputs = torch.tensor([mean, log_std], dtype=torch.float64).repeat(6, 1).requires_grad_()
        assert torch.autograd.gradcheck(lambda o: Gaussian(bits).nll(o[None], values), outputs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gradient_pulls_towards_a_value_far_off(dtype: torch.dtype) -> None:
    for log_std, x in ((-9.0, 0.9), (-13.0, 0.9), (-9.0, 1.0), (-13.0, -1.0)):
        outputs = torch.tensor([-0.1, log_std], dtype=dtype).requires_grad_()
        Gaussian().nll(outputs[None, None], torch.tensor([[x]], dtype=dtype)).sum().backward()
        # The slope of the density's logarithm at the cell's nearer end, or nearly so: -z / std.
        assert float(outputs.grad[0]) == pytest.approx(-(x + 0.1) / math.exp(2 * log_std), rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_draws_by_hand(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(200, 2, generator=generator, dtype=torch.float64).to(dtype)
    uniforms = torch.rand(200, 2, generator=generator)
    uniforms[0, 0] = 0
    drawn = Gaussian().sample(outputs, uniforms, Sampling(0.3))
    for (mean, log_std), (u, v), found in zip(outputs.tolist(), uniforms.tolist(), drawn.tolist(), strict=True):
        normal = math.sqrt(-2 * math.log(max(u, 2.0**-24))) * math.cos(2 * math.pi * v)
        x = mean + math.exp(log_std) * 0.3 * normal
        assert found == pytest.approx(min(max(x, -1), 1), abs=1e-5)


def test_frequencies_are_the_probabilities() -> None:
    steps = (torch.arange(500) + 0.5) / 500
    outputs = torch.tensor([0.3, -1.5])
    drawn = Gaussian().sample(outputs.expand(500**2, -1), torch.cartesian_prod(steps, steps), Sampling())
    assert drawn.dtype == torch.float32
    levels = torch.round((Gaussian(4).nearest(drawn) + 1) * 7.5).long()
    probabilities = (-Gaussian(4).nll(outputs.expand(1, 16, -1), grid(4).float()[None])[0]).exp()
    torch.testing.assert_close(torch.bincount(levels, minlength=16) / 500**2, probabilities, rtol=0, atol=3e-3)


@pytest.mark.parametrize("sampling", [Sampling(top_k=1), Sampling(top_p=1.0)])
def test_there_is_nothing_to_choose_the_likeliest_of(sampling: Sampling) -> None:
    for call in (
        lambda: Gaussian().check_sampling(sampling),
        lambda: Gaussian().sample(torch.zeros(1, 2), torch.zeros(1, 2), sampling),
    ):
        with pytest.raises(SettingsError, match=r"top_[kp]=1.* selects levels or components"):
            call()
