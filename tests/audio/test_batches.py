"""Batches: chunks that follow one another, nothing computed twice, and the same likelihood as of whole sounds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from foretell.audio.batches import Batches, Chunk
from foretell.audio.corpus import Sound
from foretell.audio.levels import Levels
from foretell.audio.task import AudioTask
from foretell.nn import WaveNet
from foretell.nn.heads import Categorical, Gaussian, Head, MixtureOfLogistics

SPEAKERS = ("ann", "bob")


def network_for(head: Head, speakers: bool = False) -> WaveNet:
    torch.manual_seed(0)
    network = WaveNet(
        head.input_size, 8, 8, head.output_size, (1, 2, 4, 8), 2, 3 if speakers else None,
        global_classes=2 if speakers else None,
    )  # fmt: skip
    return network.eval()


def sounds_for(head: Head, lengths: list[int]) -> list[Sound]:
    random = np.random.default_rng(0)
    encode = Levels(head).encode
    return [
        Sound(f"{k}", encode(random.uniform(-1, 1, length).astype(np.float32)), SPEAKERS[k % 2])
        for k, length in enumerate(lengths)
    ]


def batches_for(head: Head, sounds: list[Sound], **options: Any) -> Batches:
    return Batches(sounds, head, **{"batch": 3, "chunk": 20, "piece": 70, "receptive_field": 16, **options})


def whole_nll(network: WaveNet, head: Head, sound: Sound, speaker: Tensor | None = None) -> Tensor:
    values = Levels(head).values(torch.from_numpy(sound.levels))[None]
    with torch.no_grad():
        return head.nll(network(head.shifted(values), speaker), values)[0]


def test_each_position_is_scored_once_an_epoch() -> None:
    lengths = [33, 5, 90, 200, 61, 64, 7]
    codes = [Sound(f"{k}", np.full(n, k, np.uint8)) for k, n in enumerate(lengths)]
    batches = batches_for(Categorical(256), codes)
    for epoch in range(2):
        scored: Counter[int] = Counter()
        for number in range(batches.batches):
            chunks = batches(epoch * batches.batches + number)
            for chunk in chunks:
                assert chunk.scored.any(), "a step without a position to learn from"
                scored.update(chunk.levels[chunk.scored].tolist())
        assert scored == dict(enumerate(lengths))
    # 90 is cut once, 200 twice: 15 samples of context for each cut.
    assert batches.repeated == 15 + 2 * 15


def test_a_batch_is_a_pure_function_of_its_number() -> None:
    head = Categorical(256)
    batches = batches_for(head, sounds_for(head, [30, 40, 50, 60, 70, 80]), speakers=SPEAKERS)
    for number in (0, 1, 5):
        for one, other in zip(batches(number), batches(number), strict=True):
            for name in ("levels", "before", "scored", "speakers"):
                assert torch.equal(getattr(one, name), getattr(other, name))


def test_chunks_are_of_about_one_length() -> None:
    head = Categorical(256)
    batches = batches_for(head, sounds_for(head, [65, 64]), piece=100)
    assert [chunk.levels.shape[1] for chunk in batches(0)] == [21, 22, 22]
    assert batches.steps == 3


@pytest.mark.parametrize("head", [Categorical(256), MixtureOfLogistics(3), Gaussian()])
@pytest.mark.parametrize("speakers", [False, True])
def test_cut_up_sounds_have_the_likelihood_of_whole_ones(head: Head, speakers: bool) -> None:
    sounds = sounds_for(head, [33, 5, 90, 200, 61])
    network = network_for(head, speakers)
    batches = batches_for(head, sounds, speakers=SPEAKERS if speakers else None)
    scores = AudioTask(head).score(network, batches.once())
    nats: Counter[int] = Counter()
    for k, sound in enumerate(sounds):
        speaker = k % 2 if speakers else 0
        whole = whole_nll(network, head, sound, torch.tensor([speaker]) if speakers else None)
        nats[speaker] += float(whole.double().sum())  # type: ignore[assignment]
    assert scores.total.samples == 33 + 5 + 90 + 200 + 61
    for speaker, score in scores.by_speaker.items():
        assert score.nats == pytest.approx(nats[speaker], rel=1e-5)
    assert scores.total.bits == pytest.approx(sum(nats.values()) / 389 / np.log(2), rel=1e-5)


def test_the_loss_is_the_mean_of_the_positions_that_count() -> None:
    head = Categorical(256)
    sounds = sounds_for(head, [40, 17])
    network = network_for(head)
    (chunk,) = batches_for(head, sounds, chunk=100, piece=100)(0)
    loss, state = AudioTask(head).loss(network, chunk, None)
    wanted = torch.cat([whole_nll(network, head, sound) for sound in sounds]).mean()
    torch.testing.assert_close(loss, wanted)
    changed = Chunk(torch.where(chunk.scored, chunk.levels, 99), chunk.before, chunk.scored, chunk.speakers)
    assert torch.equal(AudioTask(head).loss(network, changed, None)[0], loss)
    assert state is not None
    loss.backward()
    assert all(p.grad is not None for p in network.parameters())


def test_the_state_goes_from_chunk_to_chunk() -> None:
    head = Categorical(256)
    (sound,) = sounds_for(head, [60])
    network = network_for(head)
    batches = batches_for(head, [sound], piece=100)
    state, parts = None, []
    for chunk in batches(0):
        loss, state = AudioTask(head).loss(network, chunk, state)
        parts.append(loss)
    torch.testing.assert_close(torch.stack(parts).mean(), whole_nll(network, head, sound).mean())


def test_a_part_of_an_epoch() -> None:
    head = Categorical(256)
    batches = batches_for(head, sounds_for(head, [60] * 12))
    assert len(list(batches.once())) == 4
    assert [len(chunks) for chunks in batches.once(4)] == [1, 1, 1, 1]
    assert [len(chunks) for chunks in batches.once(7)] == [2, 2, 2, 1]
    assert [len(chunks) for chunks in batches.once(100)] == [3, 3, 3, 3]


def test_a_part_of_one_long_sound() -> None:
    head = Categorical(256)
    batches = batches_for(head, sounds_for(head, [2000]), piece=2000)
    (whole,) = batches.once()
    (part,) = batches.once(10)
    assert (len(whole), len(part)) == (100, 10)
    for one, other in zip(part, whole, strict=False):
        assert torch.equal(one.levels, other.levels)
