"""A folder of short recordings, and a model that was trained on them for a moment."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

NETWORK = ("--layers", "3", "--cycles", "1", "--residual", "8", "--skip", "8", "--batch", "4", "--chunk", "256")


@pytest.fixture
def small() -> tuple[str, ...]:
    """Options for a training of a second."""
    return (*NETWORK, "--steps", "10", "--device", "cpu")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Eight sounds of 0.1 s by two speakers, in the folder recordings."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    random = np.random.default_rng(0)
    for take in range(4):
        for speaker in ("ann", "bob"):
            soundfile.write(folder / f"{take}_{speaker}_0.wav", random.uniform(-0.5, 0.5, 400), 4000)
    return folder


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from foretell.audio import AudioModel, AudioSettings, Sounds
    from foretell.training import TrainingSettings

    folder = tmp_path_factory.mktemp("sounds")
    random = np.random.default_rng(0)
    for name in ("0_ann_0", "1_ann_0", "0_bob_0"):
        soundfile.write(folder / f"{name}.wav", random.uniform(-0.5, 0.5, 400), 4000)
    training = TrainingSettings(steps=10, learning_rate=0.05, evaluate_every=10)
    settings = AudioSettings(layers=3, cycles=1, residual=8, skip=8, speakers_from="name", training=training)
    parts = Sounds(folder).parts(settings)
    AudioModel(settings).train(parts.training, parts.validation, device="cpu").save(folder / "voice")
    return folder / "voice"


@pytest.fixture
def voice(_trained: Path, tmp_path: Path) -> Path:
    """A model of ann and bob at 4,000 samples per second, in the folder voice."""
    return Path(shutil.copytree(_trained, tmp_path / "voice"))


@pytest.fixture
def refused(run: Callable[..., Any], tmp_path: Path) -> Callable[..., str]:
    """`refused(*arguments)`: that run's error, once it is seen that it changed nothing and ended as bad input does."""

    def check(*arguments: str) -> str:
        before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
        done = run("audio", *arguments)
        assert done.exit_code == 2, done.output
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.output
        assert done.stdout == ""
        assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before
        message: str = done.stderr
        return message

    return check
