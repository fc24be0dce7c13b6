"""The compiled scan against its readable twin, computed in float64 from the same values."""

from __future__ import annotations

import pytest
import torch

from foretell.kernels import autograd, native
from foretell.kernels.inputs import GATES, Inputs
from foretell.kernels.twin import twin

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6}
NORMED = ["rnn_tanh", "rnn_relu", "lstm", "gru"]
EVERYTHING = {"layer_norm": True, "mask": True, "zoneout": "mask"}
VARIANTS = [
    *((cell, {}) for cell in GATES),
    *((cell, {"bias": False}) for cell in GATES),
    *((cell, {"mask": True}) for cell in GATES),
    *((cell, {"zoneout": kind}) for cell in GATES for kind in ("mask", "rate")),
    *((cell, {"layer_norm": True}) for cell in NORMED),
    *((cell, {"layer_norm": True, "bias": False}) for cell in NORMED),
    *((cell, EVERYTHING) for cell in NORMED),
    ("lstm", {"peephole": True}),
    ("lstm", {"peephole": True, "mask": True, "zoneout": "rate"}),
    ("lstm", {"peephole": True, **EVERYTHING}),
    ("lstm", {"projection": 5}),
    ("lstm", {"projection": 16, "bias": False, "mask": True, "zoneout": "rate"}),
    ("lstm", {"projection": 9, "peephole": True, **EVERYTHING}),
]
HIDDEN, BATCHES, LAYOUTS = (1, 7, 17, 63, 65, 300), (1, 2, 3, 31), ("padded", "ragged", "packed")


def named(value):
    return "-".join(f"{k}={v}" for k, v in value.items()) or "plain" if isinstance(value, dict) else None


def assert_same(actual, expected, dtype, scale=None):
    """Equal up to the tolerance of the dtype, relative to the largest value of each tensor or to a given scale."""
    assert actual.keys() == expected.keys()
    for name, e in expected.items():
        a = actual[name].detach()
        assert a.shape == e.shape
        assert a.dtype == dtype
        if e.numel():
            error, largest = float((a.double() - e.detach()).abs().max()), scale or float(e.detach().abs().max())
            assert error <= TOLERANCE[dtype] * largest, f"{name}: {error:.2e} where the largest value is {largest:.2e}"


def compare(i, everything, converted):
    expected = everything(twin, converted(i, torch.float64))
    for dtype in TOLERANCE:
        assert_same(everything(autograd.apply, converted(i, dtype)), expected, dtype)


@pytest.mark.parametrize(("cell", "options"), VARIANTS, ids=named)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_variant_equals_its_twin(cell, options, layout, draw, everything, converted):
    # With fewer units, or with other seeds, a layer-normalised LSTM is so ill-conditioned that the twin itself, run in
    # float32, is off by more than the tolerance.
    for reverse in (False, True):
        i = draw(cell, hidden=33, layout=layout, reverse=reverse, seed=1, **options)
        compare(i, everything, converted)


@pytest.mark.parametrize(("cell", "options"), VARIANTS, ids=named)
def test_a_single_step_of_a_few_sequences(cell, options, draw, everything, converted):
    # Few enough that the weights are read as they lie, in whole vectors and with a rest.
    for batch, features, layout in ((1, 33, "padded"), (2, 5, "padded"), (23, 64, "ragged"), (7, 16, "packed")):
        compare(draw(cell, 1, batch, 33, features, layout=layout, seed=1, **options), everything, converted)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("cell", GATES)
def test_odd_sizes(cell, hidden, draw, everything, converted):
    for index, (batch, features) in enumerate(zip(BATCHES, (9, 8, 1, 8), strict=True)):
        layout = LAYOUTS[(index + hidden) % 3]
        compare(draw(cell, 1 + (index + hidden) % 2, batch, hidden, features, layout=layout), everything, converted)


