"""Weights to and from Keras: against Keras itself where it is installed, and loops over its equations."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from foretell import nn
from foretell.nn.conversion import from_keras, to_keras

T, B, I, H = 6, 4, 3, 5  # noqa: E741
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
CASES = [
    (nn.RNN, {}),
    (nn.RNN, {"nonlinearity": "relu"}),
    (nn.LSTM, {}),
    (nn.GRU, {}),
    (nn.GRU, {"reset_after": False}),
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


# Keras, from its documented equations.


def keras_arrays(cell, options, inputs=I, bias=True):
    """Random arrays as `get_weights()` of the Keras layer would return them."""
    random, columns = np.random.default_rng(1), GATES[cell.__name__] * H
    shapes = [(inputs, columns), (H, columns)]
    if bias:
        shapes.append((2, columns) if cell is nn.GRU and options.get("reset_after", True) else (columns,))  # type: ignore[arg-type]
    return [random.normal(size=shape) * 0.5 for shape in shapes]


def keras_loop(cell, options, arrays, x):
    """All outputs `(B, T, H)` of a Keras layer and its final states, gates in Keras's order."""
    kernel, recurrent, bias = arrays
    h, c, outputs = np.zeros((len(x), H)), np.zeros((len(x), H)), []
    for t in range(x.shape[1]):
        if cell is nn.RNN:
            a = x[:, t] @ kernel + h @ recurrent + bias
            h = np.maximum(a, 0) if options.get("nonlinearity") == "relu" else np.tanh(a)
        elif cell is nn.LSTM:
            i, f, candidate, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, 1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
            h = sigmoid(o) * np.tanh(c)
        else:
            k_z, k_r, k_h = np.split(kernel, 3, 1)
            u_z, u_r, u_h = np.split(recurrent, 3, 1)
            after = options.get("reset_after", True)
            b_z, b_r, b_h = np.split(bias[0] if after else bias, 3)
            s_z, s_r, s_h = np.split(bias[1], 3) if after else np.zeros((3, H))
            z = sigmoid(x[:, t] @ k_z + b_z + h @ u_z + s_z)
            r = sigmoid(x[:, t] @ k_r + b_r + h @ u_r + s_r)
            product = r * (h @ u_h + s_h) if after else (r * h) @ u_h
            h = z * h + (1 - z) * np.tanh(x[:, t] @ k_h + b_h + product)
        outputs.append(h)
    return np.stack(outputs, 1), [h, c] if cell is nn.LSTM else [h]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_from_keras_computes_the_equations_of_keras(case):
    cell, options = case
    arrays, x = keras_arrays(cell, options), sequence(B, T, I)
    layer = shaken(cell(I, H, batch_first=True, dtype=torch.float64, **options))
    assert from_keras(arrays, layer) is layer
    outputs, state = layer(torch.from_numpy(x))
    expected, finals = keras_loop(cell, options, arrays, x)
    np.testing.assert_allclose(outputs.detach(), expected, atol=1e-12)
    for actual, final in zip(final_states(state), finals, strict=True):
        np.testing.assert_allclose(actual[0].detach(), final, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_to_keras_computes_the_equations_of_keras(case):
    cell, options = case
    layer, x = shaken(cell(I, H, batch_first=True, dtype=torch.float64, **options)), sequence(B, T, I)
    expected, _ = keras_loop(cell, options, to_keras(layer), x)
    np.testing.assert_allclose(layer(torch.from_numpy(x))[0].detach(), expected, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=named)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_keras_round_trip_is_the_identity(case, bidirectional, bias):
    cell, options = case
    directions = 2 if bidirectional else 1
    layer = shaken(cell(I, H, num_layers=2, bidirectional=bidirectional, bias=bias, **options))
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    arrays = [
        array.astype("float32") + direction
        for direction in range(directions)
        for array in keras_arrays(cell, options, H * directions, bias)
    ]
    back = to_keras(from_keras(arrays, layer, layer=1), layer=1)
    assert len(back) == len(arrays)
    for actual, expected in zip(back, arrays, strict=True):
        assert actual.dtype == np.float32
        np.testing.assert_array_equal(actual, expected)
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name]) == ("_l0" in name), name


