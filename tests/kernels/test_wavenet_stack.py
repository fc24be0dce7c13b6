"""A WaveNet's layers in compiled code against their twin in plain torch, values and gradients."""

from __future__ import annotations

import itertools

import pytest
import torch

from foretell import nn
from foretell.kernels import native, wavenet_stack
from foretell.kernels.wavenet_stack import Local

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing")


@pytest.fixture
def calls(monkeypatch):
    """The calls of the compiled code, as they come."""
    made = []
    run = wavenet_stack._Call.run

    def noted(self, name, **tensors):
        made.append(name)
        run(self, name, **tensors)

    monkeypatch.setattr(wavenet_stack._Call, "run", noted)
    return made


def build(residual=12, skip=20, kernel_size=2, dilations=(1, 2, 4), dtype=torch.float64, **options):
    torch.manual_seed(0)
    net = nn.WaveNet(3, residual, skip, 5, dilations=dilations, kernel_size=kernel_size, **options).to(dtype)
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.dim() == 1:
                parameter.normal_(0, 0.3)
    return net


def inputs_of(net, batch, steps, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()

    given = {"x": normal(batch, steps, net.input_size)}
    if net.global_size:
        given["global_y"] = normal(batch, net.global_size)
    if net.local_size:
        given["local_y"] = normal(batch, steps, net.local_size)
    return given


def everything(net, given, monkeypatch, *, compiled):
    with monkeypatch.context() as patched:
        if not compiled:
            patched.setattr(wavenet_stack, "takes", lambda *_: False)
        outputs = net(**given)
        weight = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(2)).to(outputs.dtype)
        wanted = [*net.parameters(), *given.values()]
        return [outputs, *torch.autograd.grad((outputs * weight).sum(), wanted)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("residual", "skip", "kernel_size", "dilations", "batch", "steps"),
    [
        (12, 20, 2, (1, 2, 4), 2, 40),
        (1, 1, 2, (1,), 1, 9),
        (16, 16, 1, (1, 2), 2, 11),
        (33, 7, 3, (4, 1, 2), 3, 50),
        (64, 130, 2, (1, 2, 4, 8) * 2, 1, 300),
        (17, 40, 4, (3, 30), 2, 60),
    ],
)
def test_values_and_gradients_are_the_twins(
    residual, skip, kernel_size, dilations, batch, steps, threads, monkeypatch, calls
):
    for (dtype, tolerance), (global_size, local_size) in itertools.product(
        ((torch.float64, 1e-13), (torch.float32, 2e-5)), ((None, None), (3, None), (None, 2), (3, 2))
    ):
        options = {"global_size": global_size, "local_size": local_size}
        net = build(residual, skip, kernel_size, dilations, dtype, **options)
        given = inputs_of(net, batch, steps, dtype)
        former = torch.get_num_threads()
        torch.set_num_threads(threads)
        actual = everything(net, given, monkeypatch, compiled=True)
        torch.set_num_threads(former)
        assert calls == ["forward", "backward"]
        calls.clear()
        expected = everything(net, given, monkeypatch, compiled=False)
        assert not calls
        for a, e in zip(actual, expected, strict=True):
            assert a.shape == e.shape
            torch.testing.assert_close(a, e, rtol=tolerance, atol=tolerance * (1 + e.abs().max().item()))


def test_one_seed_gives_one_result_for_any_number_of_threads():
    net = build(40, 24, dtype=torch.float32)
    weights = [layer.weights for layer in net.layers]
    x = torch.randn(3, 200, 40, generator=torch.Generator().manual_seed(1)).requires_grad_()
    pasts = [x.new_zeros(3, d, 40) for d in net.dilations]
    local = Local(torch.randn(3, 200, 21).requires_grad_(), [torch.randn(80, 21).requires_grad_() for _ in weights])
    former, results = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        skips, _ = wavenet_stack.run(x, pasts, net.dilations, weights, [None] * 3, local)
        wanted = [x, *(t for layer in weights for t in layer), local.values, *local.projections]
        results.append([skips, *torch.autograd.grad(skips.square().sum(), wanted)])
    torch.set_num_threads(former)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("options", [{}, {"global_size": 2, "local_size": 2}], ids=["plain", "conditioned"])
def test_second_derivatives_are_right(options, calls):
    net = build(3, 2, dilations=(1, 2), **options)
    given = inputs_of(net, 1, 8)
    names = list(given)
    assert torch.autograd.gradgradcheck(lambda *t: net(**dict(zip(names, t, strict=True))), tuple(given.values()))
    assert "backward" in calls


