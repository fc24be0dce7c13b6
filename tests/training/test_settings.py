from __future__ import annotations

import math

import pytest

from foretell.errors import SettingsError
from foretell.training import TrainingSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("minutes", 0.0),
        ("minutes", float("nan")),
        ("learning_rate", -1.0),
        ("schedule", "stairs"),
        ("warm_up", 1.0),
        ("optimiser", "lion"),
        ("weight_decay", -0.1),
        ("clip_norm", 0.0),
        ("truncate", 0),
        ("evaluate_every", 0),
        ("patience", 0),
        ("rise", -0.1),
        ("average", 1.0),
        ("max_nonfinite", 0),
        ("precision", "16-mixed"),
        ("seed", -1),
        ("seed", 2**70),
        ("checkpoint_every", 0),
    ],
)
def test_a_senseless_value_is_named(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"{name}="):
        TrainingSettings(**{name: value})  # type: ignore[arg-type]


def test_epochs_in_terms_of_steps() -> None:
    settings = TrainingSettings(learning_rate=0.5)
    for epochs, per_epoch, steps in (
        (1, 22.5, 23),
        (20, 22.5, 450),
        (0.001, 22.5, 1),
        (3, 70 / 3, 70),
        (49, 1 / 49, 1),
    ):
        assert settings.for_epochs(epochs, per_epoch) == TrainingSettings(learning_rate=0.5, steps=steps)


@pytest.mark.parametrize("epochs", [0, -1, math.nan, math.inf, 1e308])
def test_epochs_that_make_no_sense(epochs: float) -> None:
    with pytest.raises(SettingsError, match="epochs is"):
        TrainingSettings().for_epochs(epochs, 10)
