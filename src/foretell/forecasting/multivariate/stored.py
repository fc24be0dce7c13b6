"""What the others' past adds, as facts for JSON and as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from foretell.field_types import read_value
from foretell.forecasting.blending.correction import Correction
from foretell.forecasting.multivariate.aligned import LEVELS
from foretell.forecasting.multivariate.others_past import READ, OthersPast
from foretell.forecasting.networks.fitted_network import Stage
from foretell.forecasting.settings import LONGEST

_STAGES: tuple[Stage, ...] = ("held_out", "final")
_MOST_FACTORS = 64


def describe_correction(correction: Correction[OthersPast]) -> dict[str, Any]:
    """For JSON."""
    return {
        "shares": list(correction.shares),
        "loss": correction.loss,
        "loss_without": correction.loss_without,
        **{
            stage: {
                "ids": list(past.ids),
                "lags": list(past.lags),
                "factors": past.weights.shape[1],
                "steps": past.effect.shape[2],
            }
            for stage, past in correction.past.items()
        },
    }


def correction_tensors(correction: Correction[OthersPast]) -> dict[str, Tensor]:
    """Return the arrays of both stages by name."""
    return {
        f"{stage}.{name}": torch.from_numpy(getattr(past, name))
        for stage, past in correction.past.items()
        for name in _shapes(len(past.ids), len(past.lags), past.weights.shape[1], past.effect.shape[2])
    }


def expected_correction(plain: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return tensors of the shapes that belong to a description. Raises ValueError for one that fits none."""
    return {
        f"{stage}.{name}": torch.empty(shape, dtype=torch.float32)
        for stage in _STAGES
        for name, shape in _shapes(*_sizes(plain[stage])).items()
    }


def read_correction(plain: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Correction[OthersPast]:
    """Return what was stored. Raises ValueError, TypeError or KeyError for anything else."""
    past: dict[Stage, OthersPast] = {}
    for stage in _STAGES:
        arrays: dict[str, Any] = {name: tensors[f"{stage}.{name}"].numpy() for name in _shapes(*_sizes(plain[stage]))}
        ids, lags = read_value(tuple[str, ...], plain[stage]["ids"]), read_value(tuple[int, ...], plain[stage]["lags"])
        if len(set(ids)) != len(ids) or not lags or not all(1 <= lag <= LONGEST for lag in lags):
            raise ValueError(f"no series have the lags {lags}")
        if not (arrays["unit"] > 0).all() or not (arrays["spread"] > 0).all():
            raise ValueError("the units of series must be above 0")
        past[stage] = OthersPast(ids, lags, **arrays)
    shares = read_value(tuple[float, ...], plain["shares"])
    if not all(0 <= share <= 1 for share in shares):
        raise ValueError(f"the shares {shares} are not from 0 to 1")
    loss, without = (read_value(float | None, plain[name]) for name in ("loss", "loss_without"))
    return Correction(past, shares, loss, without)


def _sizes(plain: Mapping[str, Any]) -> tuple[int, int, int, int]:
    counts = len(plain["ids"]), len(plain["lags"])
    factors, steps = read_value(int, plain["factors"]), read_value(int, plain["steps"])
    if not (1 <= factors <= _MOST_FACTORS and 1 <= steps <= LONGEST):
        raise ValueError(f"{factors} factors of {steps} steps ahead")
    return *counts, factors, steps


def _shapes(series: int, lags: int, factors: int, steps: int) -> dict[str, tuple[int, ...]]:
    read = lags + len(LEVELS) + 1
    shapes: dict[str, tuple[int, ...]] = {
        "unit": (series,),
        "own": (series, read),
        "spread": (series,),
        "weights": (series, factors),
        "expected": (series, read, factors * READ),
        "effect": (series, factors * READ, steps),
    }
    assert shapes.keys() < {field.name for field in fields(OthersPast)}
    return shapes
