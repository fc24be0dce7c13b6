"""Recurrent layers in bfloat16 and under autocast: products in half precision, results in the types of torch."""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from foretell import nn
from foretell.kernels import native

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

T, B, I, H = 6, 3, 5, 16  # noqa: E741
UNIT = 2.0**-9
SINGLE, HALF, DOUBLE = torch.float32, torch.bfloat16, torch.float64
CASES = [
    (nn.RNN, {}),
    (nn.RNN, {"layer_norm": True}),
    (nn.LSTM, {}),
    (nn.LSTM, {"bias": False, "zoneout": (0.2, 0.1)}),
    (nn.LSTM, {"peephole": True, "bidirectional": True}),
    (nn.LSTM, {"layer_norm": True}),
    (nn.LSTM, {"proj_size": 4}),
    (nn.GRU, {"bidirectional": True}),
    (nn.GRU, {"layer_norm": True}),
    (nn.GRU, {"reset_after": False}),
]
LENGTHS = [None, torch.tensor([6, 0, 2])]


def named(case):
    cell, options = case
    return "-".join([cell.__name__, *(f"{name}={value}" for name, value in options.items())])


def draw(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def build(case, layers=2):
    """A layer in evaluation mode, its parameters drawn by a fixed seed."""
    cell, options = case
    torch.manual_seed(0)
    return cell(I, H, layers, **options).eval()


def state_of(layer, dtype, batch=B):
    directions = layer.num_layers * (2 if layer.bidirectional else 1)
    return layer._hx(tuple(draw(directions, batch, width, seed=2).to(dtype) for width in layer._widths()))


def flat(result):
    return [result] if isinstance(result, torch.Tensor) else [t for part in result for t in flat(part)]


def dtypes(result):
    output, final = result
    return [t.dtype for t in flat((output if isinstance(output, torch.Tensor) else output.data, final))]


def under_autocast(layer, *arguments, **keywords):
    with torch.autocast("cpu", HALF):
        return layer(*arguments, **keywords)


@pytest.mark.parametrize("lengths", LENGTHS, ids=["padded", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=named)
def test_values_and_gradients_are_near_the_exact_ones(case, lengths):
    layer = build(case)
    x = draw(T, B, I)
    exact = build(case).double()
    results, slopes = {}, {}
    for name, made, given in (("exact", exact, x.double()), ("autocast", layer, x)):
        found = under_autocast(made, given, lengths=lengths) if name == "autocast" else made(given, lengths=lengths)
        results[name] = flat(found)
        loss = sum(t.double().square().sum() for t in results[name])
        slopes[name] = torch.autograd.grad(loss, list(made.parameters()))
    for actual, expected in zip(results["autocast"], results["exact"], strict=True):
        # Rounded in each of two layers, handed on by six steps, and rounded once more as results.
        error, largest = (actual - expected).abs().max().item(), expected.abs().max().item()
        assert error <= 8 * UNIT * max(1, largest)
    for actual, expected in zip(slopes["autocast"], slopes["exact"], strict=True):
        assert actual.dtype == SINGLE
        assert float((actual - expected).norm()) <= 16 * UNIT * float(expected.norm())


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_bfloat16_layer_is_the_float32_one_rounded(case):
    layer, x = build(case).to(HALF), draw(T, B, I).to(HALF)
    assert layer.backend() == "native"
    single = build(case).to(HALF).float()
    state = state_of(layer, HALF)
    found = layer(x, state)
    expected = under_autocast(single, x.float(), layer._hx(tuple(s.float() for s in flat(state))))
    assert dtypes(found) == [HALF] * len(flat(found))
    for actual, e in zip(flat(found), flat(expected), strict=True):
        assert torch.equal(actual, e.to(HALF))
    sum(t.float().square().sum() for t in flat(found)).backward()
    for parameter in layer.parameters():
        assert parameter.grad.dtype == HALF
        assert parameter.grad.isfinite().all()
        assert parameter.grad.any()


@pytest.mark.parametrize("lengths", LENGTHS, ids=["padded", "ragged"])
@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
def test_step_by_step_as_at_once(cell, lengths):
    layer, x = build((cell, {})).to(HALF), draw(T, B, I).to(HALF)
    with torch.no_grad():
        together = layer(x, lengths=lengths)[0]
        if lengths is None:
            hx, outputs = None, []
            for step in x:
                output, hx = layer(step[None], hx)
                outputs.append(output)
            assert float((torch.cat(outputs) - together).abs().max()) <= 4 * UNIT  # the state is rounded between calls
        else:
            for index, length in enumerate(lengths.tolist()):
                alone = layer(x[: max(length, 1), index : index + 1])[0][:length]
                torch.testing.assert_close(together[:length, index], alone[:, 0], rtol=0, atol=2 * UNIT)
                assert not together[length:, index].any()


# What torch 2.13 gives: outputs and each tensor of the state, for float32 or bfloat16 x and an initial state of a type.
UNDER_AUTOCAST = [
    (nn.RNN, {}, SINGLE, None, [HALF, HALF]),
    (nn.RNN, {}, SINGLE, SINGLE, [HALF, HALF]),
    (nn.RNN, {}, HALF, HALF, [HALF, HALF]),
    (nn.LSTM, {}, SINGLE, None, [HALF, HALF, HALF]),
    (nn.LSTM, {}, SINGLE, SINGLE, [HALF, HALF, HALF]),
    (nn.LSTM, {}, HALF, HALF, [HALF, HALF, HALF]),
    (nn.LSTM, {"proj_size": 4}, SINGLE, None, [HALF, HALF, SINGLE]),
    (nn.LSTM, {"proj_size": 4}, HALF, None, [HALF, HALF, HALF]),
    (nn.LSTM, {"proj_size": 4}, HALF, SINGLE, [HALF, HALF, SINGLE]),
    (nn.GRU, {}, SINGLE, None, [SINGLE, SINGLE]),
    (nn.GRU, {}, HALF, None, [HALF, HALF]),
    (nn.GRU, {}, HALF, SINGLE, [SINGLE, SINGLE]),
    (nn.GRU, {}, SINGLE, HALF, [HALF, HALF]),
]


@pytest.mark.parametrize("weights", [SINGLE, HALF], ids=str)
@pytest.mark.parametrize(("cell", "options", "given", "state", "expected"), UNDER_AUTOCAST, ids=str)
def test_types_under_autocast_are_those_of_torch(cell, options, given, state, expected, weights):
    layer = build((cell, options)).to(weights)
    hx = None if state is None else state_of(layer, state)
    x = draw(T, B, I).to(given).requires_grad_()
    result = under_autocast(layer, x, hx)
    assert dtypes(result) == expected
    result[0].float().sum().backward()
    assert x.grad.dtype == given
    assert {p.grad.dtype for p in layer.parameters()} == {weights}


@pytest.mark.parametrize(
    ("cell", "given", "expected"),
    [
        (nn.RNN, SINGLE, [HALF, HALF]),
        (nn.LSTM, SINGLE, [SINGLE, SINGLE, SINGLE]),
        (nn.LSTM, HALF, [HALF, HALF, HALF]),
        (nn.GRU, SINGLE, [SINGLE, SINGLE]),
    ],
)
def test_types_of_packed_rows_under_autocast_are_those_of_torch(cell, given, expected):
    layer = build((cell, {}))
    packed = pack_padded_sequence(draw(T, B, I).to(given), torch.tensor([6, 1, 2]), enforce_sorted=False)
    result = under_autocast(layer, packed)
    assert dtypes(result) == expected
    theirs = getattr(torch.nn, cell.__name__)(I, H, 2)
    theirs.load_state_dict(layer.state_dict())
    assert dtypes(under_autocast(theirs, packed)) == expected


def test_float64_stays_float64_under_autocast():
    layer, x = build((nn.LSTM, {})).double(), draw(T, B, I).double()
    found = under_autocast(layer, x.float())
    assert all(map(torch.equal, flat(found), flat(layer(x.float().double()))))


def test_autocast_to_float16_stays_in_float32():
    layer, x = build((nn.GRU, {})), draw(T, B, I)
    with torch.autocast("cpu", torch.float16):
        found = layer(x)
    assert all(map(torch.equal, flat(found), flat(layer(x))))


@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_state_of_another_type_is_refused(cell):
    layer = build((cell, {})).to(HALF)
    with pytest.raises(ValueError, match=r"^initial_h must be torch.bfloat16 as x is, got torch.float32"):
        layer(draw(T, B, I).to(HALF), state_of(layer, SINGLE))
    with pytest.raises((ValueError, RuntimeError), match=r"(?i)dtype|type"):
        layer(draw(T, B, I))


@pytest.mark.parametrize("case", [(nn.LSTM, {"layer_norm": True}), (nn.GRU, {})], ids=named)
def test_compiled_graphs(case):
    layer, x = build(case, 1), draw(T, B, I)
    graph = torch.compile(layer, fullgraph=True, backend="aot_eager")
    found, expected = under_autocast(graph, x), under_autocast(layer, x)
    assert dtypes(found) == dtypes(expected)
    assert all(map(torch.equal, flat(found), flat(expected)))
    half = torch.compile(build(case, 1).to(HALF), fullgraph=True, backend="aot_eager")
    assert all(map(torch.equal, flat(half(x.to(HALF))), flat(build(case, 1).to(HALF)(x.to(HALF)))))


@pytest.mark.parametrize("half", ["autocast", "bfloat16"])
def test_it_learns(half):
    torch.manual_seed(0)
    layer, head = nn.LSTM(1, 32), torch.nn.Linear(32, 1)
    dtype = HALF if half == "bfloat16" else SINGLE
    layer, head = layer.to(dtype), head.to(dtype)
    optimiser = torch.optim.Adam([*layer.parameters(), *head.parameters()], 0.01)
    x = torch.sin(torch.arange(41.0)[:, None] * 0.5 + torch.arange(8.0)).unsqueeze(-1).to(dtype)
    losses = []
    for _ in range(60):
        with torch.autocast("cpu", HALF, enabled=half == "autocast"):
            predicted = head(layer(x[:-1])[0])
        loss = (predicted.float() - x[1:].float()).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
