"""The compiled scan in half precision: against its twin, which rounds in the same places, and the exact equations."""

from __future__ import annotations

import re

import pytest
import torch

from foretell.kernels import autograd, native
from foretell.kernels.inputs import GATES, Inputs
from foretell.kernels.packed import packed_weights
from foretell.kernels.twin import twin

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

UNIT = 2.0**-9
"""The largest relative error of rounding to bfloat16, which keeps 8 bits of a number."""
NORMED = ["rnn_tanh", "rnn_relu", "lstm", "gru"]
EVERYTHING = {"layer_norm": True, "mask": True, "zoneout": "mask"}
VARIANTS = [
    *((cell, {}) for cell in GATES),
    *((cell, {"bias": False, "mask": True, "zoneout": "rate"}) for cell in GATES),
    *((cell, {"layer_norm": True}) for cell in NORMED),
    *((cell, EVERYTHING) for cell in NORMED),
    ("lstm", {"peephole": True}),
    ("lstm", {"projection": 5}),
    ("lstm", {"projection": 16, "peephole": True, **EVERYTHING}),
]
LAYOUTS = ("padded", "ragged", "packed")


def named(value):
    return "-".join(f"{k}={v}" for k, v in value.items()) or "plain" if isinstance(value, dict) else None


def half(i):
    return i._replace(half=True)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("cell", "options"), VARIANTS, ids=named)
def test_every_variant_equals_its_twin(cell, options, layout, draw, near_twin):
    for reverse in (False, True):
        near_twin(draw(cell, hidden=33, layout=layout, reverse=reverse, seed=1, **options))


@pytest.mark.parametrize(("cell", "options"), VARIANTS, ids=named)
def test_a_single_step_of_a_few_sequences(cell, options, draw, near_twin):
    # Read as they lie, weights of odd and even numbers of features, in whole vectors and with a rest.
    for batch, features, layout in ((1, 33, "padded"), (2, 5, "padded"), (23, 64, "ragged"), (7, 16, "packed")):
        near_twin(draw(cell, 1, batch, 33, features, layout=layout, seed=1, **options))


@pytest.mark.parametrize("hidden", [1, 7, 16, 63, 65, 300])
@pytest.mark.parametrize("cell", GATES)
def test_odd_sizes(cell, hidden, draw, near_twin):
    for index, (batch, features) in enumerate(zip((1, 2, 3, 31), (9, 8, 1, 8), strict=True)):
        layout = LAYOUTS[(index + hidden) % 3]
        near_twin(draw(cell, 1 + (index + hidden) % 2, batch, hidden, features, layout=layout))


@pytest.mark.parametrize(
    ("cell", "options"),
    [*((cell, {}) for cell in GATES), ("lstm", {"peephole": True}), ("lstm", {"projection": 30})],
    ids=named,
)
def test_near_the_exact_equations(cell, options, draw, everything, converted):
    # Errors of so many values go together like those of chance; a few steps hand them on.
    i = draw(cell, 30, 8, 64, 20, **options)
    expected = everything(twin, converted(i, torch.float64))
    found = everything(autograd.apply, half(i))
    for name, e in expected.items():
        if cell == "rnn_relu" and name.startswith("gradient"):
            continue  # a unit that is on here and off there has a gradient or none
        error = float((found[name] - e).detach().norm() / e.detach().norm())
        assert UNIT / 4 < error < 4 * UNIT, name


@pytest.mark.parametrize("cell", GATES)
def test_values_that_bfloat16_holds_are_multiplied_exactly(cell, draw, everything, converted):
    i = converted(converted(draw(cell, 1, 5, 33, 40), torch.bfloat16), torch.float32)
    if cell == "gru_reset_before":
        i = i._replace(initial_h=torch.zeros_like(i.initial_h))  # r * h has more bits
    found, expected = everything(autograd.apply, half(i)), everything(autograd.apply, i)
    for name in ("output", "final_h"):
        largest = max(1.0, expected[name].abs().max().item())
        tolerance = 1e-6 if cell == "rnn_relu" else 2.0**-16  # other activations are right to 17 bits
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=tolerance * largest)


