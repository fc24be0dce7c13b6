"""Sequence to sequence, sequence to vector and vector to sequence, against plain loops over time."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch.nn import Dropout, Embedding, Linear, Sequential

from foretell import nn

B, T, I, H, O, V = 3, 7, 2, 4, 3, 6  # noqa: E741
LENGTHS = torch.tensor([7, 3, 5])
BODIES: dict[str, Any] = {
    "RNN": lambda: nn.RNN(I, H, batch_first=True),
    "LSTM": lambda: nn.LSTM(I, H, num_layers=2, batch_first=True, peephole=True),
    "GRU": lambda: nn.GRU(I, H, batch_first=True),
    "WaveNet": lambda: nn.WaveNet(I, 3, H, dilations=(1, 2)),
    "both ways": lambda: nn.LSTM(I, H // 2, batch_first=True, bidirectional=True),
    "shortened": lambda: (nn.Downsample(I, 3, 3, 2), torch.nn.ReLU(), nn.GRU(3, H, batch_first=True)),
}
EVERY_BODY = pytest.mark.parametrize("body", list(BODIES))


def shaken(module, std=0.7, seed=0):
    """The module in double precision with every parameter drawn anew, so that biases count."""
    torch.manual_seed(seed)
    module = module.double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=std)
    return module


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def padded():
    """A ragged batch whose padding is NaN."""
    x = normal(B, T, I)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = torch.nan
    return x


def assert_close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-12)


def assert_gradients_close(actual, expected, module):
    for a, e in zip(
        torch.autograd.grad(actual.square().sum(), list(module.parameters())),
        torch.autograd.grad(expected.square().sum(), list(module.parameters())),
        strict=True,
    ):
        assert_close(a, e)


def cell_of(layer):
    """The cell of a layer, on the same parameters."""
    cell = getattr(nn, type(layer).__name__ + "Cell")(layer.input_size, layer.hidden_size)
    for name, _ in list(cell.named_parameters()):
        setattr(cell, name, layer.get_parameter(name + "_l0"))
    return cell


def test_sequence_to_sequence_is_a_loop():
    net = shaken(nn.SequenceToSequence(nn.GRU(I, H, batch_first=True), Linear(H, O)))
    cell = cell_of(net.layers[0])
    x, h, expected = normal(B, T, I), normal(B, H), []
    outputs, state = net(x, (h[None],))
    for t in range(T):
        h = cell(x[:, t], h)
        expected.append(net.head(h))
    assert_close(outputs, torch.stack(expected, 1))
    assert_close(state[0][0], h)
    assert_gradients_close(outputs, torch.stack(expected, 1), net)


@EVERY_BODY
def test_sequence_to_sequence_of_a_ragged_batch_equals_each_alone(body):
    net, x = shaken(nn.SequenceToSequence(BODIES[body](), Linear(H, O))), padded()
    outputs, _ = net(x, lengths=LENGTHS)
    shorter = net.output_lengths(LENGTHS).tolist()
    assert shorter == ([3, 1, 2] if body == "shortened" else LENGTHS.tolist())
    alone = [net(x[row : row + 1, :length])[0][0] for row, length in enumerate(LENGTHS)]
    for row, length in enumerate(shorter):
        assert_close(outputs[row, :length], alone[row])
        assert not outputs[row, length:].any()
    assert_gradients_close(outputs, torch.cat(alone), net)


@pytest.mark.parametrize("body", ["RNN", "LSTM", "GRU", "WaveNet"])
def test_sequence_to_sequence_goes_on_step_by_step(body):
    net, x = shaken(nn.SequenceToSequence(BODIES[body](), Linear(H, O))), normal(B, T, I)
    whole, final = net(x)
    state = None
    for t in range(T):
        output, state = net.step(x[:, t], state)
        assert_close(output, whole[:, t])
    assert_close(state, final)


@pytest.mark.parametrize("body", ["LSTM", "WaveNet"])
def test_sequence_to_sequence_writes_on_after_a_prompt(body):
    net = shaken(nn.SequenceToSequence(BODIES[body](), Linear(H, V), embedding=Embedding(V, I)))
    prompt, lengths = torch.tensor([[1, 2, 3], [4, -1, -1], [5, 0, -1]]), torch.tensor([3, 1, 2])
    ids, counts = net.generate(prompt, lengths, max_steps=6)
    assert counts.tolist() == [6, 6, 6]
    for row, length in enumerate(lengths):
        text = prompt[row, :length].tolist()
        for _ in range(6):  # from the beginning each time
            text.append(int(net(torch.tensor([text]))[0][0, -1].argmax()))
        assert ids[row].tolist() == text[length:]


def test_one_hot_tokens():
    one_hot = Embedding.from_pretrained(torch.eye(V, dtype=torch.float64))
    net = shaken(nn.SequenceToSequence(nn.RNN(V, H, batch_first=True), Linear(H, V), embedding=Embedding(V, V)))
    net.embedding = one_hot
    tokens = torch.tensor([[1, 5, 0], [2, 2, 4]])
    outputs, _ = net(tokens)
    net.embedding = None
    assert_close(outputs, net(torch.nn.functional.one_hot(tokens, V).double())[0])


def pooled_by_hand(body, outputs, pooling):
    """One sequence's outputs `(T, H)` to one vector."""
    if pooling == "mean":
        return sum(outputs) / len(outputs)
    if pooling == "max":
        return torch.stack([max(outputs[:, k]) for k in range(outputs.shape[1])])
    if body == "both ways":  # the backward direction ends at the first step
        return torch.cat([outputs[-1, : H // 2], outputs[0, H // 2 :]])
    return outputs[-1]


@EVERY_BODY
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_sequence_to_vector_of_a_ragged_batch_equals_each_alone(body, pooling):
    net, x = shaken(nn.SequenceToVector(BODIES[body](), Linear(H, O), pooling=pooling)), padded()
    output = net(x, LENGTHS)
    assert output.shape == (B, O)
    expected = []
    for row, length in enumerate(LENGTHS):
        alone = x[row : row + 1, :length]
        features, _, _ = net.layers(alone)
        expected.append(net.head(pooled_by_hand(body, features[0], pooling)))
        assert_close(net(alone)[0], expected[-1])
    assert_close(output, torch.stack(expected))
    assert_gradients_close(output, torch.stack(expected), net)


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@EVERY_BODY
def test_a_sequence_of_no_steps_is_the_zero_vector(body, pooling):
    net = shaken(nn.SequenceToVector(BODIES[body](), Linear(H, O), pooling=pooling))
    output = net(normal(B, T, I), torch.tensor([0, 7, 0]))
    assert_close(output[0], net.head.bias)
    assert not torch.allclose(output[1], net.head.bias)
    gradients = torch.autograd.grad(output.sum(), list(net.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_ids_in_the_padding_may_be_anything():
    net = shaken(nn.SequenceToVector(nn.GRU(I, H, batch_first=True), Linear(H, 2), embedding=Embedding(V, I)))
    tokens = torch.tensor([[1, 2, 3], [4, -100, 999]])
    output = net(tokens, torch.tensor([3, 1]))
    assert_close(output[1:], net(tokens[1:, :1]))
    output[1].sum().backward()
    assert not net.embedding.weight.grad[[0, 1, 2, 3, 5]].any()


@pytest.mark.parametrize("into", ["state", "input", "both"])
@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
def test_vector_to_sequence_is_a_loop(cell, into):
    size = 5
    width = I + (0 if into == "state" else size)
    net = nn.VectorToSequence(cell(width, H, batch_first=True), Linear(H, O), vector_size=size, into=into)
    net, vector, x = shaken(net), normal(B, size), normal(B, T, I)
    step = cell_of(net.layers[0])
    start = vector.new_zeros(B, 2 * H)
    if into != "input":
        start = torch.nn.functional.pad(net.bridge.linear(vector), (0, H))[:, : 2 * H]
        start = torch.cat([torch.tanh(start[:, :H]), start[:, H:]], -1)
    state = (start[:, :H], start[:, H:]) if cell is nn.LSTM else start[:, :H]
    expected = []
    for t in range(T):
        state = step(x[:, t] if into == "state" else torch.cat([x[:, t], vector], -1), state)
        expected.append(net.head(state[0] if cell is nn.LSTM else state))
    outputs = net(vector, x)
    assert_close(outputs, torch.stack(expected, 1))
    assert_gradients_close(outputs, torch.stack(expected, 1), net)
    state = net.start(vector)
    for t in range(T):
        output, state = net.step(x[:, t], state)
        assert_close(output, outputs[:, t])
    assert_close(net(vector, steps=T), net(vector, torch.zeros_like(x)))


def test_vector_to_sequence_of_a_ragged_batch_equals_each_alone():
    layers = (
        nn.LSTM(I + 5, 3, batch_first=True),
        nn.WaveNet(3, 3, 2, dilations=(1, 2)),
        nn.GRU(2, H, batch_first=True),
    )
    net = shaken(nn.VectorToSequence(layers, Linear(H, O), vector_size=5, into="both"))
    vector, x = normal(B, 5), padded()
    outputs = net(vector, x, LENGTHS)
    alone = [net(vector[row : row + 1], x[row : row + 1, :length])[0] for row, length in enumerate(LENGTHS)]
    for row, length in enumerate(LENGTHS):
        assert_close(outputs[row, :length], alone[row])
        assert not outputs[row, length:].any()
    assert_gradients_close(outputs, torch.cat(alone), net)


@pytest.mark.parametrize("body", ["GRU", "WaveNet"])
def test_a_vector_alone_feeds_every_step(body):
    net = shaken(nn.VectorToSequence(BODIES[body](), Linear(H, O), vector_size=I, into="input"))
    vector = normal(B, I)
    assert_close(net(vector, steps=4), net.head(net.layers(vector[:, None].expand(-1, 4, -1))[0]))


@pytest.mark.parametrize("into", ["state", "input"])
def test_captions_are_written_until_their_end(into):
    width = I + (0 if into == "state" else 5)
    layers = nn.LSTM(width, H, batch_first=True)
    net = nn.VectorToSequence(layers, Linear(H, V), vector_size=5, embedding=Embedding(V, I), into=into)
    # Draws with short captions, long ones and some cut off.
    net, vectors = shaken(net, std=1.5, seed=2 if into == "state" else 7), 2 * normal(40, 5)
    ids, lengths = net.generate(vectors, start=1, end=0, max_steps=9)
    assert len(lengths.unique()) > 3
    assert lengths.max() == ids.shape[1] == 9
    for vector, row, length in zip(vectors, ids, lengths, strict=True):
        tokens = [1]
        while len(tokens) <= 9:
            best = int(net(vector[None], torch.tensor([tokens]))[0, -1].argmax())
            if best == 0:
                break
            tokens.append(best)
        assert row[:length].tolist() == tokens[1:]
        assert not row[length:].any()


@pytest.mark.parametrize("structure", ["to sequence", "to vector", "from vector"])
def test_gradients_are_those_of_finite_differences(structure):
    if structure == "from vector":
        net = shaken(nn.VectorToSequence(nn.LSTM(I, 2, batch_first=True), Linear(2, 2), vector_size=3))
        inputs = (normal(2, 3), normal(2, 4, I), torch.tensor([4, 2]))
    elif structure == "to vector":
        layers = (nn.Downsample(I, 2, 2, 2), nn.GRU(2, 2, batch_first=True, bidirectional=True))
        net = shaken(nn.SequenceToVector(layers, Linear(4, 2)))
        inputs = (normal(2, 6, I), torch.tensor([6, 3]))  # type: ignore[assignment]
    else:
        net = shaken(nn.SequenceToSequence((nn.RNN(I, 2, batch_first=True), nn.WaveNet(2, 2, 2)), Linear(2, 2)))
        inputs = (normal(2, 4, I), None, torch.tensor([4, 2]))
    inputs = tuple(t.requires_grad_() if t is not None and t.is_floating_point() else t for t in inputs)  # type: ignore[assignment]
    assert torch.autograd.gradcheck(lambda *args: net(*args)[0] if structure == "to sequence" else net(*args), inputs)


def test_copies_and_state_dicts_give_the_same():
    def build():
        return nn.SequenceToVector(
            [nn.GRU(I, H, batch_first=True), Dropout(0.5)],
            Sequential(Dropout(0.5), Linear(H, O)),
            embedding=Embedding(V, I),
            pooling="mean",
        )

    torch.manual_seed(0)
    net, again, tokens = build().eval(), build().eval(), torch.randint(V, (B, T))
    assert "layers.0.weight_ih_l0" in net.state_dict()
    again.load_state_dict(net.state_dict())
    with torch.no_grad():
        expected = net(tokens, LENGTHS)
        assert not expected.requires_grad
        assert torch.equal(again(tokens, LENGTHS), expected)
        assert torch.equal(copy.deepcopy(net)(tokens, LENGTHS), expected)
        assert not torch.equal(net.train()(tokens, LENGTHS), expected)
        assert torch.equal(net.eval()(tokens, LENGTHS), expected)


def test_wrong_structures_are_named():
    gru, both = nn.GRU(I, H, batch_first=True), nn.GRU(I, H, batch_first=True, bidirectional=True)
    with pytest.raises(ValueError, match="pooling"):
        nn.SequenceToVector(gru, Linear(H, O), pooling="first")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="move those into the head"):
        nn.SequenceToVector([both, Dropout()], Linear(2 * H, O))
    with pytest.raises(ValueError, match="into"):
        nn.VectorToSequence(gru, Linear(H, O), vector_size=5, into="output")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"vector_size=5 .* the first layer takes only 2 features"):
        nn.VectorToSequence(gru, Linear(H, O), vector_size=5, into="input")
    with pytest.raises(ValueError, match="layers must run one step at a time, and a bidirectional layer cannot"):
        nn.VectorToSequence(both, Linear(2 * H, O), vector_size=5)
    with pytest.raises(ValueError, match="layers must contain an RNN, LSTM or GRU"):
        nn.VectorToSequence(nn.WaveNet(I), Linear(128, O), vector_size=5)
    with pytest.raises(ValueError, match="step must run one step at a time, and a bidirectional"):
        nn.SequenceToSequence(both, Linear(2 * H, O)).step(torch.randn(B, I), None)


def test_wrong_inputs_are_named():
    gru = nn.GRU(I, H, batch_first=True)
    net, captions = nn.SequenceToSequence(gru, Linear(H, O)), nn.VectorToSequence(gru, Linear(H, V), vector_size=5)
    reviews = nn.SequenceToVector(gru, Linear(H, 2), embedding=Embedding(V, I))
    with pytest.raises(ValueError, match=r"x must be floats of the shape \(B, T, 2\), got \(3, 7, 3\)"):
        net(torch.randn(B, T, 3))
    with pytest.raises(ValueError, match=r"x must be .* token ids need an embedding"):
        net(torch.zeros(B, T, dtype=torch.long))
    with pytest.raises(ValueError, match=r"the embedding of x must give features of the shape \(B, T, 2\)"):
        reviews(torch.zeros(T, dtype=torch.long))
    with pytest.raises(ValueError, match=r"lengths need a batch of sequences"):
        reviews(torch.zeros(T, dtype=torch.long), torch.tensor([T]))
    with pytest.raises(ValueError, match="lengths must lie between 0 and the 7 steps, got 8 at index 0"):
        net(torch.randn(1, T, I), lengths=torch.tensor([8]))
    with pytest.raises(ValueError, match=r"vector must have the shape \(B, 5\), got \(3, 4\)"):
        captions(torch.randn(B, 4), torch.randn(B, T, I))
    with pytest.raises(ValueError, match=r"target_in must be floats of the shape \(B, T, 2\)"):
        captions(torch.randn(B, 5), torch.randn(B, T, 3))
    with pytest.raises(ValueError, match="target_in must have the batch size 3 of vector, got 1"):
        captions(torch.randn(B, 5), torch.randn(1, T, I))
    with pytest.raises(ValueError, match="target_lengths must lie between"):
        captions(torch.randn(B, 5), torch.randn(B, T, I), LENGTHS + 1)
    with pytest.raises(ValueError, match="either target_in"):
        captions(torch.randn(B, 5))
    with pytest.raises(ValueError, match="generate feeds tokens back"):
        captions.generate(torch.randn(B, 5), 1, max_steps=3)
    with pytest.raises(ValueError, match="prompt must contain at least one token per sequence"):
        nn.SequenceToSequence(gru, Linear(H, V), embedding=Embedding(V, I)).generate(
            torch.zeros(2, 3, dtype=torch.long), torch.tensor([3, 0]), max_steps=3
        )
