"""Decoding in compiled code: the tokens of the readable twin, the network's own `step`, in every structure."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch

from foretell import nn
from foretell.kernels import native
from foretell.kernels.decoder import Choice
from foretell.nn import decoding
from foretell.nn.decoding.compiled import LinearMap, Options
from foretell.nn.layers.stack import Stack
from foretell.nn.sequence_to_sequence.bridge import Bridge

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

VOCABULARY, END, BATCHES = 37, 3, (1, 2, 13)
SEARCHES: list[dict[str, Any]] = [
    {"max_steps": 20},
    {"max_steps": 130, "end": END},
    {"max_steps": 20, "end": END, "beam_size": 4},
    {"max_steps": 130, "end": END, "temperature": 0.7},
    {"max_steps": 20, "temperature": 1.5, "top_k": 5},
    {"max_steps": 20, "end": END, "temperature": 1.0, "top_p": 0.5, "never": [0, 7, 8]},
    {"max_steps": 20, "end": END, "beam_size": 3, "never": range(5, 20)},
]


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def scaled(net):
    """In evaluation, with weights so large that tokens differ from step to step."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(3)
        linear = net.head[-1] if isinstance(net.head, torch.nn.Sequential) else net.head
        if linear.bias is not None:
            linear.bias[END] += 1  # type: ignore[index, operator]
    return net.eval()


def translator(cell=nn.GRU, attention="general", **options):
    torch.manual_seed(0)
    embeddings = {f"{side}_embedding": torch.nn.Embedding(VOCABULARY, 16) for side in ("source", "target")}
    encoder, decoder = nn.GRU(16, 10, batch_first=True), cell(16, 21, batch_first=True, **options)
    head = torch.nn.Linear(options.get("proj_size", 21), VOCABULARY)
    if attention == "dot":
        encoder = nn.GRU(16, head.in_features, batch_first=True)
    return scaled(nn.EncoderDecoder(encoder, decoder, head, attention=attention, **embeddings))  # type: ignore[arg-type]


def language_model():
    torch.manual_seed(0)
    layers = [
        torch.nn.Dropout(0.1),
        nn.LSTM(VOCABULARY, 33, num_layers=2, dropout=0.2, batch_first=True),
        torch.nn.Identity(),
        nn.RNN(33, 20, batch_first=True),
    ]
    head = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(20, VOCABULARY, bias=False))
    embedding = torch.nn.Embedding.from_pretrained(torch.eye(VOCABULARY))
    return scaled(nn.SequenceToSequence(layers, head, embedding=embedding))


def captioner(into):
    torch.manual_seed(0)
    layer = nn.GRU(16 if into == "state" else 23, 18, batch_first=True)
    embedding, head = torch.nn.Embedding(VOCABULARY, 16), torch.nn.Linear(18, VOCABULARY)
    return scaled(nn.VectorToSequence(layer, head, vector_size=7, embedding=embedding, into=into))


def asked(net, batch, **search):
    """What a network generates for a batch that is always the same."""
    generator = torch.Generator().manual_seed(1)
    if "temperature" in search:
        search["generator"] = torch.Generator().manual_seed(2)
    if isinstance(net, nn.VectorToSequence):
        return net.generate(torch.randn(batch, 7, generator=generator), 2, **search)
    tokens = torch.randint(4, VOCABULARY, (batch, 9), generator=generator)
    lengths = torch.randint(1, 10, (batch,), generator=generator)
    if isinstance(net, nn.EncoderDecoder):
        return net.generate(tokens, lengths, start=2, **search)
    return net.generate(tokens, lengths, **search)


def by_steps(net, batch, **search):
    net = copy.copy(net)
    net.compiled = lambda *_: None
    return asked(net, batch, **search)


@pytest.fixture
def compiled(monkeypatch):
    """Whether the compiled code was asked for each decoder, one after another."""
    found = []

    def watched(make):
        def made(*arguments):
            found.append(make(*arguments) is not None)
            return make(*arguments)

        return made

    for structure in (nn.EncoderDecoder, nn.SequenceToSequence, nn.VectorToSequence):
        monkeypatch.setattr(structure, "compiled", watched(structure.compiled))
    return found


def assert_same(actual, expected):
    assert torch.equal(actual[0], expected[0])
    assert torch.equal(actual[1], expected[1])


