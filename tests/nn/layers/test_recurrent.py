"""RNN, LSTM and GRU against torch's layers, and their options against loops written from the equations."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from foretell import nn
from foretell.kernels import native

T, B, I, H = 5, 4, 3, 4  # noqa: E741
CELLS = [(nn.RNN, {}), (nn.RNN, {"nonlinearity": "relu"}), (nn.LSTM, {}), (nn.LSTM, {"proj_size": 2}), (nn.GRU, {})]
OPTIONS = [
    (nn.RNN, {"layer_norm": True}),
    (nn.RNN, {"layer_norm": True, "nonlinearity": "relu", "bias": False}),
    (nn.RNN, {"zoneout": 0.3}),
    (nn.LSTM, {"peephole": True}),
    (nn.LSTM, {"layer_norm": True}),
    (nn.LSTM, {"layer_norm": True, "bias": False}),
    (nn.LSTM, {"peephole": True, "layer_norm": True}),
    (nn.LSTM, {"peephole": True, "proj_size": 2, "zoneout": (0.2, 0.4)}),
    (nn.LSTM, {"zoneout": 0.3}),
    (nn.GRU, {"reset_after": False}),
    (nn.GRU, {"reset_after": False, "bias": False}),
    (nn.GRU, {"layer_norm": True}),
    (nn.GRU, {"layer_norm": True, "bias": False}),
    (nn.GRU, {"zoneout": 0.3}),
]


def named(case):
    cell, options = case
    return "-".join([cell.__name__, *(f"{name}={value}" for name, value in options.items())])


def shaken(layer, seed=0):
    """The layer with every parameter drawn anew, so that biases, peepholes and norms count."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.5)
    return layer


def flat(result):
    """All tensors of a layer's result, one after another."""
    if isinstance(result, PackedSequence):
        return [result.data]
    return [result] if isinstance(result, torch.Tensor) else [t for part in result for t in flat(part)]


def gradients(result, tensors):
    """Gradients of a weighted sum of everything that a layer returns."""
    total = sum((t * torch.linspace(-1, 2, t.numel(), dtype=t.dtype).view_as(t)).sum() for t in flat(result))
    return torch.autograd.grad(total, tensors, retain_graph=True)  # the packing's graph is shared


def assert_same(actual, expected):
    """Equal up to 1e-12 (float64) or 2e-6 (float32) of the largest value of each tensor."""
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected, strict=True):
        assert a.shape == e.shape
        assert a.dtype == e.dtype
        tolerance = 1e-12 if e.dtype == torch.float64 else 2e-6
        assert (a - e).detach().abs().max() <= tolerance * max(1.0, float(e.detach().abs().max()))


def inputs(form, batch_first, dtype, layer, with_state):
    """An input in the given form, the tensors to differentiate by, and the initial state or None."""
    generator = torch.Generator().manual_seed(3)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()

    x = normal(T, I) if form == "unbatched" else normal(B, T, I) if batch_first else normal(T, B, I)
    directions = 2 if layer.bidirectional else 1
    widths = (layer.proj_size or H, H) if isinstance(layer, nn.LSTM) else (H,)
    batch = () if form == "unbatched" else (B,)
    state = [normal(layer.num_layers * directions, *batch, width) for width in widths]
    leaves = [x, *(state if with_state else [])]
    if form == "packed":
        x = pack_padded_sequence(x, torch.tensor([2, 5, 1, 4]), batch_first, enforce_sorted=False)
    hx = None if not with_state else tuple(state) if len(state) > 1 else state[0]
    return x, leaves, hx


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
@pytest.mark.parametrize("engine", ["native", "torch", "reference"])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (1, True), (2, False), (3, True)])
@pytest.mark.parametrize("case", CELLS, ids=named)
def test_plain_cells_equal_torch(case, layers, bidirectional, engine, monkeypatch):
    cell, options = case
    if engine != "native":
        monkeypatch.setattr("foretell.nn.layers.recurrent_base.takes", lambda *_: False)
        monkeypatch.setattr(cell, "_plain", engine == "torch")
    elif native.library() is None:
        pytest.skip("the compiled kernels are missing or turned off")
    assert cell(I, H, **options).backend() == engine
    for bias, batch_first in itertools.product([True, False], repeat=2):
        settings = {**options, "num_layers": layers, "bias": bias, "bidirectional": bidirectional}
        for dtype in (torch.float64, torch.float32) if bias else (torch.float64,):
            torch_cell = getattr(torch.nn, cell.__name__)
            ours = shaken(cell(I, H, batch_first=batch_first, dtype=dtype, **settings))
            theirs = torch_cell(I, H, batch_first=batch_first, dtype=dtype, **settings)
            theirs.load_state_dict(ours.state_dict())
            for form, with_state in itertools.product(["batched", "unbatched", "packed"], [False, True]):
                x, leaves, hx = inputs(form, batch_first, dtype, ours, with_state)
                actual, expected = ours(x, hx), theirs(x, hx)
                assert type(actual[0]) is type(expected[0])
                assert_same(flat(actual), flat(expected))
                assert_same(
                    gradients(actual, [*leaves, *ours.parameters()]),
                    gradients(expected, [*leaves, *theirs.parameters()]),
                )


