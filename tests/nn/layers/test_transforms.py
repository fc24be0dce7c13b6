"""Recurrent layers under what torch does to functions: compile, export, differentiate twice, map, cast."""

from __future__ import annotations

import pytest
import torch
from torch import nn as torch_nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, grad, jacrev, jvp, vmap

from foretell import nn
from foretell.kernels import native, operators, side_by_side

T, B, I, H = 4, 3, 2, 3  # noqa: E741
DOUBLE = torch.float64
VARIANTS = [
    (nn.RNN, {}),
    (nn.RNN, {"nonlinearity": "relu"}),
    (nn.RNN, {"layer_norm": True}),
    (nn.LSTM, {}),
    (nn.LSTM, {"bias": False, "zoneout": (0.2, 0.1)}),
    (nn.LSTM, {"peephole": True}),
    (nn.LSTM, {"layer_norm": True}),
    (nn.LSTM, {"peephole": True, "layer_norm": True, "bidirectional": True}),
    (nn.LSTM, {"proj_size": 2}),
    (nn.LSTM, {"proj_size": 2, "peephole": True, "layer_norm": True, "zoneout": 0.2}),
    (nn.GRU, {}),
    (nn.GRU, {"layer_norm": True, "bidirectional": True}),
    (nn.GRU, {"reset_after": False}),
    (nn.GRU, {"reset_after": False, "bias": False, "zoneout": 0.3}),
]
compiled = pytest.mark.skipif(
    native.library() is None, reason="without the compiled scan torch decides what its own layers and operators do here"
)
PLAIN = [(nn.RNN, {}), (nn.LSTM, {}), (nn.GRU, {})]
NORMED = [(cell, {"layer_norm": True}) for cell in (nn.RNN, nn.LSTM, nn.GRU)]


def named(case):
    cell, options = case
    return "-".join([cell.__name__, *(f"{name}={value}" for name, value in options.items())])


def build(case, layers=1, **more):
    """A layer in evaluation mode with every parameter drawn anew."""
    cell, options = case
    layer = cell(I, H, layers, **options, **more).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=DOUBLE) * 0.5)
    return layer


def draw(*shape, dtype=DOUBLE, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE).to(dtype)


def flat(result):
    return [result] if isinstance(result, torch.Tensor) else [t for part in result for t in flat(part)]


def weighted(result):
    """One number that depends on everything a layer returns, each value by a weight of its own."""
    return sum((t * torch.linspace(-1, 2, t.numel(), dtype=t.dtype).view_as(t)).sum() for t in flat(result))


def as_function(layer, **keywords):
    """A layer as a function of its input and its parameters, and the latter."""
    parameters = dict(layer.named_parameters())

    def run(x, *values):
        return tuple(flat(functional_call(layer, dict(zip(parameters, values, strict=True)), (x,), keywords)))

    return run, tuple(parameters.values())


def by_reference(monkeypatch):
    """From here on layers run on the reference scan."""
    monkeypatch.setattr("foretell.nn.layers.recurrent_base.takes", lambda *_: False)
    monkeypatch.setattr(nn.layers.recurrent_base.RecurrentBase, "_plain", False)


def assert_close(actual, expected, tolerance=1e-12):
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, e, rtol=0, atol=tolerance * max(1.0, float(e.detach().abs().max())))


@pytest.mark.parametrize("lengths", [None, [4, 0, 2]], ids=["padded", "ragged"])
@pytest.mark.parametrize("case", VARIANTS, ids=named)
def test_derivatives_of_both_orders(case, lengths):
    lengths = lengths and torch.tensor(lengths)
    run, parameters = as_function(build(case, dtype=DOUBLE), lengths=lengths)
    x = draw(T, B, I).requires_grad_()
    assert gradcheck(run, (x, *parameters), fast_mode=True)
    assert gradgradcheck(run, (x, *parameters), fast_mode=True)


@pytest.mark.parametrize("lengths", [None, [4, 0, 2]], ids=["padded", "ragged"])
@pytest.mark.parametrize("case", VARIANTS, ids=named)
def test_a_gradient_penalty_equals_the_reference(case, lengths, monkeypatch):
    lengths = lengths and torch.tensor(lengths)
    layer, x = build(case, 2, dtype=DOUBLE), draw(T, B, I).requires_grad_()

    def penalised():
        value = weighted(layer(x, lengths=lengths))
        (slope,) = torch.autograd.grad(value, x, create_graph=True)
        return torch.autograd.grad(value + (slope.norm() - 1) ** 2, [x, *layer.parameters()])

    actual = penalised()
    by_reference(monkeypatch)
    assert_close(actual, penalised())


