"""Contours that are computed piece by piece."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from foretell.speech import SpeechSettings
from foretell.speech.contour import FIRST_FRAMES, FRAMES, PredictedContour
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.repertoire import Repertoire
from foretell.speech.utterance import WORD_BOUNDARY, Segment

SEGMENT = Segment(tuple("tana tata nata."), (0, 1, 0, 1, 0) + (0,) * 10, "en", "ann")
LEARNED = Learned(8_000, Repertoire.of([SEGMENT, replace(SEGMENT, symbols=(WORD_BOUNDARY,) * 15)]), 1, 60.0)


@pytest.fixture
def network() -> SpeechNetwork:
    torch.manual_seed(0)
    settings = SpeechSettings(bands=16, prediction_order=10, hidden=16, layers=3, residual=8, skip=8, local=4)
    sizes = {"symbols": len(LEARNED.symbols), "phonemes": len(LEARNED.phonemes), "voices": 1, "languages": 1}
    built = SpeechNetwork(settings, LEARNED.rate, **sizes).eval()
    with torch.no_grad():
        built.acoustic.log_duration.bias.fill_(3.8)
    return built


def test_pieces_are_what_the_whole_would_be(network: SpeechNetwork) -> None:
    whole, pieces = (PredictedContour(network, LEARNED, SEGMENT) for _ in range(2))
    assert len(whole) == int(whole.durations.sum()) > 2 * FRAMES
    whole.require(len(whole))
    pieces.require(3)
    assert np.all(pieces.mel[:FIRST_FRAMES].any(1))
    assert not np.any(pieces.mel[FIRST_FRAMES:])
    for stop in range(0, len(pieces) + 50, 60):
        pieces.require(stop)
    assert np.allclose(pieces.mel, whole.mel, atol=1e-5)
    assert torch.allclose(pieces.frames, whole.frames, atol=1e-5)


def test_rate_and_pitch_are_followed(network: SpeechNetwork) -> None:
    usual = PredictedContour(network, LEARNED, SEGMENT)
    other = PredictedContour(network, LEARNED, replace(SEGMENT, rate=2.0))
    assert len(usual) == pytest.approx(2 * len(other), rel=0.05)
    higher = PredictedContour(network, LEARNED, replace(SEGMENT, pitch=2.0))
    for contour in (usual, higher):
        contour.require(len(contour))
    voiced = usual.frames[0, :, -1] > 0
    assert voiced.any()
    octave = (higher.frames - usual.frames)[0, voiced, -2]
    assert torch.allclose(octave, torch.full_like(octave, np.log(2) / 0.4), atol=1e-4)


def test_the_wavenet_is_told_of_a_stretch_what_it_is_told_of_the_whole(network: SpeechNetwork) -> None:
    vocoder = network.vocoder
    frames, phase = torch.randn(1, 40, 18), torch.rand(1, 40 * 80) * 6
    whole = vocoder.local_between(frames, 0, 40, phase)
    assert whole.shape == (1, 40 * 80, 4 + 2 * vocoder.harmonics)
    for start, stop in ((0, 5), (5, 30), (30, 40)):
        piece = slice(80 * start, 80 * stop)
        told = vocoder.local_between(frames, start, stop, phase[:, piece])
        assert torch.allclose(told, whole[:, piece], atol=1e-6)
    # Of the harmonics: cosine and sine, as loud as the frame in whose middle the sample lies is voiced.
    waves, voicing = whole[0, 40::80, 4:], frames[0, :, -1:]
    angles = phase[0, 40::80, None] * torch.arange(1, vocoder.harmonics + 1)
    assert torch.allclose(waves, torch.cat([angles.cos(), angles.sin()], 1) * voicing, atol=0.05)


def test_the_wavenet_is_told_in_training_what_it_is_told_in_speaking(network: SpeechNetwork) -> None:
    vocoder, margin = network.vocoder, network.vocoder.margin
    frames, phase, levels = torch.randn(1, 40, 18), torch.rand(1, 10 * 80) * 6, torch.randint(256, (1, 10 * 80))
    learned = vocoder(levels, frames[:, 20 - margin : 30 + margin], torch.ones(1, 10 + 2 * margin).bool(), phase)
    said = vocoder.wavenet(levels, local_y=vocoder.local_between(frames, 20, 30, phase))
    assert torch.allclose(said, learned, atol=1e-5)