def sigma(a):
    return 1 / (1 + torch.exp(-a))


def norm(a, weight, bias=0.0):
    mean = a.mean()
    return weight * (a - mean) / torch.sqrt(((a - mean) ** 2).mean() + 1e-5) + bias


def textbook_step(cell, options, p, x, state):
    """One step of one sequence, from the equations of the design; the state a list of vectors."""
    get = lambda name: p.get(name, 0.0)  # noqa: E731
    h, hidden = state[0], p["weight_ih"].shape[0] // {nn.RNN: 1, nn.LSTM: 4, nn.GRU: 3}[cell]
    u, v = p["weight_ih"] @ x, p["weight_hh"] @ h
    if cell is nn.RNN:
        a = u + get("bias_ih") + v + get("bias_hh")
        if options.get("layer_norm"):
            a = norm(a, p["ln_weight"], p["ln_bias"])
        return [torch.relu(a) if options.get("nonlinearity") == "relu" else torch.tanh(a)]
    if options.get("layer_norm"):
        u, v = norm(u, p["ln_ih_weight"]), norm(v, p["ln_hh_weight"])
    u, v = u + get("bias_ih"), v + get("bias_hh")
    if cell is nn.LSTM:
        c = state[1]
        i, f, g, o = (u + v).view(4, hidden)
        peep = p["weight_peephole"] if options.get("peephole") else torch.zeros(3, hidden, dtype=x.dtype)
        i, f = i + peep[0] * c, f + peep[1] * c
        c = sigma(f) * c + sigma(i) * torch.tanh(g)
        o = o + peep[2] * c
        squashed = torch.tanh(norm(c, p["ln_c_weight"], p["ln_c_bias"]) if options.get("layer_norm") else c)
        h = sigma(o) * squashed
        return [p["weight_hr"] @ h if options.get("proj_size") else h, c]
    u_r, u_z, u_n = u.view(3, hidden)
    r, z = sigma(u_r + v[:hidden]), sigma(u_z + v[hidden : 2 * hidden])
    if options.get("reset_after", True):
        n = torch.tanh(u_n + r * v[2 * hidden :])
    else:
        bias = p["bias_hh"][2 * hidden :] if "bias_hh" in p else 0.0
        n = torch.tanh(u_n + p["weight_hh"][2 * hidden :] @ (r * h) + bias)
    return [(1 - z) * n + z * h]


