"""Weights to and from haste's layers, against loops over their equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from foretell import nn
from foretell.nn.conversion import from_haste, to_haste

T, B, I, H = 6, 4, 3, 5  # noqa: E741
GATES = {"LSTM": 4, "GRU": 3}
CASES = [
    (nn.LSTM, {"layer_norm": True}),
    (nn.LSTM, {"layer_norm": True, "zoneout": (0.3, 0.0)}),
    (nn.LSTM, {}),
    (nn.GRU, {"layer_norm": True}),
    (nn.GRU, {"layer_norm": True, "zoneout": 0.3}),
    (nn.GRU, {}),
]


def named(case):
    cell, options = case
    return "-".join([cell.__name__, *(f"{name}={value}" for name, value in options.items())])


def shaken(layer, seed=0):
    """The layer with every parameter drawn anew, so that both biases and all norms count."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.5)
    return layer.eval()


def sequence(*shape, dtype="float64"):
    return np.random.default_rng(7).normal(size=shape).astype(dtype)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def final_states(state):
    """The final states as a list: `[h]`, or `[h, c]` for an LSTM."""
    return list(state) if isinstance(state, tuple) else [state]


def haste_arrays(cell, options, inputs=I):
    """Random tensors under the names of a haste layer."""
    columns = GATES[cell.__name__] * H
    shapes = {"kernel": (inputs, columns), "recurrent_kernel": (H, columns), "bias": (columns,)}
    if cell is nn.GRU:
        shapes["recurrent_bias"] = (columns,)
    if options.get("layer_norm"):
        shapes["gamma"] = (2, columns)
        if cell is nn.LSTM:
            shapes |= {"gamma_h": (H,), "beta_h": (H,)}
    random = np.random.default_rng(4)
    return {name: torch.from_numpy(random.normal(size=shape) * 0.5) for name, shape in shapes.items()}


def haste_loop(cell, options, tensors, x):
    """All outputs `(T, B, H)` of a haste layer in evaluation and its final states, gates in haste's order."""
    w = {name: tensor.numpy() for name, tensor in tensors.items()}

    def normed(a, gain, bias=0.0):
        if not options.get("layer_norm"):
            return a
        return (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + 1e-5) * gain + bias

    gains = w.get("gamma", (1.0, 1.0))
    kept = np.ravel(options.get("zoneout", 0.0))[0]
    h, c, outputs = np.zeros((x.shape[1], H)), np.zeros((x.shape[1], H)), []
    for x_t in x:
        old, of_input, of_state = h, normed(x_t @ w["kernel"], gains[0]), normed(h @ w["recurrent_kernel"], gains[1])
        if cell is nn.LSTM:
            i, g, f, o = np.split(of_input + of_state + w["bias"], 4, 1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(normed(c, w.get("gamma_h"), w.get("beta_h")))
        else:
            x_z, x_r, x_h = np.split(of_input + w["bias"], 3, 1)
            h_z, h_r, h_h = np.split(of_state + w["recurrent_bias"], 3, 1)
            z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
            h = z * h + (1 - z) * np.tanh(x_h + r * h_h)
        h = kept * old + (1 - kept) * h
        outputs.append(h)
    return np.stack(outputs), [h, c] if cell is nn.LSTM else [h]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_from_haste_computes_the_equations_of_haste(case):
    cell, options = case
    tensors, x = haste_arrays(cell, options), sequence(T, B, I)
    layer = shaken(cell(I, H, dtype=torch.float64, **options))
    assert from_haste(tensors, layer) is layer
    outputs, state = layer(torch.from_numpy(x))
    expected, finals = haste_loop(cell, options, tensors, x)
    np.testing.assert_allclose(outputs.detach(), expected, atol=1e-12)
    for actual, final in zip(final_states(state), finals, strict=True):
        np.testing.assert_allclose(actual[0].detach(), final, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_to_haste_computes_the_equations_of_haste(case):
    cell, options = case
    layer, x = shaken(cell(I, H, dtype=torch.float64, **options)), sequence(T, B, I)
    expected, _ = haste_loop(cell, options, to_haste(layer), x)
    np.testing.assert_allclose(layer(torch.from_numpy(x))[0].detach(), expected, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_haste_round_trip_is_the_identity(case):
    cell, options = case
    tensors = haste_arrays(cell, options, H)
    layer = shaken(cell(I, H, num_layers=2, dtype=torch.float64, **options))
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    back = to_haste(from_haste(tensors, layer, layer=1), layer=1)
    assert list(back) == list(tensors)
    for name, tensor in tensors.items():
        assert torch.equal(back[name], tensor), name
        assert not back[name].requires_grad
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name]) == ("_l0" in name), name


def test_a_haste_module_is_read_and_its_zoneout_checked():
    tensors = haste_arrays(nn.LSTM, {"layer_norm": True})
    module = torch.nn.ParameterDict(tensors)
    module.zoneout = 0.3  # type: ignore[assignment]
    layer = from_haste(module, nn.LSTM(I, H, layer_norm=True, zoneout=(0.3, 0.0), dtype=torch.float64))
    torch.testing.assert_close(layer.weight_hh_l0[:H], tensors["recurrent_kernel"][:, :H].T, rtol=0, atol=0)  # type: ignore[index]
    with pytest.raises(ValueError, match=r"zoneout=0.3: into should have zoneout=\(0.3, 0.0\)"):
        from_haste(module, nn.LSTM(I, H, layer_norm=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": None}, "should have kernel, recurrent_kernel, bias, recurrent_bias, gamma; got"),
        ({"extra": torch.zeros(1)}, "got .*extra"),
        ({"gamma": torch.zeros(2, 4 * H)}, r"haste layer: gamma should have the shape \(2, 15\), got \(2, 20\)"),
        ({"kernel": torch.zeros(I + 1, 3 * H)}, r"kernel should have the shape \(3, 15\)"),
    ],
)
def test_wrong_haste_tensors_are_named(change, message):
    tensors = haste_arrays(nn.GRU, {"layer_norm": True}) | change
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    with pytest.raises(ValueError, match=message):
        from_haste(tensors, nn.GRU(I, H, layer_norm=True))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.RNN(I, H), "plain RNN"),
        (nn.LSTM(I, H, peephole=True, layer_norm=True), "peephole"),
        (nn.LSTM(I, H, zoneout=0.1), "cell state"),
        (nn.LSTM(I, H, proj_size=2), "proj_size"),
        (nn.GRU(I, H, reset_after=False), "reset_after"),
        (nn.GRU(I, H, bidirectional=True), "bidirectional"),
        (nn.GRU(I, H, bias=False), "bias"),
    ],
)
def test_options_that_haste_lacks_raise(layer, message):
    with pytest.raises(ValueError, match=message):
        to_haste(layer)
    with pytest.raises(ValueError, match=message):
        from_haste(haste_arrays(nn.GRU, {}), layer)


@pytest.mark.parametrize("index", [-1, 2])
def test_a_layer_that_is_not_there_raises(index):
    layer = nn.GRU(I, H, num_layers=2)
    with pytest.raises(ValueError, match="layer should be from 0 to 1"):
        to_haste(layer, layer=index)
    with pytest.raises(ValueError, match="layer should be from 0 to 1"):
        from_haste(haste_arrays(nn.GRU, {}), layer, layer=index)