@pytest.mark.parametrize("hidden", HIDDEN[1:])
@pytest.mark.parametrize("cell", NORMED)
def test_odd_sizes_under_layer_norm(cell, hidden, draw, everything, converted):
    # Not one feature: a norm takes away the scale of its input, and what is left of the gradient of x is rounding.
    for index, (batch, features) in enumerate(zip(BATCHES, (9, 8, 7, 8), strict=True)):
        layout = LAYOUTS[(index + hidden) % 3]
        i = draw(cell, 1 + (index + hidden) % 2, batch, hidden, features, layout=layout, layer_norm=True)
        compare(i, everything, converted)


@pytest.mark.parametrize("cell", NORMED)
def test_layer_norm_of_a_single_unit(cell, draw, everything, converted):
    # Exact gradients are zero where the norm is of one unit, so that they lend no scale: the largest of all does.
    i = draw(cell, 4, 3, 1, layer_norm=True)
    expected = everything(twin, converted(i, torch.float64))
    scale = max(float(e.detach().abs().max()) for e in expected.values())
    # An LSTM's h is then small and the norm of the gates leaves of it little but its sign: too much for float32, where
    # the twin itself is off by up to 1e-4.
    for dtype in TOLERANCE if cell != "lstm" else (torch.float64,):
        assert_same(everything(autograd.apply, converted(i, dtype)), expected, dtype, scale)


@pytest.mark.parametrize(
    ("cell", "batch", "hidden", "layout"),
    [
        ("rnn_tanh", 2, 65, "padded"),
        ("rnn_relu", 1, 7, "padded"),
        ("lstm", 3, 17, "ragged"),
        ("gru", 2, 7, "packed"),
        ("gru_reset_before", 1, 17, "padded"),
    ],
)
def test_long_sequences(cell, batch, hidden, layout, draw, everything, converted):
    compare(draw(cell, 4096, batch, hidden, layout=layout), everything, converted)


@pytest.mark.parametrize("options", [{}, {"layer_norm": True}], ids=named)
@pytest.mark.parametrize("cell", NORMED)
def test_an_empty_batch(cell, options, draw, everything):
    found = everything(autograd.apply, draw(cell, batch=0, **options))
    assert found["output"].shape == (5, 0, 17)
    assert found["final_h"].shape == (0, 17)
    for name, gradient in found.items():
        assert not gradient.any(), name  # those of the weights are there, and zero


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", GATES)
def test_nothing_but_empty_sequences(cell, reverse, draw, everything):
    i = draw(cell, reverse=reverse)._replace(lengths=torch.zeros(3, dtype=torch.int64))
    found = everything(autograd.apply, i)
    assert not found["output"].any()
    assert torch.equal(found["final_h"], i.initial_h)
    generator = torch.Generator().manual_seed(1)
    cotangents = [torch.randn(shape, generator=generator) for shape in ((5, 3, 17), (3, 17), (3, 17))]
    assert torch.equal(found["gradient of initial_h"], cotangents[1])
    if cell == "lstm":
        assert torch.equal(found["final_c"], i.initial_c)
        assert torch.equal(found["gradient of initial_c"], cotangents[2])
    for name in i.weights:
        assert not found[f"gradient of {name}"].any(), name


def turned(tensor):
    """The same values with the last two axes swapped in memory."""
    return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)


def spread(tensor):
    """The same values, each second one of a larger tensor."""
    wide = tensor.new_full((*tensor.shape[:-1], 2 * tensor.shape[-1]), torch.nan)
    wide[..., ::2] = tensor
    return wide[..., ::2]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("arranged", [turned, spread])
@pytest.mark.parametrize("cell", GATES)
def test_any_arrangement_in_memory(cell, arranged, layout, draw, everything):
    extras = {"layer_norm": cell in NORMED, "peephole": cell == "lstm"}
    i = draw(cell, layout=layout, mask=True, zoneout="mask", **extras)
    other = Inputs.of_flat(
        [
            arranged(t)
            if isinstance(t, torch.Tensor) and t.is_floating_point() and (t.dim() > 1 or arranged is spread)
            else t
            for t in i.flat
        ]
    )
    assert not other.x.is_contiguous()
    assert not other.weights["weight_hh"].is_contiguous()
    expected, actual = everything(autograd.apply, i), everything(autograd.apply, other)
    for name, e in expected.items():
        assert torch.equal(actual[name], e), name


