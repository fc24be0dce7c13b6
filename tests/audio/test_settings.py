from __future__ import annotations

from typing import Any

import pytest

from foretell.audio.settings import AudioSettings
from foretell.errors import SettingsError
from foretell.training.settings import TrainingSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"layers": 0},
        {"layers": 25},
        {"cycles": -1},
        {"residual": 0},
        {"batch": 0},
        {"sample_rate": 100},
        {"trim": 0.0},
        {"trim": float("nan")},
        {"piece": 100},
        {"validation": 0.6},
        {"validation": -0.1},
        {"head": "shoulders"},
        {"training": TrainingSettings(truncate=100)},
    ],
)
def test_what_makes_no_sense_is_refused_by_name(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(SettingsError, match="truncate" if name == "training" else name):
        AudioSettings(**wrong)


def test_the_defaults_average_and_are_judged() -> None:
    settings = AudioSettings()
    assert settings.training.average is not None
    assert settings.validation > 0
