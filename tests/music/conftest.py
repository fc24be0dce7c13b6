"""Made-up chorales: a cadence over and over, in several keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from foretell.music.chorales import HEADER, Chorale
from foretell.music.notes import Notes
from foretell.music.settings import MusicSettings
from foretell.training.settings import TrainingSettings

CADENCE = ((72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48))


def _cadences(times: int, up: int = 0) -> Notes:
    """The pitches `(16 times, 4)`: four chords of a beat each, again and again, `up` semitones higher."""
    return np.repeat(np.array(CADENCE * times), 4, axis=0) + up


def table(notes: Notes) -> str:
    """The CSV file of a chorale."""
    return "\n".join([",".join(HEADER), *(",".join(map(str, row)) for row in notes.tolist())]) + "\n"


@pytest.fixture
def cadences() -> Callable[..., Notes]:
    """`cadences(times, up=0)` gives pitches."""
    return _cadences


@pytest.fixture
def chorales() -> tuple[Chorale, ...]:
    return tuple(Chorale(f"chorale_{k:03}", _cadences(2 + k % 3, up=k - 2)) for k in range(6))


@pytest.fixture
def tiny() -> Callable[..., MusicSettings]:
    """Settings for a training of a second."""

    def settings(backbone: str = "gru", steps: int = 20, **more: object) -> MusicSettings:
        training = TrainingSettings(steps=steps, learning_rate=0.01, evaluate_every=10, checkpoint_every=5)
        small: dict[str, object] = {
            "hidden": 12,
            "layers": 1,
            "embedding": 6,
            "window": 16,
            "batch_size": 4,
            "dropout": None if backbone == "wavenet" else 0.0,
        }
        return MusicSettings(backbone=backbone, training=training, **{**small, **more})  # type: ignore[arg-type]

    return settings


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A folder of chorales in three parts."""
    folder = tmp_path / "chorales"
    for part, count in (("train", 5), ("valid", 2), ("test", 1)):
        (folder / part).mkdir(parents=True)
        for k in range(count):
            (folder / part / f"chorale_{k:03}.csv").write_text(table(_cadences(2, up=k)))
    return folder