@pytest.mark.parametrize("cell", GATES)
def test_expanded_inputs(cell, draw, everything):
    i = draw(cell)
    expanded = {"x": i.x[:1, :1].expand_as(i.x), "initial_h": i.initial_h[:1, :1].expand_as(i.initial_h)}
    expected = everything(autograd.apply, i._replace(**{name: t.contiguous() for name, t in expanded.items()}))
    for name, a in everything(autograd.apply, i._replace(**expanded)).items():
        assert torch.equal(a, expected[name]), name


@pytest.mark.parametrize("cell", GATES)
def test_any_arrangement_of_the_incoming_gradients(cell, draw):
    i = draw(cell)
    leaves = [i.x.requires_grad_(), i.weights["weight_hh"].requires_grad_(), i.initial_h.requires_grad_()]
    outputs, final, _ = autograd.apply(i)

    def gradients(*incoming):
        return torch.autograd.grad((outputs, final), leaves, incoming, retain_graph=True)

    generator = torch.Generator().manual_seed(2)
    plain = [torch.randn(t.shape, generator=generator) for t in (outputs, final)]
    for arranged in (turned, spread, lambda t: t.transpose(0, 1).contiguous().transpose(0, 1)):
        assert all(map(torch.equal, gradients(*map(arranged, plain)), gradients(*plain)))
    one = torch.ones(()).expand
    ones = gradients(one(outputs.shape), one(final.shape))
    assert all(map(torch.equal, ones, gradients(torch.ones(outputs.shape), torch.ones(final.shape))))
    assert all(map(torch.equal, ones, torch.autograd.grad(outputs.sum() + final.sum(), leaves)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("cell", "options"), VARIANTS, ids=named)
def test_nan_stays_where_the_equations_have_it(cell, options, layout, draw, everything):
    i = draw(cell, layout=layout, batch=7, **options)
    i.x[(2, 0, 1) if i.x.dim() == 3 else (2 * 7, 1)] = torch.nan  # step 2 of the first sequence, which has all steps
    i.initial_h[5, 3] = torch.nan
    if i.initial_c is not None:
        i.initial_c[6, 2] = torch.nan
    expected, actual = everything(twin, i), everything(autograd.apply, i)
    assert expected["output"].isnan().any()
    assert not expected["output"].isnan().all()
    for name, e in expected.items():
        assert torch.equal(actual[name].isnan(), e.isnan()), name


@pytest.mark.parametrize("bad", [torch.inf, -torch.inf, 1e30, -1e30])
@pytest.mark.parametrize("cell", [cell for cell in GATES if cell != "rnn_relu"])
def test_infinite_and_huge_inputs_saturate(cell, bad, draw):
    i = draw(cell)
    i.x[2, 1, 0] = bad
    for a, e in zip(autograd.apply(i), twin(i), strict=False):
        torch.testing.assert_close(a, e, rtol=2e-6, atol=2e-6, equal_nan=True)


@pytest.mark.parametrize(("cell", "layout"), [("lstm", "ragged"), ("gru", "padded"), ("rnn_tanh", "packed")])
def test_torch_accepts_the_operators(cell, layout, draw):
    i = draw(cell, layout=layout, layer_norm=True)
    torch.library.opcheck(torch.ops.foretell.scan.default, (*i.flat, False))
    outputs, _, _, gates, cells = torch.ops.foretell.scan(*i.flat, True)
    needed = [t is not None for t in i.differentiable]
    incoming = (outputs, gates, cells, torch.ones_like(outputs), None, None, needed)
    torch.library.opcheck(torch.ops.foretell.scan_backward.default, (*i.flat, *incoming))
    leaves = [None if t is None else t.requires_grad_() for t in i.differentiable]
    # Not the last of the checks, equal results when traced: what is kept for backward has gaps that nothing fills.
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(torch.ops.foretell.scan.default, (*leaves, *i.flat[len(leaves) :], True), test_utils=checks)