@pytest.mark.parametrize("lengths", [None, [4, 0, 2]], ids=["padded", "ragged"])
@pytest.mark.parametrize("case", VARIANTS, ids=named)
def test_layers_equal_the_reference(case, lengths, monkeypatch):
    lengths = lengths and torch.tensor(lengths)
    layer, x = build(case, 2, dtype=DOUBLE), draw(T, B, I).requires_grad_()
    results = [layer(x, lengths=lengths)]
    by_reference(monkeypatch)
    results.append(layer(x, lengths=lengths))
    assert_close(flat(results[0]), flat(results[1]))
    wanted = [x, *layer.parameters()]
    assert_close(*(torch.autograd.grad(weighted(r), wanted) for r in results))


@pytest.mark.parametrize(
    "case", [*PLAIN, *NORMED, (nn.LSTM, {"proj_size": 2}), (nn.GRU, {"reset_after": False})], ids=named
)
def test_mapped_over_batches_and_per_sample_gradients(case):
    if build(case).backend() == "torch":
        pytest.skip("torch's own kernel cannot be mapped")
    layer, xs = build(case, dtype=DOUBLE), draw(3, T, B, I)
    assert_close(vmap(lambda x: layer(x)[0])(xs), [layer(x)[0] for x in xs])
    assert_close(
        vmap(lambda x: layer(x)[0], in_dims=2)(xs), [layer(x)[0] for x in xs.unbind(2)]
    )  # of what was the second of four dimensions
    assert_close(vmap(grad(lambda x: weighted(layer(x))))(xs), [grad(lambda x: weighted(layer(x)))(x) for x in xs])

    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    loss = lambda p, x: weighted(functional_call(layer, p, (x,)))  # noqa: E731
    per_sample = vmap(grad(loss), in_dims=(None, 0))(parameters, xs)
    for index, x in enumerate(xs):
        expected = torch.autograd.grad(weighted(layer(x)), list(layer.parameters()))
        assert_close([per_sample[name][index] for name in parameters], expected)

    ensemble = {name: torch.stack([p, 2 * p]) for name, p in parameters.items()}
    outputs = vmap(lambda p: functional_call(layer, p, (xs[0],))[0])(ensemble)
    assert_close(outputs, [functional_call(layer, {n: p[k] for n, p in ensemble.items()}, (xs[0],))[0] for k in (0, 1)])


@compiled
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", VARIANTS, ids=named)
@pytest.mark.parametrize("given", ["x", "state", "x and state", "gradient"])
def test_slices_that_share_weights_are_one_scan(case, given, monkeypatch):
    layer, xs = build(case, dtype=DOUBLE).eval(), draw(5, T, B, I)
    directions = 2 if layer.bidirectional else 1
    h = draw(5, directions, B, layer.proj_size or H, seed=1)
    c = draw(5, directions, B, H, seed=2)
    dims = {"x": (0, None), "state": (None, 0), "x and state": (0, 0), "gradient": (None, None)}[given]
    state = (h, c) if isinstance(layer, nn.LSTM) else h

    def taken(tensor, dim, index):
        return tensor[index if dim == 0 else 0]

    def of_slice(tensors, index):
        both = isinstance(tensors, tuple)
        return tuple(taken(t, dims[1], index) for t in tensors) if both else taken(tensors, dims[1], index)

    def slopes(x, s, weight):
        return grad(lambda x, s: (layer(x, s)[0] * weight).sum(), argnums=(0, 1))(x, s)

    weights = draw(5, T, B, layer(xs[0])[0].shape[-1], seed=3)
    slices = [(taken(xs, dims[0], k), of_slice(state, k)) for k in range(5)]
    outputs = [layer(x, s)[0] for x, s in slices]
    gradients = [flat(slopes(x, s, w)) for (x, s), w in zip(slices, weights, strict=True)]
    calls, scan = [], operators.forward
    monkeypatch.setattr(operators, "forward", lambda *a, **k: (calls.append(1), scan(*a, **k))[1])
    x = xs if dims[0] == 0 else xs[0]
    s = state if dims[1] == 0 else of_slice(state, 0)
    if given != "gradient":
        with torch.no_grad():
            assert_close(vmap(lambda x, s: layer(x, s)[0], in_dims=dims)(x, s), outputs)
        assert len(calls) == directions
    found = flat(vmap(slopes, in_dims=(*dims, 0))(x, s, weights))
    for k, expected in enumerate(gradients):
        assert_close([t[k] for t in found], expected)
    assert len(calls) <= 2 * directions


@compiled
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", VARIANTS, ids=named)
def test_gradients_of_weights_per_sample(case):
    layer, xs = build(case, dtype=DOUBLE).eval(), draw(3, T, B, I)
    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    loss = lambda p, x: weighted(functional_call(layer, p, (x,)))  # noqa: E731
    per_sample = vmap(grad(loss), in_dims=(None, 0))(parameters, xs)
    with torch.no_grad():
        vmap(lambda x: layer(x)[0])(xs)
    for index, x in enumerate(xs):
        expected = torch.autograd.grad(weighted(layer(x)), list(layer.parameters()))
        assert_close([per_sample[name][index] for name in parameters], expected)


