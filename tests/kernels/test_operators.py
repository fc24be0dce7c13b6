"""The compiled scan against its readable twin, computed in float64 from the same values."""

from __future__ import annotations

import pytest
import torch

from foretell.kernels import autograd, native
from foretell.kernels.inputs import GATES, Inputs
from foretell.kernels.twin import twin

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6}
NORMED = [cell for cell in GATES if cell in ("rnn_tanh", "rnn_relu", "lstm", "gru")]
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
]
HIDDEN, BATCHES = (1, 7, 17, 63, 65, 300), (1, 2, 3, 31)


def named(value):
    return "-".join(f"{k}={v}" for k, v in value.items()) or "plain" if isinstance(value, dict) else None


def assert_same(actual, expected, dtype):
    """Equal up to the tolerance of the dtype, relative to the largest value of each tensor."""
    assert actual.keys() == expected.keys()
    for name, e in expected.items():
        a = actual[name]
        assert a.shape == e.shape
        assert a.dtype == dtype
        if e.numel():
            error, scale = float((a.double() - e).abs().max()), float(e.abs().max())
            assert error <= TOLERANCE[dtype] * scale, f"{name}: {error / scale if scale else error}"


def compare(i, everything, converted):
    expected = everything(twin, converted(i, torch.float64))
    for dtype in TOLERANCE:
        assert_same(everything(autograd.apply, converted(i, dtype)), expected, dtype)


@pytest.mark.parametrize(("cell", "options"), VARIANTS, ids=named)
@pytest.mark.parametrize("layout", ["padded", "ragged", "packed"])
def test_every_variant_equals_its_twin(cell, options, layout, draw, everything, converted):
    for reverse in (False, True):
        compare(draw(cell, layout=layout, reverse=reverse, **options), everything, converted)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(
    ("cell", "options"), [*((cell, {}) for cell in GATES), *((cell, {"layer_norm": True}) for cell in NORMED)], ids=named
)
def test_odd_sizes(cell, options, hidden, draw, everything, converted):
    for index, batch in enumerate(BATCHES):
        layout = ("padded", "ragged", "packed")[(index + hidden) % 3]
        i = draw(cell, 1 + (index + hidden) % 2, batch, hidden, (1, 4, 9)[index % 3], layout=layout, **options)
        compare(i, everything, converted)


@pytest.mark.parametrize(
    ("cell", "batch", "hidden", "layout"),
    [("rnn_tanh", 2, 65, "padded"), ("rnn_relu", 1, 7, "padded"), ("lstm", 3, 17, "ragged"), ("gru", 2, 7, "packed")],
)
def test_long_sequences(cell, batch, hidden, layout, draw, everything, converted):
    compare(draw(cell, 4096, batch, hidden, layout=layout), everything, converted)