@pytest.mark.parametrize("search", SEARCHES, ids=str)
@pytest.mark.parametrize(
    "build",
    [
        translator,
        lambda: translator(nn.LSTM, None),
        lambda: translator(nn.RNN, "dot"),
        language_model,
        lambda: captioner("state"),
        lambda: captioner("both"),
        lambda: captioner("input"),
    ],
    ids=["general", "none", "dot", "language", "state", "both", "input"],
)
def test_the_same_tokens_as_step_by_step(build, search, compiled):
    net = build()
    for batch in BATCHES:
        expected = by_steps(net, batch, **search)
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found = asked(net, batch, **search)
            assert compiled[-1]
            assert_same(found, expected)
    if "temperature" in search:
        assert len(found[0].unique()) > 5
        assert len(found[1].unique()) > ("end" in search)


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        (nn.LSTM, {"peephole": True, "num_layers": 2}),
        (nn.LSTM, {"proj_size": 5, "zoneout": (0.1, 0.2)}),
        (nn.LSTM, {"layer_norm": True, "dropout": 0.5, "recurrent_dropout": 0.5, "num_layers": 3}),
        (nn.GRU, {"reset_after": False}),
        (nn.GRU, {"layer_norm": True, "bias": False}),
        (nn.RNN, {"nonlinearity": "relu"}),
        (nn.RNN, {"layer_norm": True, "zoneout": 0.1}),
    ],
    ids=str,
)
def test_every_layer_gives_the_same(cell, options, compiled):
    net = translator(cell, **options)
    for batch in BATCHES:
        for search in SEARCHES[1:4]:
            assert_same(asked(net, batch, **search), by_steps(net, batch, **search))
    assert all(compiled)


def test_large_networks_use_all_threads_and_no_other_bit():
    torch.manual_seed(0)
    embedding = torch.nn.Embedding(3000, 64)
    net = nn.SequenceToSequence(nn.GRU(64, 400, batch_first=True), torch.nn.Linear(400, 3000), embedding=embedding)
    net, prompt = scaled(net), torch.randint(3000, (20, 4), generator=torch.Generator().manual_seed(0))
    for batch in (1, 20):
        for search in ({"max_steps": 5}, {"max_steps": 5, "end": 3, "beam_size": 3}):
            results = []
            for threads in (1, 2, 3):
                torch.set_num_threads(threads)
                results.append(net.generate(prompt[:batch], **search))
            assert_same(results[0], results[1])
            assert_same(results[0], results[2])


