"""The arithmetic of int8 weights against whole numbers in Python, and against the float layer."""

from __future__ import annotations

import math

import pytest
import torch

from foretell.kernels import wavenet_int8, wavenet_reference
from foretell.kernels.wavenet_reference import LayerWeights


def draw(*shape, seed=0, scale=1.0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale


def test_the_greatest_weight_of_a_channel_is_127_steps():
    weight = torch.tensor([[[1.0, -0.5], [0.25, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[0.003, 0.0012], [-0.003, 0.001]]])
    whole, scale = wavenet_int8.quantised(weight)
    torch.testing.assert_close(scale, torch.tensor([1.0, 0.0, 0.003]) / 127)
    assert whole.tolist() == [[[127, -64], [32, 0]], [[0, 0], [0, 0]], [[127, 51], [-127, 42]]]
    values = wavenet_int8.quantised(weight).values
    assert ((values - weight).abs() <= scale[:, None, None] / 2 * (1 + 1e-6)).all()


def test_quantised_weights_are_quantised_to_themselves():
    once = wavenet_int8.quantised(draw(20, 30, 2))
    again = wavenet_int8.quantised(once.values)
    assert torch.equal(again.whole, once.whole)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_channel_that_is_no_number_stays_none(number):
    weight = draw(3, 4, 1)
    weight[1, 2] = number
    product = wavenet_int8.product(wavenet_int8.quantised(weight), draw(1, 4, 5))
    assert product[0, 1].isnan().all()
    assert product[0, ::2].isfinite().all()


@pytest.mark.parametrize("scale", [1e-45, 1e-38, 1e-30, 1e-3, 1.0, 7.0, 1e30, 1e37])
def test_activations_are_rounded_to_a_power_of_two(scale):
    x = draw(2, 50, 3) * scale
    whole, step = wavenet_int8.quantised_activations(x)
    assert whole.abs().max() <= 2**14
    assert (torch.frexp(step).mantissa == 0.5).all()
    assert ((whole * step - x.double()).abs() <= step.double() / 2).all()
    if scale > 1e-38:
        assert (whole.abs().amax(1) >= 2**13).all()


def test_activations_that_are_no_numbers_have_no_scale():
    x = draw(1, 5, 4)
    x[0, 2, 1], x[0, 3, 2] = math.inf, math.nan
    whole, step = wavenet_int8.quantised_activations(x)
    assert step.isnan().tolist() == [[[False, True, True, False]]]
    assert whole.isfinite().all()
    whole, step = wavenet_int8.quantised_activations(torch.zeros(1, 3, 2))
    assert not (whole * step).any()


@pytest.mark.parametrize("inputs", [1, 2, 3, 64, 1000, 1024, 1025, 2048, 2049, 5000, 2**20, 2**24, 2**25])
def test_a_sum_fits_32_bits_and_wastes_at_most_two(inputs):
    greatest = inputs * 127 * 2 ** wavenet_int8.activation_bits(inputs)
    if inputs <= 2**24:
        assert greatest < 2**31
    if 1024 < inputs <= 2**24:
        assert greatest >= 2**29


def test_a_product_is_exact():
    weight, x = draw(9, 700, 2), draw(2, 700, 3, seed=1)
    matrix = wavenet_int8.quantised(weight)
    whole, step = wavenet_int8.quantised_activations(x)
    found = wavenet_int8.product(matrix, x, 1)
    for b, n, t in ((0, 0, 0), (1, 8, 2), (0, 5, 1)):
        pairs = zip(matrix.whole[n, :, 1].tolist(), whole[b, :, t].tolist(), strict=True)
        total = sum(int(w) * int(a) for w, a in pairs)
        expected = torch.tensor(total).float() * (matrix.scale[n] * step[b, 0, t])
        assert found[b, n, t] == expected


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("taps", [1, 2, 3])
@pytest.mark.parametrize("extra_steps", [None, 1, 20])
def test_a_layer_is_the_float_layer_of_its_weights(last, taps, extra_steps):
    shapes = {"gated": (24, 12, taps), "gated_bias": (24,), "mixed": (20 + 12 * (not last), 12, 1)}
    weights = [draw(*shape, seed=n, scale=0.3) for n, shape in enumerate((*shapes.values(), shapes["mixed"][:1]))]
    window = draw(2, 12, 20 + 3 * (taps - 1), seed=9)
    extra = None if extra_steps is None else draw(2, 24, extra_steps, seed=8)
    matrices = wavenet_int8.quantised_layer(LayerWeights(*weights))
    rounded = LayerWeights(matrices.gated.values, weights[1], matrices.mixed.values, weights[3])
    found = wavenet_int8.layer(window, 3, matrices, extra, last=last)
    expected = wavenet_reference.layer(window, 3, rounded, extra, last=last)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)
    plain = wavenet_reference.layer(window, 3, LayerWeights(*weights), extra, last=last)
    assert (found[1] - plain[1]).abs().max() > 1e-3
