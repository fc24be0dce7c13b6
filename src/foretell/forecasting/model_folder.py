"""A fitted forecaster as a model's folder: what of it is described, and which tensors lie beside that."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.field_types import from_plain, read_value
from foretell.forecasting.blueprint import Blueprint
from foretell.forecasting.calendar import calendar_names
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.fit import Fit
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.prediction import Experience
from foretell.forecasting.season import Seasons
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.tables.frequency import Frequency
from foretell.training.history import History
from foretell.training.model_folder import StoredModel, read_folder, write_folder

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
        "seasons": dataclasses.asdict(fit.seasons),
        "validated_until": dict(model.validated_until),
        "frequency": model.frequency.alias,
        "columns": dataclasses.asdict(model.columns),
        "settings": dataclasses.asdict(model.settings),
    }


def _understand(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of Fit without the weights, and those of FittedModel without the fit. Raises ValueError, TypeError
    or KeyError where they are not what `_describe` gives."""
    finish = body["finish"]
    fit = {
        "blueprint": Blueprint.from_dict(body["blueprint"]),
        "covariates": Covariates.from_dict(body["covariates"]),
        "experience": from_plain(Experience, body["experience"]),
        "factors": np.array(read_value(tuple[float, ...], body["factors"]), dtype=np.float64),
        "calibrated_on": read_value(int, body["calibrated_on"]),
        "history": History.from_dict(body["history"]),
        "finish": History.from_dict(finish) if finish else None,
        "holdout": _holdout(body["holdout"]),
        "seasons": from_plain(Seasons, body["seasons"]),
    }
    rest = {
        "frequency": Frequency.parse(read_value(str, body["frequency"])),
        "columns": from_plain(Columns, body["columns"]),
        "settings": from_plain(ForecastSettings, body["settings"]),
        "validated_until": read_value(Mapping[str, int], body["validated_until"]),
    }
    _check_together(**fit, frequency=rest["frequency"])
    return fit, rest


def _holdout(plain: Mapping[str, Any]) -> Holdout:
    rows = read_value(Mapping[str, tuple[int, ...]], plain)
    holdout = Holdout(**{name: np.array(ends, dtype=np.int64) for name, ends in rows.items()})
    if len({len(ends) for ends in rows.values()}) != 1 or any(
        (earlier > later).any() or (earlier < 0).any()
        for earlier, later in ((holdout.training, holdout.validation), (holdout.validation, holdout.history))
    ):
        raise ValueError("training, validation and history must follow one another in each series")
    return holdout


def _check_together(
    blueprint: Blueprint,
    covariates: Covariates,
    experience: Experience,
    factors: NDArray[np.float64],
    seasons: Seasons,
    frequency: Frequency,
    **_: Any,
) -> None:
    """Raise ValueError where parts that are sound alone do not belong together."""
    layout, count = blueprint.layout, len(blueprint.quantiles)
    if len(factors) != count or len(experience.quantiles) != count:
        raise ValueError(f"{len(factors)} factors and {len(experience.quantiles)} values for {count} quantiles")
    if not np.isfinite(factors).all() or (factors < 0).any():
        raise ValueError("factors must be finite, and 0 or above")
    if (covariates.known_features, covariates.static_features) != (layout.known, blueprint.static):
        raise ValueError("the network reads other columns than those described")
    if covariates.category_counts != blueprint.categories:
        raise ValueError("the network knows other categories than those described")
    if seasons.lengths != layout.seasons:
        raise ValueError("the network reads other seasons than those described")
    if layout.calendar != len(calendar_names(frequency)):
        raise ValueError(f"a frequency of {frequency.alias} has another calendar than the network reads")


def _sets(stored: StoredModel, blueprint: Blueprint) -> dict[str, dict[str, Tensor]]:
    def expected() -> dict[str, Tensor]:
        weights = blueprint.build().state_dict()
        return {f"{name}.{key}": tensor for name in _SETS for key, tensor in weights.items()}

    tensors = stored.tensors(expected, at_least=blueprint.layers * blueprint.members * len(_SETS))
    return {
        name: {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}
        for name in _SETS
    }
