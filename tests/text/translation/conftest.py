"""Numbers in English and French: sentences that a tiny translator learns in a second."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from foretell.text.translation.model import Translator
from foretell.text.translation.pairs import Pairs
from foretell.text.translation.settings import TranslatorSettings
from foretell.training.settings import TrainingSettings

NUMBERS = {"one": "un", "two": "deux", "three": "trois", "four": "quatre", "five": "cinq", "six": "six"}


@pytest.fixture(scope="session")
def pairs() -> Pairs:
    """A hundred different sentences of one to four numbers, with their translations."""
    chance = random.Random(0)
    drawn = {tuple(chance.choice(list(NUMBERS)) for _ in range(chance.randint(1, 4))) for _ in range(160)}
    sentences = sorted(drawn)[:100]
    chance.shuffle(sentences)
    return Pairs(
        tuple(" ".join(words) + "." for words in sentences),
        tuple(" ".join(NUMBERS[word] for word in words) + " !" for words in sentences),
    )


def _tiny(steps: int = 120, **more: object) -> TranslatorSettings:
    training = TrainingSettings(steps=steps, learning_rate=0.02, evaluate_every=30, checkpoint_every=5)
    small: dict[str, object] = {
        "hidden": 32,
        "embedding": 16,
        "vocabulary": 300,
        "longest": 24,
        "dropout": 0.0,
        "label_smoothing": 0.0,
        "batch_size": 32,
        "epochs": None,
        "training": training,
    }
    return TranslatorSettings(**{**small, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def tiny() -> Callable[..., TranslatorSettings]:
    """Settings for a training of a second."""
    return _tiny


@pytest.fixture(scope="session")
def trained(pairs: Pairs) -> Translator:
    """A translator that has learned eighty of the pairs; not to be changed."""
    return Translator(_tiny()).train(pairs.take(range(80)), pairs.take(range(80, 100)), device="cpu")