def test_second_derivatives_by_the_weights_are_the_twins(monkeypatch):
    net = build(4, 3, dilations=(1, 2))
    x = inputs_of(net, 2, 12)["x"]
    results = []
    for compiled in (True, False):
        with monkeypatch.context() as patched:
            if not compiled:
                patched.setattr(wavenet_stack, "takes", lambda *_: False)
            first = torch.autograd.grad(net(x).square().sum(), list(net.parameters()), create_graph=True)
            results.append(torch.autograd.grad(sum(g.square().sum() for g in first), list(net.parameters())))  # type: ignore[arg-type]
    for a, e in zip(*results, strict=True):
        torch.testing.assert_close(a, e, rtol=1e-10, atol=1e-10)


def twice(net, x):
    return net(net(x))


def tied(net, x):
    net.layers[1].gated.weight = net.layers[0].gated.weight
    return net(x)


@pytest.mark.parametrize("function", [twice, tied])
def test_gradients_are_the_same_whether_or_not_they_are_differentiated_once_more(function):
    torch.manual_seed(0)
    net = nn.WaveNet(2, 4, 3, 2, dilations=(1, 2)).double()
    x = torch.randn(2, 12, 2, dtype=torch.float64, requires_grad=True)
    loss = function(net, x).square().sum()
    wanted = [x, *net.parameters()]
    plain = torch.autograd.grad(loss, wanted, retain_graph=True)
    again = torch.autograd.grad(loss, wanted, create_graph=True)
    for p, a in zip(plain, again, strict=True):
        torch.testing.assert_close(a, p, rtol=1e-10, atol=1e-10)


def test_a_hook_is_called_once():
    net = build()
    called = []
    net.layers[0].gated.weight.register_hook(called.append)
    loss = net(inputs_of(net, 2, 12)["x"]).sum()
    torch.autograd.grad(loss, list(net.parameters()), create_graph=True)
    assert len(called) == 1


def test_many_gradients_at_once_are_refused_in_words():
    net = build(4, 3, dilations=(1, 2))
    x = inputs_of(net, 1, 9)["x"]
    weights = torch.randn(3, 1, 9, 5, dtype=torch.float64)
    with pytest.raises(NotImplementedError, match=r"use torch\.func"):
        torch.autograd.grad(net(x), x, weights, is_grads_batched=True)
    pull = torch.func.vjp(net, x)[1]
    assert torch.vmap(pull)(weights)[0].shape == (3, 1, 9, 3)


def test_saved_tensors_are_all_that_is_kept():
    net = build(dtype=torch.float32)
    outputs = net(torch.randn(2, 20, 3))
    nodes, stacks = [outputs.grad_fn], []
    while nodes:
        node = nodes.pop()
        stacks += [node] if type(node).__name__ == "_StackBackward" else []
        nodes += [following for following, _ in node.next_functions if following is not None]
    assert stacks
    assert all(stack.plan.inputs == [] for stack in stacks)


def test_weights_of_another_shape_are_named():
    net = build(dtype=torch.float32)
    net.layers = net.layers[:2]
    net.dilations = net.dilations[:2]
    with pytest.raises(ValueError, match=r"(gated|mixed) of layer"):
        net(torch.randn(2, 20, 3))


def test_a_state_of_another_network_is_refused():
    net, other = build(dtype=torch.float32), build(dilations=(1, 4, 16), dtype=torch.float32)
    x = torch.randn(2, 20, 3)
    _, state = net.advance(x, None)
    for steps in (20, 1):
        with pytest.raises(ValueError, match=r"another network: layer \d"):
            other.advance(x[:, :steps], state)
        with pytest.raises(ValueError, match="the state has 2 sequences, but the input has 1"):
            net.advance(x[:1, :steps], state)
    with pytest.raises(ValueError, match="the state has 3 layers, but the network has 2"):
        build(dilations=(1, 2), dtype=torch.float32).advance(x, state)


def test_going_on_from_a_state_is_the_twins(monkeypatch, calls):
    net = build(kernel_size=3, dilations=(1, 2, 8), dtype=torch.float64)
    x = inputs_of(net, 2, 60)["x"]
    whole = net(x)
    for lengths in ((60,), (9, 51), (30, 10, 20), (1, 2, 50, 7)):
        calls.clear()
        state, parts, start = None, [], 0
        for length in lengths:
            part, state = net.advance(x[:, start : start + length], state)
            parts.append(part)
            start += length
        assert len(calls) == sum(length >= 8 for length in lengths)
        torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=1e-12, atol=1e-12)
    with monkeypatch.context() as patched:
        patched.setattr(wavenet_stack, "takes", lambda *_: False)
        _, expected = net.advance(x, None)
    for a, e in zip(state, expected, strict=True):
        torch.testing.assert_close(a, e, rtol=1e-12, atol=1e-12)