def textbook(layer, options, x, states, lengths):
    """A whole layer in evaluation mode over `(T, B, I)`, sequence by sequence and step by step."""
    zoneout = options.get("zoneout", 0.0)
    rates = zoneout if isinstance(zoneout, tuple) else (zoneout, zoneout)
    finals = [[[] for _ in range(x.shape[1])] for _ in states]
    outputs = []
    for row, length in enumerate(lengths):
        sequence = [x[t, row] for t in range(length)]
        for index in range(layer.num_layers):
            halves = []
            for direction in range(2 if layer.bidirectional else 1):
                suffix = f"_l{index}" + ("_reverse" if direction else "")
                p = {k[: -len(suffix)]: v for k, v in layer.named_parameters() if k.endswith(suffix)}
                position = len(finals[0][row])
                state = [s[position, row] for s in states]
                half = []
                for step in reversed(sequence) if direction else sequence:
                    new = textbook_step(type(layer), options, p, step, state)
                    state = [rate * old + (1 - rate) * n for rate, old, n in zip(rates, state, new, strict=False)]
                    half.append(state[0])
                halves.append(half[::-1] if direction else half)
                for kept, s in zip(finals, state, strict=True):
                    kept[row].append(s)
            sequence = [torch.cat(parts) for parts in zip(*halves, strict=True)]
        width = (layer.proj_size or H) * (2 if layer.bidirectional else 1)
        blank = [torch.zeros(width, dtype=x.dtype)] * (x.shape[0] - length)
        outputs.append(torch.stack([*sequence, *blank]))
    final = [torch.stack([torch.stack(rows) for rows in kept], 1) for kept in finals]
    return torch.stack(outputs, 1), tuple(final) if len(final) > 1 else final[0]


@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True)])
@pytest.mark.parametrize("case", [*OPTIONS, *CELLS], ids=named)
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
def test_layers_equal_the_textbook(case, layers, bidirectional):
    cell, options = case
    layer = shaken(cell(I, H, layers, bidirectional=bidirectional, dtype=torch.float64, **options)).eval()
    x, leaves, hx = inputs("batched", False, torch.float64, layer, True)
    states = hx if isinstance(hx, tuple) else (hx,)
    wanted = [*leaves, *layer.parameters()]
    for lengths in ([T] * B, [3, 5, 0, 1]):
        expected = textbook(layer, options, x, states, lengths)
        actual = layer(x, hx, lengths=torch.tensor(lengths))
        assert_same(flat(actual), flat(expected))
        assert_same(gradients(actual, wanted), gradients(expected, wanted))
    assert_same(flat(layer(x, hx)), flat(layer(x, hx, lengths=torch.full((B,), T))))


@pytest.mark.parametrize("case", OPTIONS, ids=named)
def test_options_take_every_form_of_input(case):
    cell, options = case
    layer = shaken(cell(I, H, 2, bidirectional=True, dtype=torch.float64, **options)).eval()
    x, _, hx = inputs("batched", False, torch.float64, layer, True)
    state = hx if isinstance(hx, tuple) else (hx,)
    outputs, final = layer(x, hx)
    last = final if isinstance(final, tuple) else (final,)

    first = copy.deepcopy(layer)
    first.batch_first = True
    transposed, final_too = first(x.transpose(0, 1), hx)
    assert_same([transposed.transpose(0, 1), *flat([final_too])], [outputs, *last])

    row = tuple(s[:, 1] for s in state)
    alone, end = layer(x[:, 1], row if len(row) > 1 else row[0])
    assert_same([alone, *flat([end])], [outputs[:, 1], *(s[:, 1] for s in last)])

    zero = tuple(torch.zeros_like(s) for s in state)
    assert_same(flat(layer(x)), flat(layer(x, zero if len(zero) > 1 else zero[0])))

    lengths = torch.tensor([2, 5, 1, 4])
    packed, packed_final = layer(pack_padded_sequence(x, lengths, enforce_sorted=False), hx)
    padded, ragged_final = layer(x, hx, lengths=lengths)
    unpacked, _ = torch.nn.utils.rnn.pad_packed_sequence(packed)
    assert_same([unpacked, *flat([packed_final])], [padded, *flat([ragged_final])])


