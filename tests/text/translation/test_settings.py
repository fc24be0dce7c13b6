from __future__ import annotations

import re
from dataclasses import replace

import pytest

from foretell import SettingsError
from foretell.field_types import from_plain, to_plain
from foretell.text import TranslatorSettings
from foretell.training.settings import TrainingSettings


def test_they_survive_being_plain() -> None:
    settings = TranslatorSettings(cell="lstm", hidden=64, epochs=None, training=TrainingSettings(minutes=2))
    assert from_plain(TranslatorSettings, to_plain(settings)) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cell", "abacus"),
        ("attention", "none"),
        ("hidden", 0),
        ("hidden", 33),
        ("layers", 0),
        ("embedding", 0),
        ("batch_size", 0),
        ("vocabulary", 10),
        ("vocabulary", 10**9),
        ("longest", 1),
        ("longest", 10_000),
        ("dropout", 1.0),
        ("label_smoothing", -0.1),
        ("epochs", 0.0),
        ("epochs", float("nan")),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        TranslatorSettings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("epochs", "per_epoch", "steps", "every"), [(3.0, 10, 30, 20), (0.01, 10, 1, 20), (50.0, 100, 5000, 100)]
)
def test_epochs_make_steps(epochs: float, per_epoch: int, steps: int, every: int) -> None:
    settings = TranslatorSettings(epochs=epochs)
    training = settings.training_for(per_epoch)
    assert (training.steps, training.evaluate_every) == (steps, every)
    assert replace(training, steps=4500, evaluate_every=450) == settings.training
    by_clock = TrainingSettings(minutes=1)
    assert TranslatorSettings(training=by_clock).training_for(per_epoch) == by_clock
    with pytest.raises(SettingsError, match=re.escape("epochs is 1e+300")):
        TranslatorSettings(epochs=1e300).training_for(per_epoch)