def test_keras_arrays_are_copies_and_bfloat16_becomes_float32():
    layer = nn.LSTM(I, H, dtype=torch.bfloat16)
    arrays = to_keras(layer)
    assert [array.dtype for array in arrays] == [np.float32] * 3
    weights = nn.RNN(I, H)
    kernel = to_keras(weights)[0]
    before = weights.weight_ih_l0.detach().clone()  # type: ignore[operator]
    kernel += 1
    assert torch.equal(weights.weight_ih_l0, before)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda arrays: arrays[:2], "expected 3 arrays"),
        (lambda arrays: arrays * 2, "expected 3 arrays"),
        (lambda _: [], "one built Keras layer"),
        (
            lambda arrays: [arrays[0].T, *arrays[1:]],
            r"Keras layer: kernel should have the shape \(3, 20\), got \(20, 3",
        ),
        (lambda arrays: [arrays[0], arrays[1][:-1], arrays[2]], r"recurrent_kernel should have the shape \(5, 20\)"),
        (lambda arrays: [*arrays[:2], np.stack([arrays[2]] * 2)], r"bias should have the shape \(20,\), got \(2, 20\)"),
    ],
)
def test_wrong_keras_arrays_are_named_and_nothing_is_written(make, message):
    layer = nn.LSTM(I, H)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        from_keras(make(keras_arrays(nn.LSTM, {})), layer)
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_a_wrong_backward_array_is_said_to_be_so():
    arrays = keras_arrays(nn.RNN, {}) + keras_arrays(nn.RNN, {}, inputs=I + 1)
    with pytest.raises(ValueError, match="Keras backward layer: kernel should have the shape"):
        from_keras(arrays, nn.RNN(I, H, bidirectional=True))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.LSTM(I, H, peephole=True), "peephole"),
        (nn.GRU(I, H, layer_norm=True), "layer_norm"),
        (nn.RNN(I, H, zoneout=0.1), "zoneout"),
        (nn.LSTM(I, H, proj_size=2), "proj_size"),
        (torch.nn.LSTM(I, H), "foretell"),
    ],
)
def test_options_that_keras_lacks_raise(layer, message):
    with pytest.raises(ValueError, match=message):
        to_keras(layer)
    with pytest.raises(ValueError, match=message):
        from_keras(keras_arrays(nn.LSTM, {}), layer)


@pytest.mark.parametrize("index", [-1, 2])
def test_a_layer_that_is_not_there_raises(index):
    layer = nn.GRU(I, H, num_layers=2)
    with pytest.raises(ValueError, match="layer should be from 0 to 1"):
        to_keras(layer, layer=index)
    with pytest.raises(ValueError, match="layer should be from 0 to 1"):
        from_keras(keras_arrays(nn.GRU, {}), layer, layer=index)


# Keras itself.


@pytest.fixture(scope="module")
def keras(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "torch"))
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))  # its settings file stays out of the home
        yield pytest.importorskip("keras")


def keras_layer(keras, cell, options, bidirectional=False, **more):
    """The Keras layer of the same kind, which returns all outputs and then the final states."""
    kind = {nn.RNN: keras.layers.SimpleRNN, nn.LSTM: keras.layers.LSTM, nn.GRU: keras.layers.GRU}[cell]
    given = {"activation" if name == "nonlinearity" else name: value for name, value in options.items()}
    layer = kind(H, return_sequences=True, return_state=True, zero_output_for_mask=True, **given, **more)
    return keras.layers.Bidirectional(layer) if bidirectional else layer


