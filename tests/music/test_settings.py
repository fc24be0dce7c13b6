from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from foretell import SettingsError
from foretell.field_types import from_plain, to_plain
from foretell.music.settings import BACKBONES, MusicSettings


@pytest.mark.parametrize("backbone", BACKBONES)
def test_there_and_back(backbone: str, tiny: Callable[..., MusicSettings]) -> None:
    for settings in (tiny(backbone), MusicSettings(backbone=backbone)):  # type: ignore[arg-type]
        assert from_plain(MusicSettings, json.loads(json.dumps(to_plain(settings)))) == settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"backbone": "organ"}, "backbone is 'organ': it must be one of lstm, gru, wavenet, conv-lstm"),
        ({"hidden": 0}, "hidden is 0: it must be at least 1"),
        ({"layers": -1}, "layers is -1: it must be at least 1"),
        ({"embedding": 0}, "embedding is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"window": 1}, "window is 1: it must be at least 2"),
        ({"semitones": -1}, "semitones is -1: it must be at least 0"),
        ({"backbone": "gru", "dropout": 1.0}, "dropout is 1.0: it must be in"),
        ({"backbone": "gru", "dropout": float("nan")}, "dropout is nan"),
        ({"dropout": 0.2}, "dropout is 0.2: it does not apply to a wavenet"),
    ],
)
def test_refusals(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        MusicSettings(**given)


def test_dropout_is_of_the_bodies_that_have_it() -> None:
    assert MusicSettings(backbone="gru").dropped == 0.2
    assert MusicSettings(backbone="gru", dropout=0.0).dropped == 0.0
    assert MusicSettings().dropout is None
