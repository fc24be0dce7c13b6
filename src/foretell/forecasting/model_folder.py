"""A fitted forecaster as a model's folder: what of it is described, and which tensors lie beside that."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foretell.forecasting.blueprint import Blueprint
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.fit import Fit
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.prediction import Experience
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.tables.frequency import Frequency
from foretell.training.history import History
from foretell.training.model_folder import StoredModel, read_folder, write_folder
from foretell.training.settings import TrainingSettings

_KIND = "forecast"
_SETS = ("held_out", "final")


def save_model(model: FittedModel, folder: str | Path) -> None:
    """Write the folder, whole or not at all; one that holds an older model is replaced, any other is refused.

    Raises SettingsError for a place that cannot be written to or that holds something else.
    """
    tensors = {f"{name}.{key}": tensor for name in _SETS for key, tensor in getattr(model.fit, name).items()}
    write_folder(folder, _KIND, _describe(model), tensors)


def load_model(folder: str | Path, device: torch.device) -> FittedModel:
    """Read the folder that `save_model` wrote.

    Raises ModelError where it is not there, not a forecaster, damaged in any of its files, or of a newer format.
    """
    stored = read_folder(folder, _KIND)
    with stored.understood():
        fit_without_weights, rest = _understand(stored.description)
        sets: Mapping[str, Any] = _sets(stored, fit_without_weights["blueprint"])
        return FittedModel(fit=Fit(**fit_without_weights, **sets), device=device, **rest)


def _describe(model: FittedModel) -> dict[str, Any]:
    fit = model.fit
    return {
        "blueprint": fit.blueprint.to_dict(),
        "covariates": fit.covariates.to_dict(),
        "experience": dataclasses.asdict(fit.experience),
        "factors": fit.factors.tolist(),
        "calibrated_on": fit.calibrated_on,
        "history": fit.history.to_dict(),
        "finish": fit.finish.to_dict() if fit.finish else None,
        "holdout": {f.name: getattr(fit.holdout, f.name).tolist() for f in dataclasses.fields(Holdout)},
        "validated_until": dict(model.validated_until),
        "frequency": model.frequency.alias,
        "columns": dataclasses.asdict(model.columns),
        "settings": dataclasses.asdict(model.settings),
    }


def _understand(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of Fit without the weights, and those of FittedModel without the fit."""
    settings = dict(body["settings"])
    settings["training"] = TrainingSettings(**settings["training"])
    settings["seasons"] = None if settings["seasons"] is None else tuple(settings["seasons"])
    columns: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in body["columns"].items()}
    experience = body["experience"]
    finish = body["finish"]
    blueprint = Blueprint.from_dict(body["blueprint"])
    factors = np.array(body["factors"], dtype=np.float64)
    if factors.shape != (len(blueprint.quantiles),):
        raise ValueError(f"{factors.size} factors for {len(blueprint.quantiles)} quantiles")
    fit = {
        "blueprint": blueprint,
        "covariates": Covariates.from_dict(body["covariates"]),
        "experience": Experience(float(experience["relative_spread"]), tuple(experience["quantiles"])),
        "factors": factors,
        "calibrated_on": int(body["calibrated_on"]),
        "history": History.from_dict(body["history"]),
        "finish": History.from_dict(finish) if finish else None,
        "holdout": Holdout(**{name: np.array(rows, dtype=np.int64) for name, rows in body["holdout"].items()}),
    }
    return fit, {
        "frequency": Frequency(body["frequency"]),
        "columns": Columns(**columns),
        "settings": ForecastSettings(**settings),
        "validated_until": {str(name): int(until) for name, until in body["validated_until"].items()},
    }


def _sets(stored: StoredModel, blueprint: Blueprint) -> dict[str, dict[str, Tensor]]:
    def expected() -> dict[str, Tensor]:
        weights = blueprint.build().state_dict()
        return {f"{name}.{key}": tensor for name in _SETS for key, tensor in weights.items()}

    tensors = stored.tensors(expected, at_least=blueprint.layers * blueprint.members * len(_SETS))
    return {
        name: {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}
        for name in _SETS
    }
