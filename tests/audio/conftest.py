"""Small sounds in a folder, and settings for a training of a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from foretell.audio.settings import AudioSettings
from foretell.training.settings import TrainingSettings

RATE = 8000


def tone(seconds: float, rate: int = RATE, hertz: float = 440.0, peak: float = 0.5) -> NDArray[np.float32]:
    return (peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture
def make_tone() -> Callable[..., NDArray[np.float32]]:
    """`make_tone(seconds, rate, hertz, peak)`: a sine."""
    return tone


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """A folder with ten short sounds of two speakers, named word_speaker_take."""
    folder = tmp_path / "voices"
    folder.mkdir()
    for take in range(5):
        for speaker, hertz in (("ann", 300.0), ("bob", 700.0)):
            sound = tone(0.04 + 0.01 * take, hertz=hertz)
            soundfile.write(folder / f"{take}_{speaker}_0.wav", sound, RATE)
    return folder


def tiny_settings(**changes: Any) -> AudioSettings:
    training = TrainingSettings(steps=changes.pop("steps", 3), evaluate_every=2, seed=changes.pop("seed", 0))
    small = {"layers": 3, "cycles": 1, "residual": 8, "skip": 8, "speaker_size": 4, "batch": 4, "chunk": 256}
    return AudioSettings(**{**small, "training": training, **changes})


@pytest.fixture
def tiny() -> Callable[..., AudioSettings]:
    """`tiny(**changes)`: settings for a training of a second."""
    return tiny_settings
