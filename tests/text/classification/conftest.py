"""Toy texts, whose class lies in the words, or in their order alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from foretell.text.classification.settings import ClassifierSettings
from foretell.training.settings import TrainingSettings

_FILLER = ("the", "film", "of", "a", "man", "who", "sees", "it")
_TELLING = {"bad": ("dull", "awful", "flat"), "good": ("fine", "moving", "bright"), "so-so": ("fair", "usual", "mild")}


def _reviews(count: int, seed: int = 0, classes: tuple[str, ...] = ("bad", "good")) -> tuple[list[str], list[str]]:
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for k in range(count):
        label = classes[k % len(classes)]
        words = [*random.choice(_FILLER, random.integers(2, 9)), random.choice(_TELLING[label])]
        texts.append(" ".join(random.permutation(words)))
        labels.append(label)
    return texts, labels


def _orders(count: int, seed: int = 0) -> tuple[list[str], list[str]]:
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        words = list(random.choice(_FILLER, random.integers(3, 8)))
        first, second = sorted(random.choice(len(words) + 1, 2, replace=False))
        up = bool(random.integers(2))
        words.insert(int(second), "omega" if up else "alpha")
        words.insert(int(first), "alpha" if up else "omega")
        # A word between them keeps the pair from telling.
        texts.append(" ".join(words).replace("alpha omega", "alpha it omega").replace("omega alpha", "omega it alpha"))
        labels.append("up" if up else "down")
    return texts, labels


@pytest.fixture
def reviews() -> Callable[..., tuple[list[str], list[str]]]:
    """`reviews(count, seed=0, classes=("bad", "good"))`: texts of which one word tells the class, and the labels."""
    return _reviews


@pytest.fixture
def orders() -> Callable[..., tuple[list[str], list[str]]]:
    """`orders(count, seed=0)`: texts of the same words, whose class is which of two comes first."""
    return _orders


@pytest.fixture
def tiny() -> Callable[..., ClassifierSettings]:
    """Settings for a training of a second."""

    def settings(steps: int = 30, seed: int = 0, **more: Any) -> ClassifierSettings:
        training = TrainingSettings(
            steps=steps, learning_rate=0.02, evaluate_every=10, checkpoint_every=5, seed=seed, average=0.9
        )
        small: dict[str, Any] = {"hidden": 8, "embedding": 6, "members": 2, "batch_size": 16, "vocabulary": 300}
        return ClassifierSettings(training=training, **{**small, **more})

    return settings
