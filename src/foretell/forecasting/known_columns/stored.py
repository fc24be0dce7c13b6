"""What the known columns add, as facts for JSON and as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foretell.field_types import read_value
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.known_columns.known_effect import KnownEffect
from foretell.forecasting.known_columns.regressors import Regressors
from foretell.forecasting.networks.fitted_network import Stage
from foretell.forecasting.settings import LONGEST


def describe_effects(effects: Mapping[Stage, KnownEffect]) -> dict[str, Any]:
    """For JSON; the effects of both stages have the same regressors."""
    first = next(iter(effects.values()))
    return {
        "covariates": first.regressors.covariates.to_dict(),
        "season": first.regressors.season,
        "window": first.window,
    }


def effect_tensors(effects: Mapping[Stage, KnownEffect]) -> dict[str, Tensor]:
    """Return the weights of both stages by name."""
    return {stage: torch.from_numpy(effect.weights) for stage, effect in effects.items()}


def expected_effects(plain: Mapping[str, Any], stages: tuple[Stage, ...]) -> dict[str, Tensor]:
    """Return tensors of the shapes that belong to a description. Raises ValueError for one that fits none."""
    regressors, _ = _facts(plain)
    return {stage: torch.empty(regressors.count, dtype=torch.float64) for stage in stages}


def read_effects(plain: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[Stage, KnownEffect]:
    """Return what was stored. Raises ValueError, TypeError or KeyError for anything else."""
    regressors, window = _facts(plain)
    stages: tuple[Stage, ...] = ("held_out", "final")
    weights = {stage: tensors[stage].numpy() for stage in stages}
    if not all(np.isfinite(each).all() for each in weights.values()):
        raise ValueError("the weights of the known columns must be finite")
    return {stage: KnownEffect(regressors, weights[stage], window) for stage in stages}


def _facts(plain: Mapping[str, Any]) -> tuple[Regressors, int]:
    covariates = Covariates.from_dict(plain["covariates"])
    season, window = read_value(int, plain["season"]), read_value(int, plain["window"])
    if covariates.past or covariates.static or not covariates.known:
        raise ValueError("the effect is one of known columns alone")
    if not (1 <= season <= LONGEST and 1 <= window <= LONGEST):
        raise ValueError(f"a level over {window} steps with a season of {season}")
    return Regressors(covariates, season), window