def ensemble_of(case, size=3, **more):
    """Layers with parameters of their own, and these stacked."""
    layers = [build(case, dtype=DOUBLE, **more) for _ in range(size)]
    with torch.no_grad():
        for k, layer in enumerate(layers):
            for parameter in layer.parameters():
                parameter.mul_(1 + 0.1 * k)
    names = [name for name, _ in layers[0].named_parameters()]
    return layers, {n: torch.stack([layer.get_parameter(n).detach() for layer in layers]) for n in names}


@compiled
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lengths", [None, [4, 0, 2]], ids=["padded", "ragged"])
@pytest.mark.parametrize("case", VARIANTS, ids=named)
def test_layers_with_weights_of_their_own_are_scanned_in_one_call(case, lengths, monkeypatch):
    lengths = lengths and torch.tensor(lengths)
    layers, stacked = ensemble_of(case)
    x, xs = draw(T, B, I), draw(3, T, B, I, seed=5)
    directions = 2 if layers[0].bidirectional else 1
    calls, run = [], side_by_side._run
    monkeypatch.setattr(side_by_side, "_run", lambda name, *a: (calls.append(name), run(name, *a))[1])

    def loss(parameters, x):
        return weighted(functional_call(layers[0], parameters, (x,), {"lengths": lengths}))

    for of_x, dim in ((x, None), (xs, 0)):
        calls.clear()
        found = vmap(grad(loss), in_dims=(0, dim))(stacked, of_x)
        assert calls == ["forward"] * directions + ["backward"] * directions
        values = vmap(loss, in_dims=(0, dim))(stacked, of_x)
        for k, layer in enumerate(layers):
            value = weighted(layer(x if dim is None else xs[k], lengths=lengths))
            assert_close([values[k]], [value.detach()])
            expected = torch.autograd.grad(value, list(layer.parameters()))
            assert_close([found[name][k] for name in stacked], expected)


@compiled
@pytest.mark.parametrize("case", [*PLAIN, (nn.LSTM, {"peephole": True, "layer_norm": True})], ids=named)
def test_an_ensemble_is_differentiated_from_outside(case):
    layers, stacked = ensemble_of(case)
    x = draw(T, B, I).requires_grad_()
    leaves = {name: p.requires_grad_() for name, p in stacked.items()}
    total = lambda p, x: vmap(lambda p, x: weighted(functional_call(layers[0], p, (x,))), (0, None))(p, x).sum()  # noqa: E731
    found = torch.autograd.grad(total(leaves, x), [x, *leaves.values()], create_graph=True)
    inputs = [x.detach().requires_grad_(), *(p.requires_grad_() for layer in layers for p in layer.parameters())]
    outputs = sum(weighted(layer(inputs[0])) for layer in layers)
    slopes = torch.autograd.grad(outputs, inputs, create_graph=True)
    assert_close(found[:1], slopes[:1])
    count = len(leaves)
    for at in range(count):
        assert_close(found[1 + at], [slopes[1 + k * count + at] for k in range(len(layers))])
    again = torch.autograd.grad(sum(f.square().sum() for f in found), [x, *leaves.values()])  # type: ignore[arg-type]
    expected = torch.autograd.grad(sum(s.square().sum() for s in slopes), inputs)  # type: ignore[arg-type]
    assert_close(again[:1], expected[:1])
    for at in range(count):
        assert_close(again[1 + at], [expected[1 + k * count + at] for k in range(len(layers))])
    by_function = grad(lambda p: total(p, x.detach()))({name: p.detach() for name, p in leaves.items()})
    assert_close([by_function[name] for name in leaves], [f.detach() for f in found[1:]])


@compiled
@pytest.mark.parametrize("case", [*PLAIN, (nn.LSTM, {"layer_norm": True}), (nn.GRU, {"reset_after": False})], ids=named)
def test_maps_within_maps(case):
    layers, stacked = ensemble_of(case, 2)
    xs = draw(2, 3, T, B, I)
    loss = lambda p, x: weighted(functional_call(layers[0], p, (x,)))  # noqa: E731
    found = vmap(vmap(grad(loss), (None, 0)), (0, 0))(stacked, xs)
    turned = vmap(vmap(grad(loss), (0, 0)), (None, 1))(stacked, xs)
    first = {name: p[0] for name, p in stacked.items()}
    of_first = vmap(vmap(grad(loss), (None, 0)), (None, 0))(first, xs)
    for k in range(2):
        for sample in range(3):
            for layer, slopes in ((layers[k], found), (layers[0], of_first)):
                expected = torch.autograd.grad(weighted(layer(xs[k, sample])), list(layer.parameters()))
                assert_close([slopes[n][k, sample] for n in stacked], expected)
            assert_close([turned[n][sample, k] for n in stacked], [found[n][k, sample] for n in stacked])


