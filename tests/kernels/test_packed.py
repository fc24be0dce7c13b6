"""Weights that stay packed within a loop: the same values, never those of old weights, and gone at the end."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
import torch

from foretell import nn
from foretell.kernels import autograd, native, packed
from foretell.kernels.inputs import GATES
from foretell.kernels.packed import packed_weights

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

# So many sequences that a single step packs its weights.
BATCH = 85


def layers():
    return list(packed._scope.layers.values())


@pytest.fixture
def made(monkeypatch):
    """How often weights were packed."""
    count = []

    class Counted(packed.KeptLayer):
        def __init__(self, *arguments):
            count.append(1)
            super().__init__(*arguments)

    monkeypatch.setattr(packed, "KeptLayer", Counted)
    return count


def step(layer, seed=0):
    x = torch.randn(BATCH, 1, layer.input_size, generator=torch.Generator().manual_seed(seed))
    x = x.to(layer.weight_hh_l0.dtype)
    state = tuple(torch.ones(layer.num_layers, BATCH, width, dtype=x.dtype) for width in layer._widths())
    with torch.no_grad():
        return layer(x, layer._hx(state))[0]


@pytest.mark.parametrize("options", [{}, {"layer_norm": True}], ids=str)
@pytest.mark.parametrize("cell", [cell for cell in GATES if cell != "gru_reset_before"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_bits_are_the_same(cell, options, dtype, draw, converted, made):
    for steps, batch in ((1, BATCH), (5, 3)):
        i = converted(draw(cell, steps, batch, 33, **options), dtype)
        expected = autograd.apply(i)
        with packed_weights():
            for _ in range(3):
                assert all(map(torch.equal, autograd.apply(i), expected))
    assert len(made) == 2


def test_every_layer_keeps_its_own(made):
    layer = nn.LSTM(5, 7, num_layers=2, batch_first=True, peephole=True, proj_size=3)
    expected = [step(layer, seed) for seed in range(3)]
    with packed_weights():
        assert all(torch.equal(step(layer, seed), e) for seed, e in enumerate(expected))
    assert len(made) == 2


def changed_in_place(layer):
    with torch.no_grad():
        layer.weight_hh_l0.add_(1)


def input_weight_changed_in_place(layer):
    with torch.no_grad():
        layer.weight_ih_l0[0] = 1


def bias_changed_in_place(layer):
    with torch.no_grad():
        layer.bias_hh_l0.add_(1)


def replaced(layer):
    layer.weight_hh_l0 = torch.nn.Parameter(layer.weight_hh_l0 + 1)


def data_replaced(layer):
    layer.weight_hh_l0.data = layer.weight_hh_l0.data + 1


def loaded(layer):
    layer.load_state_dict({name: value + 1 for name, value in layer.state_dict().items()})


def rounded(layer):
    layer.half().float()


def converted_to_double(layer):
    layer.double()


@pytest.mark.parametrize(
    "change",
    [
        changed_in_place,
        input_weight_changed_in_place,
        bias_changed_in_place,
        replaced,
        data_replaced,
        loaded,
        rounded,
        converted_to_double,
    ],
)
def test_weights_that_change_are_packed_anew(change):
    layer = nn.GRU(5, 7, batch_first=True)
    with packed_weights():
        before = step(layer)
        change(layer)
        after = step(layer)
        assert len(layers()) <= 2
    assert torch.equal(after, step(layer))
    assert not torch.equal(after.double(), before.double())


def test_gradients_pass_by(made):
    layer, x = nn.GRU(5, 7, batch_first=True), torch.randn(BATCH, 1, 5)
    layer(x)[0].sum().backward()
    expected = [p.grad.clone() for p in layer.parameters()]
    layer.zero_grad()
    with packed_weights():
        layer(x)[0].sum().backward()
    assert not made
    assert all(torch.equal(p.grad, e) for p, e in zip(layer.parameters(), expected, strict=True))


def test_weights_of_inference_mode_are_not_kept(made):
    with torch.inference_mode():
        layer = nn.GRU(5, 7, batch_first=True)
        with packed_weights():
            before = step(layer)
            layer.weight_hh_l0.add_(1)  # type: ignore[operator]
            assert not torch.equal(step(layer), before)
    assert not made


def test_all_is_freed_at_the_end():
    layer = nn.GRU(5, 7, batch_first=True)
    with packed_weights():
        with packed_weights():
            step(layer)
        (kept,) = layers()
        gone = weakref.ref(kept)
        del kept
    assert packed._scope.layers is None
    gc.collect()
    assert gone() is None
    with pytest.raises(RuntimeError, match="on the way"), packed_weights():
        raise RuntimeError("on the way")
    assert packed._scope.layers is None


def test_other_threads_pack_for_themselves(made):
    layer, seen = nn.GRU(5, 7, batch_first=True), []
    with packed_weights():
        thread = threading.Thread(target=lambda: seen.append((packed._scope.layers, step(layer))))
        thread.start()
        thread.join()
        assert not made
        assert seen[0][0] is None
        assert torch.equal(step(layer), seen[0][1])
