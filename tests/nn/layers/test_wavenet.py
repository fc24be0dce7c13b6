"""WaveNet against a loop over time steps, and its reach into the past."""

from __future__ import annotations

import itertools

import pytest
import torch

from foretell import nn

R, S = 4, 5
BATCH, STEPS = 2, 14


def build(**options):
    torch.manual_seed(0)
    net = nn.WaveNet(3, R, S, **{"output_size": 2, "dilations": (1, 2, 4), **options}).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
    return net


def conditioning(net, steps=STEPS):
    generator = torch.Generator().manual_seed(5)
    drawn = {}
    if net.global_size:
        drawn["global_y"] = torch.randn(BATCH, net.global_size, generator=generator, dtype=torch.float64)
    if net.local_size:
        drawn["local_y"] = torch.randn(BATCH, steps, net.local_size, generator=generator, dtype=torch.float64)
    return drawn


def step_by_step(net, x, global_y=None, local_y=None):
    """The equations of the paper, one time step and one layer at a time."""
    outputs = []
    history = [[] for _ in net.layers]
    for t in range(x.shape[1]):
        h = x[:, t] @ net.input.weight[:, :, 0].T + net.input.bias
        skips = torch.zeros(len(x), S, dtype=x.dtype)
        for k, (layer, dilation) in enumerate(zip(net.layers, net.dilations, strict=True)):
            history[k].append(h)
            a = layer.gated.bias.expand(len(x), -1)
            for tap in range(net.kernel_size):
                past = t - (net.kernel_size - 1 - tap) * dilation
                if past >= 0:
                    a = a + history[k][past] @ layer.gated.weight[:, :, tap].T
            if global_y is not None:
                a = a + global_y @ layer.global_projection.weight.T
            if local_y is not None:
                a = a + local_y[:, t] @ layer.local_projection.weight[:, :, 0].T
            z = torch.tanh(a[:, :R]) / (1 + torch.exp(-a[:, R:]))
            mixed = z @ layer.mixed.weight[:, :, 0].T + layer.mixed.bias
            skips = skips + mixed[:, -S:]
            h = h + mixed[:, :R] if k < len(net.layers) - 1 else h
        out = torch.relu(skips)
        if net.hidden is not None:
            out = torch.relu(out @ net.hidden.weight[:, :, 0].T + net.hidden.bias)
            out = out @ net.output.weight[:, :, 0].T + net.output.bias
        outputs.append(out)
    return torch.stack(outputs, 1)


