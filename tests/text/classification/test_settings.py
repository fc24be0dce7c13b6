from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from foretell import SettingsError
from foretell.field_types import from_plain, to_plain
from foretell.text.classification.settings import ClassifierSettings
from foretell.training.settings import TrainingSettings


def test_there_and_back(tiny: Callable[..., ClassifierSettings]) -> None:
    for settings in (ClassifierSettings(), tiny(units="subwords", cell="lstm", epochs=2.5)):
        assert from_plain(ClassifierSettings, json.loads(json.dumps(to_plain(settings)))) == settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"units": "letters"}, "units is 'letters': it must be one of words, subwords"),
        ({"cell": "rnn"}, "cell is 'rnn': it must be one of gru, lstm"),
        ({"pooling": "sum"}, "pooling is 'sum'"),
        ({"vocabulary": 5}, "vocabulary is 5: it must be from 300 to 1,000,000"),
        ({"counted": -1}, "counted is -1"),
        ({"hidden": 0}, "hidden is 0: it must be at least 1"),
        ({"layers": 0}, "layers is 0"),
        ({"embedding": 0}, "embedding is 0"),
        ({"members": 0}, "members is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"longest": 1}, "longest is 1: it must be from 2 to 100,000"),
        ({"word_dropout": 1.0}, "word_dropout is 1.0"),
        ({"input_dropout": -0.1}, "input_dropout is -0.1"),
        ({"output_dropout": float("nan")}, "output_dropout is nan"),
        ({"recurrent_dropout": 2}, "recurrent_dropout is 2"),
        ({"label_smoothing": 1}, "label_smoothing is 1"),
        ({"validation": 0.6}, "validation is 0.6"),
        ({"epochs": 0}, "epochs is 0: it must be above 0, or None"),
        ({"epochs": float("inf")}, "epochs is inf"),
    ],
)
def test_refusals(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ClassifierSettings(**given)


def test_how_long_a_training_is() -> None:
    settings = ClassifierSettings()
    assert settings.batch_size == 64
    few, some, many = (settings.training_for(batches).steps for batches in (1, 1000, 10**6))
    assert (few, many) == (300, 20_000)
    assert few < some < many
    assert some % 1000 == 0
    assert replace(settings, epochs=2.5).training_for(10).steps == 25
    assert replace(settings, epochs=0.001).training_for(1).steps == 1
    assert replace(settings, training=TrainingSettings(steps=7)).training_for(10**6).steps == 7
    assert replace(settings, epochs=3, training=TrainingSettings(steps=7)).training_for(1).steps == 3
    timed = replace(settings, training=replace(settings.training, minutes=1.0))
    assert timed.training_for(1).steps == settings.training.steps
