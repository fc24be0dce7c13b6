"""A text that a tiny network can learn by heart, and settings for a training of a second."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from foretell.text.language_model.settings import LanguageSettings
from foretell.training.settings import TrainingSettings

RHYME = "one two, buckle my shoe;\nthree four, shut the door.\n"


@pytest.fixture
def rhyme() -> str:
    return 20 * RHYME


@pytest.fixture
def tiny() -> Callable[..., LanguageSettings]:
    """`tiny(steps=20, **settings)`."""

    def settings(steps: int = 20, **more: object) -> LanguageSettings:
        training = TrainingSettings(steps=steps, learning_rate=0.02, evaluate_every=10, checkpoint_every=5)
        small: dict[str, object] = {
            "hidden": 16,
            "layers": 1,
            "embedding": 8,
            "streams": 4,
            "chunk": 16,
            "dropout": 0.0,
            "recurrent_dropout": 0.0,
        }
        return LanguageSettings(training=training, **{**small, **more})  # type: ignore[arg-type]

    return settings