@pytest.mark.parametrize(
    ("output_size", "kernel_size", "global_size", "local_size"),
    [(o, k, g, c) for o, k, g, c in itertools.product([2, None], [1, 2, 3], [None, 3], [None, 2])],
)
def test_equals_the_equations_step_by_step(output_size, kernel_size, global_size, local_size):
    net = build(output_size=output_size, kernel_size=kernel_size, global_size=global_size, local_size=local_size)
    x = torch.randn(BATCH, STEPS, 3, dtype=torch.float64)
    y = conditioning(net)
    actual, expected = net(x, **y), step_by_step(net, x, **y)
    assert actual.shape == (BATCH, STEPS, output_size or S)
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-12)
    parameters = list(net.parameters())
    for a, e in zip(
        torch.autograd.grad(actual.square().sum(), parameters),
        torch.autograd.grad(expected.square().sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(a, e, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_future_changes_no_bit_of_the_past(dtype):
    net = build(local_size=2).to(dtype)
    x = torch.randn(BATCH, STEPS, 3, dtype=dtype)
    y = conditioning(net)["local_y"].to(dtype)
    for t in range(1, STEPS):
        later, later_y = x.clone(), y.clone()
        later[:, t:] = torch.randn_like(later[:, t:]) * 100
        later_y[:, t:] = 7.0
        assert torch.equal(net(x, local_y=y)[:, :t], net(later, local_y=later_y)[:, :t])


@pytest.mark.parametrize(("dilations", "kernel_size"), [((1, 2, 4), 2), ((1, 2, 1, 2), 3), ((3,), 2), ((1, 2), 1)])
def test_the_receptive_field_is_exact(dilations, kernel_size):
    net = build(dilations=dilations, kernel_size=kernel_size)
    steps = net.receptive_field + 3
    x = torch.randn(1, steps, 3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(x)[0, -1].sum(), x)
    reached = gradient[0].abs().sum(-1) > 0
    # The relus of the output may hide a path, not add one: the farthest step is reached in this draw.
    assert int(reached.nonzero()[0]) == steps - net.receptive_field


def test_receptive_fields_of_the_paper():
    assert nn.WaveNet(1, dilations=nn.dilation_cycles(10, 3)).receptive_field == 3 * 1023 + 1
    assert nn.dilation_cycles(4, 2) == (1, 2, 4, 8, 1, 2, 4, 8)


def test_initial_values():
    torch.manual_seed(0)
    net = nn.WaveNet(3, 16, 24, 5, global_size=2, local_size=4)
    torch.manual_seed(0)
    again = nn.WaveNet(3, 16, 24, 5, global_size=2, local_size=4)
    for (name, first), second in zip(net.named_parameters(), again.parameters(), strict=True):
        assert torch.equal(first, second)
        assert name.endswith("weight") or not first.any()
    bound = (6 / (2 * 16 + 2 * 16)) ** 0.5
    assert 0.9 * bound < net.layers[0].gated.weight.abs().max() <= bound  # type: ignore[operator, union-attr]
    assert net.layers[0].mixed.weight[:16].abs().max() <= (6 / 32) ** 0.5  # type: ignore[index, union-attr]
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_every_parameter_learns():
    net = build(global_size=2, local_size=3)
    net(torch.randn(BATCH, STEPS, 3, dtype=torch.float64), **conditioning(net)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in net.parameters())


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="residual_channels"):
        nn.WaveNet(1, residual_channels=0)
    with pytest.raises(ValueError, match=r"dilations\[1\]"):
        nn.WaveNet(1, dilations=(1, 0))
    with pytest.raises(ValueError, match="dilations"):
        nn.WaveNet(1, dilations=())
    with pytest.raises(ValueError, match="global_size"):
        nn.WaveNet(1, global_size=0)


def test_wrong_inputs_are_named():
    x = torch.randn(BATCH, STEPS, 3)
    plain, both = nn.WaveNet(3, R, S), nn.WaveNet(3, R, S, global_size=2, local_size=3)
    with pytest.raises(ValueError, match=r"\(B, T, 3\)"):
        plain(x.transpose(1, 2))
    with pytest.raises(ValueError, match="built without global_size"):
        plain(x, global_y=torch.randn(BATCH, 2))
    with pytest.raises(ValueError, match=r"global_y .* is missing"):
        both(x, local_y=torch.randn(BATCH, STEPS, 3))
    with pytest.raises(ValueError, match="local_y must have the shape"):
        both(x, torch.randn(BATCH, 2), torch.randn(BATCH, STEPS - 1, 3))


PIECES = [[1] * STEPS, [STEPS], [5, 1, 1, 2, 5], [1, 13], [9, 4, 1]]


@pytest.mark.parametrize("pieces", PIECES, ids=str)
@pytest.mark.parametrize(
    ("kernel_size", "global_size", "local_size"), list(itertools.product([1, 2, 3], [None, 3], [None, 2]))
)
def test_pieces_of_a_sequence_give_what_the_whole_gives(kernel_size, global_size, local_size, pieces):
    net = build(kernel_size=kernel_size, global_size=global_size, local_size=local_size)
    x = torch.randn(BATCH, STEPS, 3, dtype=torch.float64)
    y = conditioning(net)
    whole = net(x, **y)
    for gradients in (False, True):
        with torch.set_grad_enabled(gradients):
            parts, state, start = [], None, 0
            for length in pieces:
                here = slice(start, start + length)
                piece = {"global_y": y["global_y"]} if "global_y" in y else {}
                piece |= {"local_y": y["local_y"][:, here]} if "local_y" in y else {}
                part, state = net.advance(x[:, here], state, **piece)
                parts.append(part)
                start += length
        torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=1e-12, atol=1e-12)


def test_a_state_outlives_what_was_computed_from_it_with_gradients():
    net = build()
    x = torch.randn(BATCH, STEPS, 3, dtype=torch.float64)
    _, state = net.advance(x, None)
    kept = [part.clone() for part in state]
    for steps in (1, 3):
        net.advance(x[:, :steps], state)
        assert all(torch.equal(now, then) for now, then in zip(state, kept, strict=True))


def test_no_gradient_flows_through_the_state():
    net = build()
    x = torch.randn(BATCH, STEPS, 3, dtype=torch.float64, requires_grad=True)
    _, state = net.advance(x[:, :6], None)
    assert not any(part.requires_grad for part in state)
    outputs, _ = net.advance(x[:, 6:], state)
    (gradient,) = torch.autograd.grad(outputs.sum(), x)
    assert not gradient[:, :6].any()
    assert gradient[:, 6:].any()


def test_one_time_step_writes_one_slot_of_each_ring():
    net = build(dilations=(1, 2, 4), kernel_size=3)
    with torch.no_grad():
        _, state = net.advance(torch.randn(BATCH, 20, 3, dtype=torch.float64), None)
        kept = [ring.clone() for ring in state[:-1]]
        _, after = net.advance(torch.randn(BATCH, 1, 3, dtype=torch.float64), state)
    for before, ring in zip(kept, after[:-1], strict=True):
        assert int((before != ring).any((0, 1)).sum()) == 1


def test_levels_are_one_hot():
    net = build()
    levels = torch.randint(3, (BATCH, STEPS))
    one_hot = torch.nn.functional.one_hot(levels, 3).double()
    torch.testing.assert_close(net(levels), net(one_hot), rtol=1e-12, atol=1e-12)
    for wrong in (levels - 1, levels + 1):
        with pytest.raises(ValueError, match="levels must be from 0 to 2"):
            net(wrong)


def test_classes_are_conditioning_vectors():
    net = build(global_size=4, global_classes=3)
    x = torch.randn(BATCH, STEPS, 3, dtype=torch.float64)
    plain = build(global_size=4)
    plain.load_state_dict({name: value for name, value in net.state_dict().items() if name != "classes.weight"})
    classes = torch.tensor([2, 0])
    torch.testing.assert_close(net(x, classes), plain(x, net.classes.weight[classes]), rtol=0, atol=0)
    with pytest.raises(ValueError, match="classes from 0 to 2"):
        net(x, torch.tensor([0, 3]))
    with pytest.raises(ValueError, match="global_y must be the classes"):
        net(x)
    with pytest.raises(ValueError, match="global_classes=3 needs global_size"):
        nn.WaveNet(3, global_classes=3)