def assert_same_as_keras(keras, keras_result, result, bidirectional):
    """Outputs and final states agree to 1e-6; Keras's states come as forward h, (c), backward h, (c)."""
    outputs, *finals = [keras.ops.convert_to_numpy(array) for array in keras_result]
    np.testing.assert_allclose(result[0].detach(), outputs, atol=1e-6)
    states = final_states(result[1])
    for direction in range(2 if bidirectional else 1):
        for kind, state in enumerate(states):
            np.testing.assert_allclose(state[direction].detach(), finals[direction * len(states) + kind], atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=named)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_keras_layer_and_its_conversion_agree_both_ways(keras, case, bidirectional, masked):
    cell, options = case
    x, lengths = sequence(B, T, I, dtype="float32"), torch.tensor([T, 2, 4, 1]) if masked else None
    mask = np.arange(T) < lengths.numpy()[:, None] if masked else None
    theirs = keras_layer(keras, cell, options, bidirectional)
    theirs.build(x.shape)
    random = np.random.default_rng(2)
    theirs.set_weights([random.normal(size=w.shape) * 0.5 for w in theirs.get_weights()])

    def ours():
        return cell(I, H, batch_first=True, bidirectional=bidirectional, **options)

    layer = from_keras(theirs, ours()).eval()
    assert_same_as_keras(keras, theirs(x, mask=mask), layer(torch.from_numpy(x), lengths=lengths), bidirectional)
    layer = shaken(ours(), 3)
    theirs.set_weights(to_keras(layer))
    assert_same_as_keras(keras, theirs(x, mask=mask), layer(torch.from_numpy(x), lengths=lengths), bidirectional)


def test_stacked_keras_layers_fill_one_stacked_layer(keras):
    x = sequence(B, T, I, dtype="float32")
    stack = [keras.layers.Bidirectional(keras.layers.GRU(H, return_sequences=True)) for _ in range(2)]
    expected, layer = x, nn.GRU(I, H, num_layers=2, batch_first=True, bidirectional=True)
    for k, theirs in enumerate(stack):
        expected = theirs(expected)
        from_keras(theirs, layer, layer=k)
    np.testing.assert_allclose(layer(torch.from_numpy(x))[0].detach(), keras.ops.convert_to_numpy(expected), atol=1e-6)


@pytest.mark.parametrize(
    ("cell", "options", "settings", "message"),
    [
        (nn.RNN, {}, {"activation": "relu"}, "activation='relu', but into needs activation='tanh'"),
        (nn.LSTM, {}, {"activation": "relu"}, "activation='relu'"),
        (nn.LSTM, {}, {"recurrent_activation": "hard_sigmoid"}, "recurrent_activation='hard_sigmoid'"),
        (nn.GRU, {}, {"reset_after": False}, "reset_after=False, but into needs reset_after=True"),
        (nn.GRU, {}, {"go_backwards": True}, "go_backwards=True"),
        (nn.GRU, {}, {"use_bias": False}, "use_bias=False, but into needs use_bias=True"),
        (nn.LSTM, {"bidirectional": True}, {}, "bidirectional=False"),
    ],
)
def test_settings_of_a_keras_layer_are_checked(keras, cell, options, settings, message):
    theirs = keras_layer(keras, cell, {}, **settings)
    theirs.build((B, T, I))
    with pytest.raises(ValueError, match=message):
        from_keras(theirs, cell(I, H, **options))


def test_kinds_and_merge_modes_of_a_keras_layer_are_checked(keras):
    with pytest.raises(ValueError, match="weights of a Keras GRU, got LSTM"):
        from_keras(keras.layers.LSTM(H), nn.GRU(I, H))
    with pytest.raises(ValueError, match="merge_mode='sum'"):
        from_keras(keras.layers.Bidirectional(keras.layers.GRU(H), merge_mode="sum"), nn.GRU(I, H, bidirectional=True))
    with pytest.raises(ValueError, match=r"got 0: .* one built Keras layer"):
        from_keras(keras.layers.GRU(H), nn.GRU(I, H))