def test_tanh_is_near_for_small_and_large_numbers():
    x = torch.logspace(-30, 30, 2001).to(torch.bfloat16).float()
    x = torch.cat([-x, x, torch.tensor([0.0, torch.inf, -torch.inf])])[None, :, None]
    one = torch.ones(1, 1)
    found = autograd.apply(
        Inputs("rnn_tanh", x, {"weight_ih": one, "weight_hh": 0 * one}, torch.zeros(x.shape[1], 1), half=True)
    )[0]
    torch.testing.assert_close(found, torch.tanh(x), rtol=2.0**-16, atol=0)


@pytest.mark.parametrize(
    "rounded", ["", "weight_[ih]h|weight_hr", "weight_hh|bias_ih|ln_"], ids=["all", "matrices", "some"]
)
@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("cell", GATES)
def test_weights_may_be_bfloat16(cell, steps, rounded, draw, everything):
    i = half(draw(cell, steps, layer_norm=cell in NORMED, peephole=cell == "lstm"))
    weights = {n: w.bfloat16() if re.match(rounded, n) else w for n, w in i.weights.items()}
    found = everything(autograd.apply, i._replace(weights=weights))
    expected = everything(autograd.apply, i._replace(weights={n: w.float() for n, w in weights.items()}))
    for name, e in expected.items():
        weight = weights.get(name.removeprefix("gradient of "))
        assert torch.equal(found[name], e if weight is None else e.to(weight.dtype)), name


@pytest.mark.parametrize("cell", GATES)
def test_nan_and_infinity_stay_where_the_equations_have_them(cell, draw):
    i = half(draw(cell, batch=7, features=9))
    i.x[2, 0, 8] = torch.nan
    i.x[2, 1, 0] = torch.inf
    i.initial_h[5, 16] = torch.nan
    expected, actual = autograd.apply(i._replace(half=False))[0], autograd.apply(i)[0]
    assert expected.isnan().any()
    assert torch.equal(actual.isnan(), expected.isnan())


def test_packed_weights_are_those_of_the_precision(draw):
    i = draw("lstm", 1, 90)
    exact, rounded = autograd.apply(i), autograd.apply(half(i))
    assert not torch.equal(exact[0], rounded[0])
    with packed_weights():
        for _ in range(2):
            assert all(map(torch.equal, autograd.apply(i), exact))
            assert all(map(torch.equal, autograd.apply(half(i)), rounded))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_half_precision_computes_in_float32(dtype, draw, converted):
    with pytest.raises(ValueError, match=f"^x must be float32, got {dtype}"):
        autograd.apply(half(converted(draw("gru"), dtype)))


def test_without_half_precision_weights_are_of_the_type_of_x(draw):
    i = draw("gru")
    weights = {name: weight.bfloat16() for name, weight in i.weights.items()}
    with pytest.raises(ValueError, match=r"^weight_ih must be torch\.float32"):
        autograd.apply(i._replace(weights=weights))


def test_second_derivatives_are_those_of_the_twin(draw):
    def curvature(scan):
        i = half(draw("gru"))
        x = i.x.requires_grad_()
        (slope,) = torch.autograd.grad(scan(i)[0].square().sum(), x, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), x)[0]

    found, expected = curvature(autograd.apply), curvature(twin)
    torch.testing.assert_close(found, expected, rtol=0, atol=4 * UNIT * float(expected.abs().max()))


@pytest.mark.parametrize("cell", ["rnn_tanh", "lstm", "gru"])
def test_gradients_of_slices_that_share_their_weights(cell, draw):
    i = half(draw(cell, batch=4))

    def loss(weight, x):
        weights = {**i.weights, "weight_hh": weight}
        state = None if i.initial_c is None else i.initial_c[:1]
        return autograd.apply(Inputs(cell, x, weights, i.initial_h[:1], state, half=True))[0].square().sum()

    slices = i.x.transpose(0, 1)[:, :, None]
    each = torch.stack([torch.func.grad(loss)(i.weights["weight_hh"], x) for x in slices])
    mapped = torch.vmap(torch.func.grad(loss), (None, 0))(i.weights["weight_hh"], slices)
    torch.testing.assert_close(mapped, each, rtol=0, atol=4 * UNIT * float(each.abs().max()))
