from __future__ import annotations

import dataclasses

import pytest

from foretell import SettingsError
from foretell.field_types import from_plain
from foretell.text import TranslatorSettings
from foretell.training.settings import TrainingSettings


def test_they_survive_being_plain() -> None:
    settings = TranslatorSettings(cell="lstm", hidden=64, epochs=None, training=TrainingSettings(minutes=2))
    assert from_plain(TranslatorSettings, dataclasses.asdict(settings)) == settings


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