def test_state_dicts_go_both_ways_and_options_only_add():
    for cell in (nn.RNN, nn.LSTM, nn.GRU):
        theirs = getattr(torch.nn, cell.__name__)(I, H, 2, bidirectional=True)
        ours = cell(I, H, 2, bidirectional=True)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        ours.load_state_dict(theirs.state_dict())
        theirs.load_state_dict(ours.state_dict())
        optioned = cell(I, H, 2, bidirectional=True, layer_norm=True)
        report = optioned.load_state_dict(theirs.state_dict(), strict=False)
        assert not report.unexpected_keys
        assert all(name.startswith("ln_") for name in report.missing_keys)


def test_names_and_shapes_of_the_added_parameters():
    def added(layer):
        plain = set(type(layer)(I, H, proj_size=2).state_dict() if layer.proj_size else type(layer)(I, H).state_dict())
        return {name: tuple(p.shape) for name, p in layer.named_parameters() if name not in plain}

    assert added(nn.LSTM(I, H, peephole=True, proj_size=2)) == {"weight_peephole_l0": (3, H)}
    norms = {"ln_ih_weight_l0": (4 * H,), "ln_hh_weight_l0": (4 * H,), "ln_c_weight_l0": (H,), "ln_c_bias_l0": (H,)}
    assert added(nn.LSTM(I, H, layer_norm=True)) == norms
    assert added(nn.GRU(I, H, layer_norm=True)) == {"ln_ih_weight_l0": (3 * H,), "ln_hh_weight_l0": (3 * H,)}
    assert added(nn.RNN(I, H, layer_norm=True)) == {"ln_weight_l0": (H,), "ln_bias_l0": (H,)}
    assert "weight_peephole_l1_reverse" in nn.LSTM(I, H, 2, bidirectional=True, peephole=True).state_dict()


def test_recurrent_dropout_uses_one_mask_at_every_step():
    layer = nn.RNN(1, 64, nonlinearity="relu", bias=False, recurrent_dropout=0.5)
    with torch.no_grad():
        layer.weight_hh_l0.copy_(torch.eye(64))  # type: ignore[operator]
    outputs, _ = layer(torch.zeros(4, 3, 1), torch.ones(1, 3, 64))
    kept = outputs[0] > 0
    assert 0.3 < kept.float().mean() < 0.7
    assert not torch.equal(kept[0], kept[1])  # another sequence, another mask
    for t in range(4):
        torch.testing.assert_close(outputs[t], kept * 2.0 ** (t + 1), rtol=0, atol=0)


@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
def test_recurrent_dropout_ends_with_training_and_may_drop_all(cell):
    x = torch.randn(T, B, I)
    layer = shaken(cell(I, H, recurrent_dropout=1.0))
    plain = cell(I, H)
    plain.load_state_dict(layer.state_dict())
    assert_same(flat(layer.eval()(x)), flat(plain(x)))
    with torch.no_grad():
        plain.weight_hh_l0.zero_()
    assert_same(flat(layer.train()(x)), flat(plain(x)))


@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
def test_zoneout_of_one_keeps_the_initial_state(cell):
    layer = shaken(cell(I, H, zoneout=1.0))
    x, _, hx = inputs("batched", False, torch.float32, layer, True)
    for mode in (True, False):
        outputs, final = layer.train(mode)(x, hx)
        assert_same(flat([final]), flat([hx]))
        h = hx[0] if isinstance(hx, tuple) else hx
        assert_same([outputs], [h.expand(T, B, H)])


def test_zoneout_keeps_units_at_its_rate_in_training():
    torch.manual_seed(0)
    layer = nn.LSTM(2, 100, zoneout=(0.25, 0.0))
    outputs, _ = layer(torch.randn(50, 4, 2))
    kept = (outputs[1:] == outputs[:-1]).double().mean()
    assert abs(kept - 0.25) < 4 * math.sqrt(0.25 * 0.75 / (49 * 400))


def test_zoneout_of_the_cell_state_alone():
    layer = shaken(nn.LSTM(I, H, zoneout=(0.0, 1.0)))
    x, _, (h, c) = inputs("batched", False, torch.float32, layer, True)
    outputs, (_, c_n) = layer(x, (h, c))
    assert_same([c_n], [c])
    assert not torch.equal(outputs[0], outputs[1])


