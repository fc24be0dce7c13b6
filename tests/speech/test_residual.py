"""Drawing the residual, and generators that are kept."""

from __future__ import annotations

import pickle

import numpy as np
import torch

from foretell.audio.signal import Frames, LinearPrediction, MelSpectrum
from foretell.nn import Generator, WaveNet
from foretell.nn.mu_law import decode
from foretell.speech.residual import ResidualGenerators, residual
from foretell.speech.vocoder import HEAD, LEVELS, LOUDEST
from foretell.speech.vocoder_task import levels_of


def test_recordings_through_the_codec_are_what_they_were() -> None:
    """The residual in 256 levels, filtered back: what a perfect WaveNet would say."""
    mel = MelSpectrum(Frames(16_000), 40)
    time = np.arange(16_000) / 16_000
    voice = np.sum([np.cos(2 * np.pi * 140 * k * time + k * k) / k for k in range(1, 50)], 0)
    recording = (0.1 * voice + np.random.default_rng(0).normal(0, 0.03, 16_000) * time).astype(np.float32)
    spectrum = mel.of(recording)
    for whitening in (0.5, 1.0):
        prediction = LinearPrediction(mel, 16, whitening)
        filters = prediction.filters(spectrum)
        levels = torch.from_numpy(levels_of(prediction.residual(recording, filters)).astype(np.int64))
        heard, _ = prediction.synthesise((decode(levels, LEVELS) * LOUDEST).numpy(), filters)
        heard = heard[: len(recording)]
        decibels = 10 / np.log(10) * np.abs(mel.of(heard) - spectrum)[2:-2]
        assert decibels.mean() < 0.2
        assert np.quantile(decibels, 0.99) < 1
        error = ((heard - recording) ** 2).mean() / (recording**2).mean()
        assert 10 * np.log10(error) < -30


def network() -> WaveNet:
    torch.manual_seed(0)
    return WaveNet(256, 4, 4, 256, (1, 2, 4), local_size=3).eval()


def test_a_generator_that_is_kept_draws_what_a_new_one_does() -> None:
    local = torch.randn(1, 40, 3)
    first = residual(Generator(network(), HEAD, seed=5), local)
    assert first.shape == (40,)
    kept = ResidualGenerators(network())
    lent = []
    for seed in (5, 6, 5):
        with kept.one(seed, "float32") as generator:
            lent.append(generator)
            drawn = residual(generator, local)
        assert np.array_equal(drawn, first) == (seed == 5)
    assert lent[0] is lent[1] is lent[2]
    with kept.one(5, "int8") as generator:
        assert generator is not lent[0]
        assert generator.weights == "int8"
    with kept.one(5, "float32") as one, kept.one(5, "float32") as other:
        assert one is not other


def test_weights_that_have_changed_are_noticed() -> None:
    changed = network()
    kept = ResidualGenerators(changed)
    with kept.one(5, "float32") as first:
        pass
    with torch.no_grad():
        changed.input.weight.add_(1)
    with kept.one(5, "float32") as second:
        assert second is not first
    with pickle.loads(pickle.dumps(kept)).one(5, "float32") as third:
        assert third is not second
