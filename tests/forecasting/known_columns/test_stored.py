"""What known columns add, as it is stored."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from foretell.forecasting.covariates.covariates import Categories, Covariates, Standardised
from foretell.forecasting.known_columns.known_effect import KnownEffect
from foretell.forecasting.known_columns.regressors import Regressors
from foretell.forecasting.known_columns.stored import describe_effects, effect_tensors, expected_effects, read_effects

REGRESSORS = Regressors(Covariates({"day": Categories(("a", "b")), "heat": Standardised(1.0, 2.0)}, {}), 7)
EFFECTS = {
    stage: KnownEffect(REGRESSORS, np.arange(REGRESSORS.count, dtype=np.float64) + k, 28)
    for k, stage in enumerate(("held_out", "final"))
}


def test_what_is_stored_is_read() -> None:
    plain = json.loads(json.dumps(describe_effects(EFFECTS)))  # type: ignore[arg-type]
    tensors = effect_tensors(EFFECTS)  # type: ignore[arg-type]
    shapes = {name: tensor.shape for name, tensor in expected_effects(plain, ("held_out", "final")).items()}
    assert shapes == {name: tensor.shape for name, tensor in tensors.items()} == dict.fromkeys(EFFECTS, (4 * 7,))
    read = read_effects(plain, tensors)
    for stage, effect in read.items():
        assert effect.regressors == REGRESSORS
        assert effect.window == 28
        np.testing.assert_array_equal(effect.weights, EFFECTS[stage].weights)


@pytest.mark.parametrize(("name", "value"), [("season", 0), ("window", 0), ("window", True), ("season", 10**9)])
def test_facts_that_no_effect_has(name: str, value: Any) -> None:
    plain = describe_effects(EFFECTS) | {name: value}  # type: ignore[arg-type]
    with pytest.raises((ValueError, TypeError)):
        expected_effects(plain, ("held_out", "final"))


def test_weights_that_are_no_numbers() -> None:
    tensors = {stage: torch.full((28,), torch.nan, dtype=torch.float64) for stage in EFFECTS}
    with pytest.raises(ValueError, match="must be finite"):
        read_effects(describe_effects(EFFECTS), tensors)  # type: ignore[arg-type]