@pytest.mark.parametrize(
    "options", [{"recurrent_dropout": 0.5}, {"zoneout": 0.5}, {"dropout": 0.5, "layer_norm": True}]
)
def test_noise_follows_the_seed(options):
    layer = nn.LSTM(I, 16, 2, **options)
    x = torch.randn(T, B, I)
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(layer(x)[0])
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])


def test_dropout_between_layers_scales_what_it_keeps():
    layer = nn.GRU(I, H, 2, dropout=1.0, layer_norm=True)
    x = torch.randn(T, B, I)
    silent, _ = layer(x)
    torch.testing.assert_close(silent, layer(x * 2)[0])  # the second layer sees nothing of the first
    assert not torch.allclose(layer.eval()(x)[0], silent)


@pytest.mark.parametrize(
    "case", [(nn.LSTM, {}), (nn.LSTM, {"layer_norm": True}), (nn.GRU, {"reset_after": False})], ids=named
)
def test_modules_are_copied_pickled_and_run_without_gradients(case):
    cell, options = case
    layer = cell(I, H, 2, **options).eval()
    x = torch.randn(T, B, I)
    with torch.no_grad():
        expected, _ = layer(x)
        assert not expected.requires_grad
        assert torch.equal(copy.deepcopy(layer)(x)[0], expected)
        assert torch.equal(pickle.loads(pickle.dumps(layer))(x)[0], expected)
    with torch.inference_mode():
        assert torch.equal(layer(x)[0], expected)
    assert_same([layer(x)[0]], [expected])
    assert layer.to(torch.float64)(x.double())[0].dtype == torch.float64


@pytest.mark.parametrize("options", [{}, {"layer_norm": True}])
def test_wrong_inputs_raise_as_torch_does(options):
    layer = nn.LSTM(I, H, **options)
    x = torch.randn(T, B, I)
    state = torch.zeros(1, B, H)
    with pytest.raises(RuntimeError, match="input_size"):
        layer(torch.randn(T, B, I + 1))
    with pytest.raises(ValueError, match="2D or 3D"):
        layer(torch.randn(I))
    with pytest.raises(ValueError, match="dtype"):
        layer(x.double())
    with pytest.raises(RuntimeError, match=r"hidden\[0\] size"):
        layer(x, (torch.zeros(1, B + 1, H), state))
    with pytest.raises(RuntimeError, match=r"hidden\[1\] size"):
        layer(x, (state, torch.zeros(2, B, H)))
    with pytest.raises(RuntimeError, match="length"):
        layer(x[:0])
    assert layer(x[:, :0])[0].shape == (T, 0, H)


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match="recurrent_dropout"):
        nn.LSTM(I, H, recurrent_dropout=1.5)
    with pytest.raises(ValueError, match="zoneout"):
        nn.LSTM(I, H, zoneout=(0.1, -0.1))
    with pytest.raises(ValueError, match="zoneout"):
        nn.GRU(I, H, zoneout=(0.1, 0.1))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="reset_after"):
        nn.GRU(I, H, layer_norm=True, reset_after=False)
    with pytest.raises(ValueError, match="hidden_size"):
        nn.GRU(I, 0)
    with pytest.raises(ValueError, match="proj_size"):
        nn.LSTM(I, H, proj_size=H)
    with pytest.raises(TypeError, match="peephole"):
        nn.GRU(I, H, peephole=True)  # type: ignore[call-arg]


def test_the_printed_form_names_the_options():
    layer = nn.LSTM(I, H, 2, peephole=True, layer_norm=True, recurrent_dropout=0.1, zoneout=(0.1, 0.2))
    assert "peephole=True, layer_norm=True, recurrent_dropout=0.1, zoneout=(0.1, 0.2)" in repr(layer)
    assert "reset_after=False" in repr(nn.GRU(I, H, reset_after=False))
    assert repr(nn.LSTM(I, H)) == repr(torch.nn.LSTM(I, H))
