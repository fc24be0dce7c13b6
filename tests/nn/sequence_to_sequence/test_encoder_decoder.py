"""Encoder and decoder against a plain loop over time, one step at a time, and at work on a small task."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
import torch
from torch.nn import Embedding, Linear

from foretell import nn
from foretell.nn.decoding import beam_search

B, S, T, E, H, U, V = 3, 6, 5, 3, 4, 7, 5  # U words in the source language, V in the target language
SOURCES, TARGETS = torch.tensor([6, 2, 4]), torch.tensor([3, 5, 1])
ENCODERS: dict[str, Any] = {
    "RNN": (lambda: nn.RNN(E, H, batch_first=True), H),
    "LSTM both ways": (lambda: nn.LSTM(E, 3, num_layers=2, batch_first=True, bidirectional=True), 6),
    "shortened": (lambda: (nn.Downsample(E, 3, 2, 1), nn.GRU(3, H, batch_first=True)), H),
    "WaveNet": (lambda: nn.WaveNet(E, 3, H, dilations=(1, 2)), H),
}
DECODERS = {
    "RNN": lambda: nn.RNN(E, H, batch_first=True),
    "LSTM": lambda: nn.LSTM(E, H, num_layers=2, batch_first=True),
    "GRU": lambda: nn.GRU(E, H, batch_first=True, layer_norm=True),
    "WaveNet": lambda: nn.WaveNet(E, 3, H, dilations=(1, 2)),
}
PAIRS = pytest.mark.parametrize(
    ("encoder", "decoder", "attention"),
    [
        *itertools.product(["LSTM both ways"], ["RNN", "LSTM", "GRU"], [None, "additive", "general"]),
        ("LSTM both ways", "WaveNet", "additive"),
        ("RNN", "LSTM", "dot"),
        ("shortened", "GRU", "dot"),
        ("shortened", "LSTM", None),
        ("WaveNet", "GRU", "general"),
        ("WaveNet", "WaveNet", "dot"),
    ],
)


def build(encoder, decoder, attention, std=0.7, seed=0):
    """In double precision with every parameter drawn anew, so that biases count."""
    torch.manual_seed(seed)
    net = nn.EncoderDecoder(
        ENCODERS[encoder][0](),
        DECODERS[decoder](),
        Linear(H, V),
        source_embedding=Embedding(U, E),
        target_embedding=Embedding(V, E),
        attention=attention,
    ).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=std)
    return net


def tokens(batch=B):
    """Sources and targets whose padding is no token at all."""
    generator = torch.Generator().manual_seed(1)
    source, target = (torch.randint(n, (batch, t), generator=generator) for n, t in ((U, S), (V, T)))
    for row in range(B):
        source[row, SOURCES[row] :] = target[row, TARGETS[row] :] = -100
    return source, target


def assert_close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("attention", [None, "additive", "dot", "general"])
def test_it_is_a_loop(attention):
    net, (source, target) = build("RNN", "RNN", attention), tokens()
    source, target = source.clamp(min=0), target.clamp(min=0)
    encoder, decoder = nn.RNNCell(E, H), nn.RNNCell(E, H)
    for cell, layer in ((encoder, net.encoder[0]), (decoder, net.decoder[0])):
        for name, _ in list(cell.named_parameters()):
            setattr(cell, name, layer.get_parameter(name + "_l0"))
    h, memory = torch.zeros(B, H, dtype=torch.float64), []
    for s in range(S):
        h = encoder(net.source_embedding.weight[source[:, s]], h)
        memory.append(h)
    h, expected = torch.tanh(net.bridge.linear(h)), []
    for t in range(T):
        h = decoder(net.target_embedding.weight[target[:, t]], h)
        features = h
        if attention:
            context = torch.stack(
                [net.attention(h[b][None, None], torch.stack(memory, 1)[b][None])[0] for b in range(B)]
            )
            features = torch.tanh(net.combine(torch.cat([context[:, 0, 0], h], -1)))
        expected.append(net.head(features))
    outputs = torch.stack(expected, 1)
    assert_close(net(source, target), outputs)
    parameters = list(net.parameters())
    for a, e in zip(
        torch.autograd.grad(net(source, target).square().sum(), parameters),
        torch.autograd.grad(outputs.square().sum(), parameters),
        strict=True,
    ):
        assert_close(a, e)


@PAIRS
def test_a_ragged_batch_equals_each_alone(encoder, decoder, attention):
    net, (source, target) = build(encoder, decoder, attention), tokens()
    outputs = net(source, target, SOURCES, TARGETS)
    alone = [net(source[b : b + 1, : SOURCES[b]], target[b : b + 1, : TARGETS[b]])[0] for b in range(B)]
    for row, length in enumerate(TARGETS):
        assert_close(outputs[row, :length], alone[row])
        assert not outputs[row, length:].any()
    parameters = list(net.parameters())
    for a, e in zip(
        torch.autograd.grad(outputs.square().sum(), parameters),
        torch.autograd.grad(torch.cat(alone).square().sum(), parameters),
        strict=True,
    ):
        assert_close(a, e)
        assert a.any()


@PAIRS
def test_one_step_at_a_time_equals_teacher_forcing(encoder, decoder, attention):
    net, (source, target) = build(encoder, decoder, attention), tokens()
    target = target.clamp(min=0)
    outputs = net(source, target, SOURCES)
    state = net.encode(source, SOURCES)
    for t in range(T):
        output, state = net.step(target[:, t], state)
        assert_close(output, outputs[:, t])


@pytest.mark.parametrize(("decoder", "attention"), [("LSTM", None), ("GRU", "general"), ("WaveNet", "additive")])
@pytest.mark.parametrize("beam_size", [1, 3, 100])
def test_what_is_generated_scores_best(decoder, attention, beam_size):
    net = build("LSTM both ways", decoder, attention, std=1.0, seed=2)
    source, lengths = torch.randint(U, (8, S)), torch.tensor([6, 2, 4, 6, 1, 3, 5, 6])
    ids, counts = net.generate(source, lengths, start=1, end=0, max_steps=3, beam_size=beam_size, length_penalty=1.0)
    assert counts.max() == ids.shape[1]
    every = [[*words, 0] for n in range(3) for words in itertools.product(range(1, V), repeat=n)]
    for row, length in enumerate(lengths):
        assert (ids[row, counts[row] :] == 0).all()
        alone = source[row : row + 1, :length]

        def score(written, alone=alone):
            with torch.no_grad():
                log = torch.log_softmax(net(alone, torch.tensor([[1, *written[:-1]]]))[0], -1)
            total = sum(log[t, token] for t, token in enumerate(written))
            return float(total) / ((5 + len(written)) / 6)

        found = ids[row, : counts[row]].tolist()
        if beam_size == 1:
            log = net(alone, torch.tensor([[1, *found]]))[0]
            assert [*found, 0][:3] == log.argmax(-1)[:3].tolist()
        elif beam_size == 100:
            assert [*found, 0] == max(every, key=score)
        one = net.generate(alone, start=1, end=0, max_steps=3, beam_size=beam_size, length_penalty=1.0)
        assert one[0][0].tolist() == found


def test_a_beam_of_one_is_the_greedy_choice():
    net = build("LSTM both ways", "GRU", "general", seed=10)
    source = torch.randint(U, (60, S), generator=torch.Generator().manual_seed(0))
    ids, lengths = net.generate(source, start=1, end=0, max_steps=12)
    assert len(lengths.unique()) > 2
    start = torch.ones(60, dtype=torch.long)
    beam = beam_search(net, net.encode(source), start, end=0, max_steps=12, beam_size=1)
    assert torch.equal(beam[0], ids)
    assert torch.equal(beam[1], lengths)


def test_a_wider_beam_scores_better_than_the_greedy_choice():
    net = build("LSTM both ways", "GRU", "general", seed=10)
    source = torch.randint(U, (60, S), generator=torch.Generator().manual_seed(0))
    totals = []
    for beam_size in (1, 6):
        ids, lengths = net.generate(source, start=1, end=0, max_steps=12, beam_size=beam_size, length_penalty=0.0)
        keep = lengths < 12  # those that have ended
        target_in = torch.cat([torch.ones(60, 1, dtype=torch.long), ids], 1)
        targets = torch.cat([ids, torch.zeros(60, 1, dtype=torch.long)], 1)
        log = torch.log_softmax(net(source, target_in), -1).gather(2, targets[..., None])[..., 0]
        total = (log * (torch.arange(log.shape[1]) <= lengths[:, None])).sum(1)
        totals.append(torch.where(keep, total, torch.nan))
    both = totals[0].isfinite() & totals[1].isfinite()
    assert (totals[1] - totals[0])[both].max() > 0.1
    assert (totals[1] >= totals[0] - 1e-9)[both].float().mean() > 0.9


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(0)
    layers = nn.GRU(2, 2, batch_first=True, bidirectional=True), nn.LSTM(3, 2, batch_first=True)
    net = nn.EncoderDecoder(*layers, Linear(2, 2), attention="additive").double()
    source, target = torch.randn(2, 4, 2).double().requires_grad_(), torch.randn(2, 3, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(net, (source, target, torch.tensor([4, 2]), torch.tensor([1, 3])))


def test_real_values_in_and_out():
    net = nn.EncoderDecoder(nn.GRU(2, H, batch_first=True), nn.GRU(1, H, batch_first=True), Linear(H, 1)).double()
    source, value = torch.randn(B, S, 2).double(), torch.zeros(B, 1).double()
    state, fed, outputs = net.encode(source), [], []
    for _ in range(T):
        fed.append(value)
        value, state = net.step(value, state)
        outputs.append(value)
    assert_close(net(source, torch.stack(fed, 1)), torch.stack(outputs, 1))
    with pytest.raises(ValueError, match="generate feeds tokens back"):
        net.generate(source, start=0, max_steps=3)


def test_a_source_of_no_words_is_finite():
    net, (source, target) = build("RNN", "GRU", "general"), tokens()
    outputs = net(source, target.clamp(min=0), torch.tensor([0, 2, 0]))
    gradients = torch.autograd.grad(outputs.sum(), list(net.parameters()))
    assert all(value.isfinite().all() for value in (outputs, *gradients))
    assert torch.equal(net.generate(source, torch.tensor([0, 2, 0]), start=1, max_steps=3)[1], torch.tensor([3] * B))


def test_copies_and_state_dicts_give_the_same():
    net, again = build("LSTM both ways", "GRU", "additive"), build("LSTM both ways", "GRU", "additive", seed=1)
    source, target = tokens()
    expected = net(source, target, SOURCES, TARGETS)
    assert not torch.equal(again(source, target, SOURCES, TARGETS), expected)
    again.load_state_dict(net.state_dict())
    assert torch.equal(again(source, target, SOURCES, TARGETS), expected)
    assert torch.equal(copy.deepcopy(net)(source, target, SOURCES, TARGETS), expected)
    with torch.no_grad():
        assert not net.eval()(source, target, SOURCES, TARGETS).requires_grad


def test_it_learns_to_reverse_digits():
    # Digits 2 to 9; 0 ends a sequence, 1 starts one.
    torch.manual_seed(0)
    net = nn.EncoderDecoder(
        nn.GRU(16, 32, batch_first=True, bidirectional=True),
        nn.GRU(16, 64, batch_first=True),
        Linear(64, 10),
        source_embedding=Embedding(10, 16),
        target_embedding=Embedding(10, 16),
        attention="additive",
    )
    optimiser = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.02, total_steps=200)

    def batch(size):
        digits, lengths = torch.randint(2, 10, (size, 6)), torch.randint(1, 7, (size,))
        targets = torch.zeros(size, 7, dtype=torch.long)
        for row, length in enumerate(lengths):
            targets[row, :length] = digits[row, :length].flip(0)
        return digits, lengths, targets

    for _ in range(200):
        digits, lengths, targets = batch(64)
        target_in = torch.cat([torch.ones(64, 1, dtype=torch.long), targets[:, :-1]], 1)
        outputs = net(digits, target_in, lengths, lengths + 1)
        optimiser.zero_grad()
        nn.sequence_loss(outputs, targets, lengths=lengths + 1).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    digits, lengths, targets = batch(200)
    for beam_size in (1, 4):
        ids, counts = net.eval().generate(digits, lengths, start=1, end=0, max_steps=8, beam_size=beam_size)
        written = torch.zeros(200, 8, dtype=torch.long)
        written[:, : ids.shape[1]] = ids
        right = (written[:, :7] == targets).all(1) & (counts == lengths)
        assert right.float().mean() >= 0.97


def test_wrong_arguments_are_named():
    def gru(features=E, **options):
        return nn.GRU(features, H, batch_first=True, **options)

    head = Linear(H, V)
    with pytest.raises(ValueError, match="decoder must run one step at a time, and a bidirectional layer cannot"):
        nn.EncoderDecoder(gru(), gru(bidirectional=True), head)
    with pytest.raises(ValueError, match="needs attention"):
        nn.EncoderDecoder(gru(), nn.WaveNet(E, 3, H), head)
    with pytest.raises(ValueError, match="attention must be"):
        nn.EncoderDecoder(gru(), gru(), head, attention="cosine")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the same size, got 4 and 8"):
        nn.EncoderDecoder(gru(bidirectional=True), gru(), head, attention="dot")
    net = nn.EncoderDecoder(gru(), gru(2), head)
    source, target = torch.randn(B, S, E), torch.randn(B, T, 2)
    with pytest.raises(ValueError, match=r"source must be floats of the shape \(B, T, 3\)"):
        net(target, target)
    with pytest.raises(ValueError, match=r"target_in must be floats of the shape \(B, T, 2\)"):
        net(source, source)
    with pytest.raises(ValueError, match="target_in must have the batch size 3 of source, got 2"):
        net(source, target[:2])
    with pytest.raises(ValueError, match="source_lengths must lie between 0 and the 6 steps"):
        net(source, target, torch.tensor([7, 1, 1]))
    with pytest.raises(ValueError, match=r"target_lengths must have the shape \(3,\)"):
        net(source, target, None, torch.tensor([1, 1]))
    with pytest.raises(ValueError, match=r"token must be floats"):
        net.step(torch.zeros(B, dtype=torch.long), net.encode(source))