def test_the_inputs_may_change_after_forward(monkeypatch):
    net = build()
    given = inputs_of(net, 2, 20)
    expected = everything(net, given, monkeypatch, compiled=True)
    x = given["x"].detach().clone().requires_grad_()
    embedded = net.embed(x).detach().requires_grad_()
    weights = [layer.weights for layer in net.layers]
    pasts = [embedded.new_zeros(2, d, 12) for d in net.dilations]
    skips, _ = wavenet_stack.run(embedded, pasts, net.dilations, weights, [None] * 3)
    (first,) = torch.autograd.grad(skips.sum(), embedded, retain_graph=True)
    for past in pasts:
        past.fill_(7.0)
    (second,) = torch.autograd.grad(skips.sum(), embedded)
    assert torch.equal(first, second)
    assert torch.isfinite(expected[0]).all()


def test_local_conditioning_of_other_shapes_is_named():
    net = build(dtype=torch.float32)
    weights = [layer.weights for layer in net.layers]
    x = torch.randn(2, 20, 12)
    pasts = [x.new_zeros(2, d, 12) for d in net.dilations]
    right = Local(torch.randn(2, 20, 5), [torch.randn(24, 5)] * 3)
    for wrong in (right._replace(values=torch.randn(2, 19, 5)), right._replace(projections=[torch.randn(24, 6)] * 3)):
        with pytest.raises(ValueError, match="must have the shape"):
            wavenet_stack.run(x, pasts, net.dilations, weights, [None] * 3, wrong)


@pytest.mark.parametrize("wanted", ["values", "projections"])
def test_local_gradients_that_are_not_wanted_are_not_computed(wanted):
    net = build(dtype=torch.float64)
    weights = [layer.weights for layer in net.layers]
    x = torch.randn(2, 20, 12, dtype=torch.float64)
    pasts = [x.new_zeros(2, d, 12) for d in net.dilations]
    values, projection = torch.randn(2, 20, 5, dtype=torch.float64), torch.randn(24, 5, dtype=torch.float64)
    needed = (values if wanted == "values" else projection).requires_grad_()
    skips, _ = wavenet_stack.run(x, pasts, net.dilations, weights, [None] * 3, Local(values, [projection] * 3))
    (found,) = torch.autograd.grad(skips.sum(), needed)
    extras = [values @ projection.t()] * 3
    skips, _ = wavenet_stack.run(x, pasts, net.dilations, weights, extras)
    torch.testing.assert_close(found, torch.autograd.grad(skips.sum(), needed)[0])


def test_nan_stays_where_it_is_seen():
    net = build(dtype=torch.float32)
    x = torch.randn(2, 30, 3)
    x[1, 20, 0] = float("nan")
    outputs = net(x)
    assert torch.isfinite(outputs[0]).all()
    assert torch.isfinite(outputs[1, :20]).all()
    assert outputs[1, 20:28].isnan().all()


def test_what_it_does_not_know_goes_to_the_twin(calls):
    net = build(dtype=torch.float32)
    x = torch.randn(2, 30, 3)
    expected = net(x)
    assert calls == ["forward"]
    calls.clear()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert net(x).isfinite().all()
    mapped = torch.vmap(lambda row: net(row[None])[0])(x)
    torch.testing.assert_close(mapped, expected, rtol=1e-5, atol=1e-5)
    _, tangent = torch.func.jvp(net, (x,), (torch.ones_like(x),))  # type: ignore[misc]
    assert tangent.isfinite().all()
    net.bfloat16()(x.bfloat16())
    assert not calls


def test_it_compiles_without_a_break():
    net = build(dtype=torch.float32).eval()
    x = torch.randn(2, 30, 3)
    exported = torch.export.export(net, (x,)).module()
    torch.testing.assert_close(exported(x), net(x), rtol=1e-5, atol=1e-5)


def test_no_sequences_give_no_outputs():
    net = build(dtype=torch.float32)
    outputs = net(torch.randn(0, 20, 3))
    assert outputs.shape == (0, 20, 5)
    outputs.sum().backward()
    with pytest.raises(ValueError, match="at least one time step"):
        net(torch.randn(2, 0, 3))