@pytest.mark.parametrize("case", [*PLAIN, *NORMED], ids=named)
def test_jacobians(case):
    layer, x = build(case, dtype=DOUBLE), draw(T, B, I)
    expected = torch.autograd.functional.jacobian(lambda x: layer(x)[0], x)
    assert_close([jacrev(lambda x: layer(x)[0])(x)], [expected])


@pytest.mark.parametrize("case", [*PLAIN, *NORMED], ids=named)
def test_second_derivatives_of_functions(case):
    layer, x = build(case, dtype=DOUBLE), draw(T, B, I)
    expected = torch.autograd.functional.hessian(lambda x: weighted(layer(x)), x)
    assert_close([jacrev(grad(lambda x: weighted(layer(x))))(x)], [expected])  # type: ignore[misc]


class Forecast(torch_nn.Module):
    """What a user builds round a layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.head = torch_nn.Linear(layer.hidden_size * (2 if layer.bidirectional else 1), 1, dtype=DOUBLE)

    def forward(self, x, lengths=None):
        outputs, final = self.layer(x, lengths=lengths)
        return self.head(outputs), final


@pytest.mark.parametrize(
    ("case", "ragged"),
    [
        ((nn.LSTM, {"bidirectional": True, "batch_first": True}), False),
        ((nn.GRU, {"layer_norm": True, "bidirectional": True}), True),
        ((nn.RNN, {}), True),
    ],
    ids=["LSTM", "GRU, layer norm, lengths", "RNN, lengths"],
)
def test_compiled_whole_it_gives_the_same(case, ragged):
    if ragged and native.library() is None:
        pytest.skip("without the compiled scan lengths are a break in the graph")
    model, x = Forecast(build(case, 2, dtype=DOUBLE)), draw(T, B, I).requires_grad_()
    # The layer first; the code that stands round it, and what is made of it in C++, are torch's own affair.
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    wanted = [x, *model.parameters()]
    batch = T if model.layer.batch_first else B
    lengths = torch.tensor([4, 0, 2]) if ragged else None
    assert lengths is None or len(lengths) == batch
    for _ in range(2):
        actual, expected = compiled(x, lengths), model(x, lengths)
        assert_close(flat(actual), flat(expected))
        assert_close(torch.autograd.grad(weighted(actual), wanted), torch.autograd.grad(weighted(expected), wanted))
        lengths = None if lengths is None else lengths.flip(0)
    with torch.no_grad():
        assert_close(flat(compiled(x, lengths)), flat(model(x, lengths)))
    torch.compiler.reset()


@compiled
@pytest.mark.parametrize("case", [(nn.LSTM, {}), (nn.GRU, {"layer_norm": True})], ids=named)
def test_exported_with_any_number_of_steps_and_sequences(case):
    model = Forecast(build(case, dtype=DOUBLE)).eval()
    steps, batch = torch.export.Dim("steps", min=2), torch.export.Dim("batch", min=2)
    shapes = ({0: steps, 1: batch}, {0: batch})
    exported = torch.export.export(model, (draw(T, B, I), torch.tensor([4, 0, 2])), dynamic_shapes=shapes)
    assert any("foretell" in str(node.target) for node in exported.graph.nodes)
    for size in ((7, 5), (2, 2), (T, B)):
        x, lengths = draw(*size, I), torch.arange(size[1]) % (size[0] + 1)
        assert_close(flat(exported.module()(x, lengths)), flat(model(x, lengths)))
    with pytest.raises(ValueError, match="lengths must lie between 0 and the 4 steps, got 5 at index 2"):
        exported.module()(draw(T, B, I), torch.tensor([0, 1, 5]))


def test_training_under_autocast_reaches_what_stands_before_and_behind():
    before, layer, behind = torch_nn.Linear(I, I), build((nn.GRU, {})), torch_nn.Linear(H, 1)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = before(draw(T, B, I, dtype=torch.float32))
        assert hidden.dtype == torch.bfloat16
        loss = behind(layer(hidden)[0]).float().square().mean()
    loss.backward()
    for parameter in (*before.parameters(), *layer.parameters(), *behind.parameters()):
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.any()


@pytest.mark.parametrize("case", [*PLAIN, *NORMED], ids=named)
def test_forward_mode(case):
    layer, x = build(case, dtype=DOUBLE), draw(T, B, I)
    run, tangent = lambda x: layer(x)[0], draw(T, B, I, seed=2)
    _, actual = jvp(run, (x,), (tangent,))  # type: ignore[misc]
    _, expected = torch.autograd.functional.jvp(run, x, tangent)
    assert_close([actual], [expected])