def test_likelihoods_are_those_of_the_network():
    net = translator()
    source = torch.randint(4, VOCABULARY, (3, 6), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        state = net.encode(source)
        decoder = net.compiled(state, 3, Options(width=2))
        tokens, rows = torch.tensor([2, 4, 5, 6, 7, 8]), torch.tensor([0, 0, 1, 1, 2, 2])
        for _ in range(2):
            likely, at, log_sum = decoder.expand(tokens, rows, 7)
            state = net.select(state, rows.view(3, 2))
            scores, state = net.step(tokens, state)
            torch.testing.assert_close(likely, scores.topk(7)[0], rtol=0, atol=2e-5)
            assert torch.equal(at, scores.topk(7)[1])
            torch.testing.assert_close(log_sum, scores.logsumexp(1, keepdim=True), rtol=0, atol=2e-5)
            tokens, rows = at[:, 1].contiguous(), torch.tensor([1, 0, 2, 2, 5, 4])


def test_equal_scores_are_taken_in_order():
    net = captioner("state")
    with torch.no_grad():
        net.head.weight.zero_()
        net.head.bias.copy_(torch.arange(VOCABULARY) % 5)
    found = net.generate(torch.zeros(1, 7), 2, max_steps=2)[0]
    assert found.tolist() == [[4, 4]]
    decoder = net.compiled(net.start(torch.zeros(1, 7)), 1, Options())
    at = decoder.expand(torch.tensor([2]), torch.tensor([0]), 8)[1]
    assert at.tolist() == [[4, 9, 14, 19, 24, 29, 34, 3]]


def test_what_is_drawn_for_a_sequence_does_not_depend_on_the_others(compiled):
    net = language_model()
    prompt = torch.randint(4, VOCABULARY, (5, 9), generator=torch.Generator().manual_seed(1))

    def drawn(rows):
        generator = torch.Generator().manual_seed(0)
        return net.generate(prompt[:rows], max_steps=30, temperature=1.0, generator=generator)[0]

    assert torch.equal(drawn(5)[:2], drawn(2))
    assert torch.equal(drawn(5), drawn(5))
    torch.manual_seed(5)
    first = net.generate(prompt, max_steps=30, temperature=1.0)[0]
    second = net.generate(prompt, max_steps=30, temperature=1.0)[0]
    torch.manual_seed(5)
    assert torch.equal(net.generate(prompt, max_steps=30, temperature=1.0)[0], first)
    assert not torch.equal(first, second)
    assert all(compiled)


class Tied(torch.nn.Module):
    """An EncoderDecoder whose features are scored by the target's embedding."""

    def __init__(self, dropout=0.1):
        super().__init__()
        embeddings = {
            f"{side}_embedding": torch.nn.Sequential(torch.nn.Embedding(VOCABULARY, 16), torch.nn.Dropout(dropout))
            for side in ("source", "target")
        }
        head = torch.nn.Sequential(torch.nn.Dropout(dropout), torch.nn.Linear(21, 16))
        layers = [nn.GRU(16, 10, batch_first=True), nn.LSTM(16, 21, num_layers=2, batch_first=True)]
        self.head = torch.nn.Linear(1, VOCABULARY)
        self.body = nn.EncoderDecoder(*layers, head, attention="general", **embeddings)  # type: ignore[arg-type, call-arg]

    @property
    def scores(self):
        return LinearMap(self.body.target_embedding[0].weight, self.head.bias)  # type: ignore[index]

    def step(self, token, state):
        features, state = self.body.step(token, state)
        return torch.nn.functional.linear(features, *self.scores), state

    def select(self, state, rows):
        return self.body.select(state, rows)

    def compiled(self, state, batch, options):
        return self.body.compiled(state, batch, options._replace(scores=self.scores))


@pytest.mark.parametrize("search", SEARCHES, ids=str)
def test_scores_by_another_map(search, compiled):
    torch.manual_seed(0)
    net = scaled(Tied())
    for batch in BATCHES:
        source = torch.randint(4, VOCABULARY, (batch, 9), generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            state = net.body.encode(source)
        results = []
        for make in (net.compiled, lambda *_: None):
            own = copy.copy(net)
            own.compiled = make
            chance = {"generator": torch.Generator().manual_seed(2)} if "temperature" in search else {}
            results.append(decoding.generate(own, state, torch.full((batch,), 2), **search, **chance))  # type: ignore[arg-type]
        assert_same(*results)
    assert all(compiled)


def test_a_stream_goes_on_without_end(compiled):
    net = language_model()
    prompt = torch.randint(4, VOCABULARY, (3, 9), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        state = net(prompt[:, :-1])[1]
    by_itself = copy.copy(net)
    by_itself.compiled = lambda *_: None

    def streamed(decoder, chunk, steps, rows=3):
        state_of = net.select(state, torch.arange(rows))
        pieces = decoding.stream(
            decoder, state_of, prompt[:rows, -1], sampling=nn.Sampling(0.8, 20), seed=5, never=[END], chunk=chunk
        )
        return torch.cat([next(pieces) for _ in range(steps // chunk)], 1)

    expected = streamed(net, 90, 90)
    assert len(expected.unique()) > 5
    assert END not in expected
    for chunk in (1, 9, 45):
        assert torch.equal(streamed(net, chunk, 90), expected)
    assert torch.equal(streamed(net, 30, 90, rows=2), expected[:2])
    assert all(compiled)
    assert torch.equal(streamed(by_itself, 15, 90), expected)
    with pytest.raises(ValueError, match="chunk"):
        decoding.stream(net, state, prompt[:, -1], chunk=0)


def test_the_likeliest_alone_are_drawn():
    net = captioner("state")
    vectors = torch.zeros(200, 7)
    with torch.no_grad():
        scores, _ = net.step(torch.full((1,), 2), net.start(vectors[:1]))
    likely = set(scores[0].topk(3)[1].tolist())
    for step in (net, by_steps):
        search = {"max_steps": 1, "temperature": 5.0, "top_k": 3}
        if step is net:
            found = net.generate(vectors, 2, **search)[0]  # type: ignore[union-attr]
        else:
            own = copy.copy(net)
            own.compiled = lambda *_: None
            found = own.generate(vectors, 2, **search)[0]
        assert set(found[:, 0].tolist()) == likely


class Doubling(torch.nn.Linear):
    """Not the map that it inherits from."""

    def forward(self, x):
        return 2 * super().forward(x)


def in_training(net):
    net.decoder.train()


def in_double_precision(net):
    net.double()


def with_another_head(net):
    net.head = Doubling(21, VOCABULARY)


def with_a_hook(net):
    net.decoder[0].register_forward_hook(lambda *_: None)


def with_a_hook_on_the_head(net):
    net.head.register_forward_pre_hook(lambda *_: None)


def with_a_parametrisation(net):
    torch.nn.utils.parametrizations.weight_norm(net.head)


def with_bounded_embeddings(net):
    net.target_embedding.max_norm = 1.0


def with_a_layer_between(net):
    net.decoder = Stack([net.decoder[0], torch.nn.Tanh()]).eval()
    net.bridge = Bridge(10, net.decoder)


def with_a_step_of_its_own(net):
    net.step = lambda *arguments: type(net).step(net, *arguments)


@pytest.mark.parametrize(
    "change",
    [
        in_training,
        in_double_precision,
        with_another_head,
        with_a_hook,
        with_a_hook_on_the_head,
        with_a_parametrisation,
        with_bounded_embeddings,
        with_a_layer_between,
        with_a_step_of_its_own,
    ],
)
def test_what_the_compiled_code_does_not_know_goes_step_by_step(change, compiled):
    net = translator()
    change(net)
    net.head.eval()
    for search in SEARCHES[:4]:
        assert asked(net, 2, **search)[0].shape[0] == 2
    assert not any(compiled)


def test_additive_attention_goes_step_by_step(compiled):
    net = translator(attention="additive")
    assert asked(net, 3, max_steps=5)[0].shape == (3, 5)
    assert not any(compiled)


def test_autocast_goes_step_by_step(compiled):
    with torch.autocast("cpu"):
        assert asked(translator(), 3, max_steps=5)[0].shape == (3, 5)
    assert not any(compiled)


def test_weights_count_as_they_are_at_the_call():
    net = captioner("state")
    first = asked(net, 2, max_steps=8)
    with torch.no_grad():
        net.head.bias.add_(torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(0)) * 5)
        net.layers[0].weight_hh_l0.mul_(-1)
    second = asked(net, 2, max_steps=8)
    assert not torch.equal(first[0], second[0])
    assert_same(second, by_steps(net, 2, max_steps=8))


def test_an_empty_batch_and_sequences_that_end_at_once(compiled):
    net = captioner("state")
    assert net.generate(torch.zeros(0, 7), 2, max_steps=4)[0].shape == (0, 0)
    with torch.no_grad():
        net.head.bias[END] = 1e4
    for search in ({}, {"beam_size": 3}, {"temperature": 1.0}):
        ids, lengths = net.generate(torch.zeros(4, 7), 2, max_steps=4, end=END, **search)
        assert ids.shape == (4, 0)
        assert lengths.tolist() == [0] * 4
    assert compiled[-1]


def test_outputs_that_are_no_distribution_are_an_error():
    net = captioner("state")
    with torch.no_grad():
        net.head.bias[5] = float("nan")
    for generate in (asked, by_steps):
        with pytest.raises(ValueError, match="no distribution"):
            generate(net, 2, max_steps=4, temperature=1.0)


def test_infinite_scores_never_come_up():
    net = captioner("state")
    with torch.no_grad():
        net.head.bias[4:] = -torch.inf
    for search in SEARCHES:
        ids, _ = asked(net, 13, **search)
        assert int(ids.max()) < 4
        assert_same((ids, _), by_steps(net, 13, **search))


def test_what_does_not_fit_is_named():
    net = captioner("state")
    decoder = net.compiled(net.start(torch.zeros(2, 7)), 2, Options())
    token, row = torch.tensor([1]), torch.tensor([0])
    for wrong in (
        (token, row, 0),
        (token, row, VOCABULARY + 1),
        (token.expand(3), row.expand(3), 2),
        (token, row + 2, 2),
    ):
        with pytest.raises(ValueError, match=r"there can be 1 to|origins"):
            decoder.expand(*wrong)
    with pytest.raises(IndexError, match="from 0 to"):
        decoder.expand(token + VOCABULARY, row, 2)
    with pytest.raises(IndexError):
        net.generate(torch.zeros(1, 7), VOCABULARY, max_steps=2)
    ids, lengths = torch.zeros(2, 4, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    with pytest.raises(ValueError, match="room for 4 steps"):
        decoder.run(lengths.clone(), 0, 5, None, Choice(0.0, 0, 1.0), None, ids, lengths)
    with pytest.raises(ValueError, match="uniforms"):
        decoder.run(lengths.clone(), 0, 4, None, Choice(1.0, 0, 1.0), None, ids, lengths)
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(decoder)
    for wrong in ({"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.5}):  # type: ignore[assignment]
        with pytest.raises(ValueError, match="top_"):
            decoding.generate(net, net.start(torch.zeros(1, 7)), token, max_steps=2, temperature=1.0, **wrong)  # type: ignore[arg-type]
