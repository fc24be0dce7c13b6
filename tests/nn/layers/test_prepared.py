"""Layers that are called again with the same shape: prepared once, and still what they are at each call."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from foretell import nn
from foretell.kernels import native
from foretell.nn.layers.recurrent_base import RecurrentBase

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

I, H = 5, 19  # noqa: E741
SHAPES = [(4, 3, I), (1, 1, I), (1, 90, I), (6, I)]
CASES: list[tuple[type[RecurrentBase], dict[str, Any]]] = [
    (nn.RNN, {}),
    (nn.RNN, {"nonlinearity": "relu", "layer_norm": True, "num_layers": 2}),
    (nn.LSTM, {}),
    (nn.LSTM, {"num_layers": 2, "bidirectional": True, "batch_first": True}),
    (nn.LSTM, {"peephole": True, "proj_size": 3, "bias": False}),
    (nn.LSTM, {"layer_norm": True, "zoneout": 0.25}),
    (nn.GRU, {}),
    (nn.GRU, {"batch_first": True, "bidirectional": True}),
    (nn.GRU, {"reset_after": False}),
    (nn.GRU, {"layer_norm": True, "num_layers": 3, "dropout": 0.5}),
]


def named(case: Any) -> str:
    return f"{case[0].__name__}-{case[1]}"


def flat(result: Any) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else [t for part in result for t in flat(part)]


def build(case: Any, **more: Any) -> Any:
    torch.manual_seed(0)
    cell, options = case
    return cell(I, H, **{**options, **more}).eval()


def fresh(layer: Any) -> Any:
    """The same layer, not prepared for anything."""
    other = copy.deepcopy(layer)
    assert not other._prepared
    return other


def prepared(layer: Any, *arguments: Any) -> list[Tensor]:
    """What the layer returns once it is prepared."""
    layer(*arguments)
    layer(*arguments)
    assert layer._prepared[arguments[0].shape, True, None] is not None
    return flat(layer(*arguments))


def state_of(layer: Any, x: Tensor) -> Any:
    final = layer(x)[1]
    return tuple(2 * s.detach() for s in final) if isinstance(final, tuple) else 2 * final.detach()


def same(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(map(torch.equal, found, expected))


@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("case", CASES, ids=named)
def test_results_are_the_same_to_the_bit(case: Any, shape: tuple[int, ...], with_state: bool) -> None:
    layer, x = build(case), torch.randn(shape)
    given = (x, state_of(fresh(layer), x)) if with_state else (x,)
    with torch.no_grad():
        expected = flat(fresh(layer)(*given))
        found = prepared(layer, *given)
    assert same(found, expected)
    assert [t.shape for t in found] == [t.shape for t in expected]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_gradients_are_the_same_to_the_bit(case: Any) -> None:
    layer, x = build(case), torch.randn(4, 3, I)
    state = state_of(fresh(layer), x)

    def gradients(layer: Any) -> list[Tensor]:
        leaves = [t.detach().clone().requires_grad_() for t in (x, *flat(state))]
        hx = tuple(leaves[1:]) if isinstance(state, tuple) else leaves[1]
        results = flat(layer(leaves[0], hx))
        total: Any = sum((t * torch.linspace(-1, 2, t.numel()).view_as(t)).sum() for t in results)
        return list(torch.autograd.grad(total, [*leaves, *layer.parameters()]))

    expected = gradients(fresh(layer))
    gradients(layer)
    gradients(layer)
    assert layer._prepared[x.shape, True, None] is not None
    assert same(gradients(layer), expected)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_ragged_batches_are_the_same_to_the_bit(case: Any) -> None:
    layer, x, lengths = build(case), torch.randn(4, 4, I), torch.tensor([4, 0, 1, 3])

    def everything(layer: Any, lengths: Tensor) -> list[Tensor]:
        leaf = x.clone().requires_grad_()
        results = flat(layer(leaf, lengths=lengths))
        total: Any = sum((t * torch.linspace(-1, 2, t.numel()).view_as(t)).sum() for t in results)
        return [*results, *torch.autograd.grad(total, [leaf, *layer.parameters()])]

    expected = everything(fresh(layer), lengths)
    for _ in range(2):
        everything(layer, lengths)
    assert layer._prepared[x.shape, False, None] is not None
    assert same(everything(layer, lengths), expected)
    with torch.no_grad():
        assert same(flat(layer(x, lengths=lengths)), [t.detach() for t in expected[: len(flat(layer(x)))]])
        others = torch.tensor([2, 4, 4, 1])
        assert same(flat(layer(x, lengths=others)), flat(fresh(layer)(x, lengths=others)))
        for bad in (torch.tensor([5, 0, 1, 3]), torch.tensor([1, 2]), torch.tensor([1.0, 0, 1, 3])):
            with pytest.raises((ValueError, TypeError)):
                layer(x, lengths=bad)


MODES = ["autocast", "autocast of bfloat16", "bfloat16"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("case", CASES, ids=named)
def test_half_precision_is_the_same_to_the_bit(case: Any, with_state: bool, mode: str) -> None:
    layer, rounded = build(case), None if mode == "bfloat16" else torch.bfloat16
    x, lengths = torch.randn(4, 4, I), torch.tensor([4, 0, 1, 3])
    state = flat(state_of(fresh(layer), x)) if with_state else []
    if mode == "bfloat16":
        layer.bfloat16()
    if mode != "autocast":
        x, state = x.bfloat16(), [s.bfloat16() for s in state]

    def everything(layer: Any, lengths: Tensor | None) -> list[Tensor]:
        leaves = [t.clone().requires_grad_() for t in (x, *state)]
        hx = None if not state else tuple(leaves[1:]) if len(state) > 1 else leaves[1]
        with torch.autocast("cpu", enabled=rounded is not None):
            results = flat(layer(leaves[0], hx, lengths=lengths))
        total: Any = sum((t * torch.linspace(-1, 2, t.numel()).view_as(t)).sum() for t in results)
        return [*results, *torch.autograd.grad(total, [*leaves, *layer.parameters()])]

    for given in (None, lengths):
        expected = everything(fresh(layer), given)
        for _ in range(2):
            everything(layer, given)
        assert layer._prepared[x.shape, given is None, rounded] is not None
        found = everything(layer, given)
        assert same(found, expected)
        assert [t.dtype for t in found] == [t.dtype for t in expected]
        with torch.no_grad(), torch.autocast("cpu", enabled=rounded is not None):
            hx = None if not state else tuple(state) if len(state) > 1 else state[0]
            outputs = flat(layer(x, hx, lengths=given))
        assert same(outputs, [t.detach() for t in expected[: len(outputs)]])
        assert [t.dtype for t in outputs] == [t.dtype for t in expected[: len(outputs)]]


def test_changed_biases_of_bfloat16_are_those_in_use() -> None:
    layer, x = build((nn.LSTM, {})).bfloat16(), torch.randn(4, 3, I).bfloat16()
    with torch.no_grad():
        layer(x), layer(x)
        before = layer(x)[0]
        layer.bias_hh_l0 += 1
        assert not torch.equal(layer(x)[0], before)
        assert same(flat(layer(x)), flat(fresh(layer)(x)))


def test_autocast_and_full_precision_take_turns() -> None:
    layer, x = build((nn.GRU, {})), torch.randn(4, 3, I)
    exact = flat(fresh(layer)(x))
    for _ in range(3):
        assert same(flat(layer(x)), exact)
        with torch.autocast("cpu", torch.bfloat16):
            assert not torch.equal(layer(x)[0].float(), exact[0])
    assert len(layer._prepared) == 2
    assert None not in layer._prepared.values()
    with torch.autocast("cpu", torch.float16):
        assert not torch.equal(layer(x)[0], exact[0].bfloat16())


def test_a_part_of_the_gradients() -> None:
    layer, x = build(CASES[2]), torch.randn(4, 3, I)
    layer.bias_ih_l0.requires_grad_(False)
    other = fresh(layer)
    expected = torch.autograd.grad(other(x)[1][1].sum(), other.weight_hh_l0)
    prepared(layer, x)
    assert same(list(torch.autograd.grad(layer(x)[1][1].sum(), layer.weight_hh_l0)), list(expected))


@pytest.mark.parametrize("case", [CASES[0], CASES[2], CASES[6]], ids=named)
def test_second_derivatives(case: Any) -> None:
    layer, x = build(case).double(), torch.randn(3, 2, I, dtype=torch.double)
    state = state_of(fresh(layer), x)

    def penalty(layer: Any) -> list[Tensor]:
        leaves = [t.detach().clone().requires_grad_() for t in (x, *flat(state))]
        hx = tuple(leaves[1:]) if isinstance(state, tuple) else leaves[1]
        results = flat(layer(leaves[0], hx))
        (slope, *_) = torch.autograd.grad(sum(r.square().sum() for r in results), leaves, create_graph=True)  # type: ignore[arg-type]
        return list(torch.autograd.grad(slope.square().sum(), [*leaves, *layer.parameters()]))

    expected = penalty(fresh(layer))
    penalty(layer)
    penalty(layer)
    assert layer._prepared[x.shape, True, None] is not None
    for found, wanted in zip(penalty(layer), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


def in_place(layer: Any) -> None:
    with torch.no_grad():
        layer.weight_hh_l0.add_(1)


def through_data(layer: Any) -> None:
    layer.weight_hh_l0.data.add_(1)  # which no version counter tells


def bias_through_data(layer: Any) -> None:
    layer.bias_hh_l0.data += 1


def data_replaced(layer: Any) -> None:
    layer.weight_ih_l0.data = layer.weight_ih_l0.data + 1


def data_transposed(layer: Any) -> None:
    square = layer.weight_hh_l0.data[:H].clone()
    layer.weight_hh_l0.data = torch.cat([square.t(), layer.weight_hh_l0.data[H:]])


def loaded(layer: Any) -> None:
    layer.load_state_dict({name: value + 1 for name, value in layer.state_dict().items()})


def assigned(layer: Any) -> None:
    layer.load_state_dict({name: value + 1 for name, value in layer.state_dict().items()}, assign=True)


def replaced(layer: Any) -> None:
    layer.weight_hh_l0 = torch.nn.Parameter(layer.weight_hh_l0 + 1)


def normed(layer: Any) -> None:
    torch.nn.utils.parametrizations.weight_norm(layer, "weight_hh_l0")
    with torch.no_grad():
        layer.parametrizations.weight_hh_l0.original0.mul_(2)


CHANGES = [
    in_place,
    through_data,
    bias_through_data,
    data_replaced,
    data_transposed,
    loaded,
    assigned,
    replaced,
    normed,
]


@pytest.mark.parametrize("shape", [(1, 1, I), (30, 4, I)], ids=str)
@pytest.mark.parametrize("change", CHANGES)
def test_weights_that_change_are_those_in_use(change: Callable[[Any], None], shape: tuple[int, ...]) -> None:
    layer, x, h = build((nn.GRU, {})), torch.randn(shape), torch.randn(1, shape[1], H)
    with torch.no_grad():
        before = prepared(layer, x, h)
        change(layer)
        after = flat(layer(x, h))
        other = nn.GRU(I, H)
        other.load_state_dict({n: getattr(layer, n).clone() for n in other.state_dict()})
        assert same(after, flat(other(x, h)))
        assert not torch.equal(before[0], after[0])


def test_settings_that_change() -> None:
    layer, x = build((nn.GRU, {"batch_first": True})), torch.randn(3, 3, I)
    with torch.no_grad():
        prepared(layer, x)
        layer.batch_first = False
        assert same(flat(layer(x)), flat(fresh(layer)(x)))
        prepared(layer, x)
        layer.zoneout = (0.5,)
        assert same(flat(layer(x)), flat(fresh(layer)(x)))
        prepared(layer, x)
        layer.train()
        assert not torch.equal(layer(x)[0], layer(x)[0])


def test_other_dtypes() -> None:
    layer, x = build((nn.LSTM, {})), torch.randn(3, 2, I)
    with torch.no_grad():
        prepared(layer, x)
        layer.double()
        assert prepared(layer, x.double())[0].dtype == torch.double
        layer.bfloat16()
        assert layer(x.bfloat16())[0].dtype == torch.bfloat16
        layer.float()
        prepared(layer, x)
        with torch.autocast("cpu", torch.bfloat16):
            assert [layer(x)[0].dtype for _ in range(3)] == [torch.bfloat16] * 3
        with pytest.raises(ValueError, match="dtype"):
            layer(x.double())


def test_an_input_or_a_state_that_lies_otherwise() -> None:
    layer, x, h = build((nn.GRU, {})), torch.randn(4, 3, I), torch.randn(1, 3, H)
    expected = flat(fresh(layer)(x, h))
    with torch.no_grad():
        prepared(layer, x, h)
        apart = torch.stack([x, x], -1)[..., 0]
        turned = x.permute(2, 1, 0).contiguous().permute(2, 1, 0)
        negative = torch._neg_view(-x)
        for given in (apart, turned, negative):
            assert same(flat(layer(given, h)), expected)
        assert same(flat(layer(x, torch.stack([h, h], -1)[..., 0])), expected)
        assert same(flat(layer(x, torch._neg_view(-h))), expected)


def test_bad_arguments_are_refused_as_before() -> None:
    layer, x = build((nn.LSTM, {})), torch.randn(4, 3, I)
    with torch.no_grad():
        prepared(layer, x)
        with pytest.raises(RuntimeError, match="Expected hidden"):
            layer(x, (torch.zeros(1, 2, H), torch.zeros(1, 2, H)))
    gru = build((nn.GRU, {}))
    with torch.no_grad():
        prepared(gru, x)
        with pytest.raises(AttributeError):
            gru(x, (torch.zeros(1, 3, H),))


def test_function_transforms_and_hooks_are_seen() -> None:
    layer, x = build((nn.GRU, {})), torch.randn(4, 3, I)
    prepared(layer, x)
    parameters = {name: p.detach() + 1 for name, p in layer.named_parameters()}
    other = fresh(layer)
    other.load_state_dict(parameters)
    torch.testing.assert_close(functional_call(layer, parameters, (x,))[0], other(x)[0])
    slope = grad(lambda x: layer(x)[0].sum())(x)
    torch.testing.assert_close(slope, grad(lambda x: other(x)[0].sum())(x) * 0 + slope)
    torch.testing.assert_close(vmap(lambda x: layer(x)[0])(x[None])[0], layer(x)[0])
    seen: list[Any] = []
    layer.register_forward_hook(lambda *_: seen.append(1))
    layer(x)
    assert seen == [1]


def test_an_input_that_changed_before_backward_is_told() -> None:
    layer, x = build((nn.GRU, {})), torch.randn(4, 3, I)
    prepared(layer, x)
    outputs = layer(x)[0]
    with torch.no_grad():
        layer.weight_hh_l0.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()


def test_copies_and_pickles_are_prepared_for_nothing() -> None:
    layer, x = build((nn.LSTM, {"num_layers": 2})), torch.randn(4, 3, I)
    with torch.no_grad():
        expected = prepared(layer, x)
        for other in (copy.deepcopy(layer), copy.copy(layer), pickle.loads(pickle.dumps(layer))):
            assert same(flat(other(x)), expected)
    assert not pickle.loads(pickle.dumps(layer))._prepared


def test_a_layer_is_prepared_for_so_many_shapes_at_most() -> None:
    layer = build((nn.RNN, {}))
    with torch.no_grad():
        for steps in range(1, 150):
            layer(torch.randn(steps, 1, I))
    assert len(layer._prepared) <= 64


def test_several_threads_call_one_layer() -> None:
    layer = build((nn.LSTM, {"num_layers": 2}))
    xs = [torch.randn(20, 3, I, generator=torch.Generator().manual_seed(k)) for k in range(8)]

    def run(x: Tensor) -> list[Tensor]:
        outputs = layer(x)[0]
        return [outputs.detach(), *torch.autograd.grad(outputs.sum(), layer.parameters())]

    expected = [run(x) for x in xs]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(run, xs * 3), expected * 3, strict=True):
            assert same(found, wanted)
