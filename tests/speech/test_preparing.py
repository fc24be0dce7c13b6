"""Recordings as the vocoder learns them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from foretell.nn.mu_law import decode
from foretell.speech import SpeechSettings, read_speech
from foretell.speech.learned import Learned
from foretell.speech.network import SpeechNetwork
from foretell.speech.preparing import voiced
from foretell.speech.vocoder import LEVELS, LOUDEST


def test_loudness_is_in_the_spectrum_and_not_in_the_residual(record: Callable[..., Path], tmp_path: Path) -> None:
    """What is left of loudness must not persist, or a network goes on as loud as it has been."""
    speech = read_speech([record(tmp_path / "anna", 200.0)], rate=None, bands=24, phonemes=True)
    learned = Learned.of(speech)
    sizes = {"symbols": len(learned.symbols), "phonemes": len(learned.phonemes), "voices": 1, "languages": 1}
    network = SpeechNetwork(SpeechSettings(bands=24, hidden=8), speech.rate, **sizes)
    network.measure(speech, learned.voices)
    told = voiced(network, speech)
    assert len(told) == len(speech.recordings)
    loud: list[np.ndarray] = []
    quiet: list[np.ndarray] = []
    for own, recording in zip(told, speech.recordings, strict=True):
        assert torch.allclose(torch.from_numpy(own.frames[:, :24]), network.scaled(recording.mel))
        assert own.phase.shape == own.levels.shape == (len(recording.mel) * 80,)
        residual = (decode(torch.from_numpy(own.levels.astype(np.int64)), LEVELS) * LOUDEST).numpy()
        decibels = 10 * np.log10((residual.reshape(-1, 80) ** 2).mean(1) + 1e-6)[1:-1]
        level = recording.mel.mean(1)[1:-1]
        loud.append(decibels[level > level.max() - 4])
        quiet.append(decibels[level < level.min() + 4])
    # The recordings are 40 dB louder in one than in the other.
    assert abs(float(np.concatenate(loud).mean())) < 3
    assert abs(float(np.concatenate(quiet).mean())) < 3
