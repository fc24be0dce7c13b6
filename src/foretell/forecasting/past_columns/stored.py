"""What past columns add, as facts for JSON and as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foretell.field_types import from_plain, read_value
from foretell.forecasting.blending.correction import Correction, Expected
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.networks.fitted_network import Stage
from foretell.forecasting.past_columns.features import PastFeatures
from foretell.forecasting.past_columns.past_effect import PastEffect
from foretell.forecasting.settings import LONGEST

_STAGES: tuple[Stage, ...] = ("held_out", "final")


def describe_past_effect(correction: Correction[PastEffect]) -> dict[str, Any]:
    """For JSON; the effects of both stages have the same features."""
    effect = correction.past["held_out"]
    features = effect.features
    return {
        "covariates": features.covariates.to_dict(),
        "span": features.span,
        "season": features.season,
        "by_phase": features.by_phase,
        "penalty": effect.penalty,
        "steps": {stage: each.steps for stage, each in correction.past.items()},
        "shares": list(correction.shares),
        "loss": correction.loss,
        "loss_without": correction.loss_without,
        "expected": None if correction.expected is None else asdict(correction.expected),
    }


def past_effect_tensors(correction: Correction[PastEffect]) -> dict[str, Tensor]:
    """Return the weights of both stages by name."""
    return {stage: torch.from_numpy(effect.weights) for stage, effect in correction.past.items()}


def expected_past_effect(plain: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return tensors of the shapes that belong to a description. Raises ValueError for one that fits none."""
    count, steps = _features(plain).count, read_value(Mapping[str, int], plain["steps"])
    if not all(1 <= steps[stage] <= LONGEST for stage in _STAGES):
        raise ValueError(f"no effect reaches {dict(steps)} steps ahead")
    return {stage: torch.empty((count, steps[stage]), dtype=torch.float64) for stage in _STAGES}


def read_past_effect(plain: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Correction[PastEffect]:
    """Return what was stored. Raises ValueError, TypeError or KeyError for anything else."""
    features, penalty = _features(plain), read_value(float, plain["penalty"])
    weights = {stage: tensors[stage].numpy() for stage in _STAGES}
    if not all(np.isfinite(each).all() for each in weights.values()) or not 0 <= penalty < np.inf:
        raise ValueError("the weights of the past columns must be finite")
    past: dict[Stage, PastEffect] = {stage: PastEffect(features, weights[stage], penalty) for stage in _STAGES}
    shares = read_value(tuple[float, ...], plain["shares"])
    if not all(0 <= share <= 1 for share in shares):
        raise ValueError(f"the shares {shares} are not from 0 to 1")
    loss, without = (read_value(float | None, plain[name]) for name in ("loss", "loss_without"))
    expected = None if plain["expected"] is None else from_plain(Expected, plain["expected"])
    return Correction(past, shares, loss, without, expected)


def _features(plain: Mapping[str, Any]) -> PastFeatures:
    covariates = Covariates.from_dict(plain["covariates"])
    span, season = read_value(int, plain["span"]), read_value(int, plain["season"])
    if covariates.known or covariates.static or not covariates.past:
        raise ValueError("the effect is one of past columns alone")
    if not (8 <= span <= LONGEST and 1 <= season <= LONGEST):
        raise ValueError(f"{span} rows are read, with a season of {season}")
    return PastFeatures(covariates, span, season, read_value(bool, plain["by_phase"]))
