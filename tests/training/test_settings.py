from __future__ import annotations

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
