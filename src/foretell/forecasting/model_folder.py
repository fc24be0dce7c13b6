"""A fitted forecaster as a model folder: the description and the tensors that are saved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foretell.field_types import from_plain, read_value
from foretell.forecasting.blending.blend import Blend
from foretell.forecasting.blending.linear import LinearRegression
from foretell.forecasting.covariates.calendar import calendar_names
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.experience import Experience
from foretell.forecasting.fitted_model import LINEAR, FittedModel, Members
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.known_columns.stored import (
    describe_effects,
    effect_tensors,
    expected_effects,
    read_effects,
)
from foretell.forecasting.multivariate.stored import (
    correction_tensors,
    describe_correction,
    expected_correction,
    read_correction,
)
from foretell.forecasting.networks.architecture import Architecture
from foretell.forecasting.networks.backbones import MODELS
from foretell.forecasting.networks.fitted_network import FittedNetwork, Stage
from foretell.forecasting.past_columns.stored import (
    describe_past_effect,
    expected_past_effect,
    past_effect_tensors,
    read_past_effect,
)
from foretell.forecasting.prediction import SIMPLE
from foretell.forecasting.pretrained.shipped import Pretrained, Sizes
from foretell.forecasting.quantiles import GRID, quantiles_of
from foretell.forecasting.seasons.further_seasons import phase_columns
from foretell.forecasting.seasons.season import Seasons
from foretell.forecasting.settings import LONGEST, ForecastSettings
from foretell.forecasting.stored_series import describe_series, expected_tensors, read_series, series_tensors
from foretell.forecasting.tables.columns import Columns
from foretell.model.folder import StoredModel, read_folder, write_folder
from foretell.tables.frequency import Frequency
from foretell.training.history import History

_KIND = "forecast"
_SETS: tuple[Stage, ...] = ("held_out", "final")
_PRETRAINED, _SERIES, _OTHERS = "pretrained", "series", "other_series"
_KNOWN, _PAST = "known_columns", "past_columns"


def save_model(model: FittedModel, folder: str | Path) -> None:
    """Write the folder, completely or not at all; an existing model is replaced, any other folder is refused.

    Raises SettingsError if the folder cannot be written to or contains anything other than a model.
    """
    pretrained = model.members.pretrained
    tensors: dict[str, Tensor] = {}
    for network in model.members.networks:
        for weights in _SETS:
            tensors |= {f"{network.name}.{weights}.{key}": t for key, t in getattr(network, weights).items()}
    if pretrained is not None:
        tensors |= {f"{_PRETRAINED}.{key}": t for key, t in pretrained.network.state_dict().items()}
    for stage, regression in (model.members.linear or {}).items():
        tensors[f"{LINEAR}.{stage}"] = torch.from_numpy(regression.weights)
    if model.members.known is not None:
        tensors |= {f"{_KNOWN}.{key}": t for key, t in effect_tensors(model.members.known).items()}
    if model.correction is not None:
        tensors |= {f"{_OTHERS}.{key}": t for key, t in correction_tensors(model.correction).items()}
    if model.past_effect is not None:
        tensors |= {f"{_PAST}.{key}": t for key, t in past_effect_tensors(model.past_effect).items()}
    if model.learned is not None:
        tensors |= {f"{_SERIES}.{key}": t for key, t in series_tensors(model.learned).items()}
    write_folder(folder, _KIND, _describe(model), tensors)


def load_model(folder: str | Path, device: torch.device) -> FittedModel:
    """Read the folder that `save_model` wrote.

    Raises ModelError if it does not exist, is not a forecaster, has a damaged file, or has another format.
    """
    stored = read_folder(folder, _KIND)
    with stored.understood():
        return _understood(stored, device)


def _describe(model: FittedModel) -> dict[str, Any]:
    members = model.members
    return {
        "name": model.name,
        "levels": list(model.levels),
        "horizon": model.horizon,
        "seasons": dataclasses.asdict(members.seasons),
        "experience": dataclasses.asdict(members.experience),
        "pretrained": dataclasses.asdict(members.pretrained.sizes) if members.pretrained is not None else None,
        "linear": None
        if members.linear is None
        else {stage: list(r.weights.shape) for stage, r in members.linear.items()},
        "known_columns": None if members.known is None else describe_effects(members.known),
        "networks": [_describe_network(network) for network in members.networks],
        "blend": dataclasses.asdict(model.blend),
        "factors": model.factors.tolist(),
        "calibrated_on": model.calibrated_on,
        "holdout": {f.name: getattr(model.holdout, f.name).tolist() for f in dataclasses.fields(Holdout)},
        "validated_until": dict(model.validated_until),
        "frequency": model.frequency.alias,
        "columns": dataclasses.asdict(model.columns),
        "settings": dataclasses.asdict(model.settings),
        "non_negative": model.non_negative,
        "notes": list(model.notes),
        "warnings": list(model.warnings),
        "other_series": None if model.correction is None else describe_correction(model.correction),
        "past_columns": None if model.past_effect is None else describe_past_effect(model.past_effect),
        "series": None if model.learned is None else describe_series(model.learned),
    }


def _describe_network(fit: FittedNetwork) -> dict[str, Any]:
    return {
        "architecture": fit.architecture.to_dict(),
        "tuned": fit.tuned,
        "covariates": fit.covariates.to_dict(),
        "history": fit.history.to_json(),
        "finish": fit.finish.to_json() if fit.finish else None,
    }


def _understood(stored: StoredModel, device: torch.device) -> FittedModel:
    """Rebuild the model. Raises ValueError, TypeError or KeyError if the folder is not as `save_model` writes it."""
    body = stored.description
    frequency = Frequency.parse(read_value(str, body["frequency"]))
    networks = [_network_facts(plain, frequency) for plain in read_value(list[Mapping[str, Any]], body["networks"])]
    sizes = None if body["pretrained"] is None else from_plain(Sizes, body["pretrained"])
    linear = _linear_shapes(body["linear"], sizes)
    series, others, known, past = (body.get(name) for name in (_SERIES, _OTHERS, _KNOWN, _PAST))
    tensors = _tensors(stored, networks, sizes, linear, series, others, known, past)
    members = Members(
        horizon=read_value(int, body["horizon"]),
        seasons=from_plain(Seasons, body["seasons"]),
        experience=from_plain(Experience, body["experience"]),
        pretrained=None if sizes is None else Pretrained.of(sizes, _part(tensors, _PRETRAINED)),
        networks=tuple(
            replace(
                network,
                held_out=_part(tensors, f"{network.name}.held_out"),
                final=_part(tensors, f"{network.name}.final"),
                device=device,
            )
            for network in networks
        ),
        linear={stage: LinearRegression(tensors[f"{LINEAR}.{stage}"].numpy()) for stage in linear} or None,
        known=None if known is None else read_effects(known, _part(tensors, _KNOWN)),
    )
    model = FittedModel(
        name=read_value(str, body["name"]),
        levels=read_value(tuple[int, ...], body["levels"]),
        members=members,
        blend=from_plain(Blend, body["blend"]),
        factors=np.array(read_value(tuple[tuple[float, ...], ...], body["factors"]), dtype=np.float64),
        calibrated_on=read_value(int, body["calibrated_on"]),
        holdout=_holdout(body["holdout"]),
        frequency=frequency,
        columns=from_plain(Columns, body["columns"]),
        settings=from_plain(ForecastSettings, body["settings"]),
        validated_until=read_value(Mapping[str, int], body["validated_until"]),
        non_negative=read_value(bool | None, body.get("non_negative")),
        notes=read_value(tuple[str, ...], body["notes"]),
        warnings=read_value(tuple[str, ...], body.get("warnings", [])),
        correction=None if others is None else read_correction(others, _part(tensors, _OTHERS)),
        past_effect=None if past is None else read_past_effect(past, _part(tensors, _PAST)),
        learned=None if series is None else read_series(series, _part(tensors, _SERIES), frequency),
        device=device,
    )
    _check_together(model)
    return model


def _network_facts(plain: Mapping[str, Any], frequency: Frequency) -> FittedNetwork:
    """Return a network whose weights are still to be read."""
    architecture, covariates = Architecture.from_dict(plain["architecture"]), Covariates.from_dict(plain["covariates"])
    finish = plain["finish"]
    read = (covariates.known_features, covariates.past_features, covariates.static_features)
    if read != (architecture.known, architecture.past, architecture.static):
        raise ValueError("the network reads other columns than those described")
    if covariates.category_counts != architecture.categories:
        raise ValueError("the network knows other categories than those described")
    if architecture.calendar != len(calendar_names(frequency)) + phase_columns(architecture.reading.further):
        raise ValueError(f"a frequency of {frequency.alias} has another calendar than the network reads")
    return FittedNetwork(
        architecture=architecture,
        tuned=read_value(bool, plain["tuned"]),
        covariates=covariates,
        held_out={},
        final={},
        history=History.from_json(plain["history"]),
        finish=History.from_json(finish) if finish else None,
    )


def _linear_shapes(plain: Any, sizes: Sizes | None) -> dict[Stage, tuple[int, int]]:
    if plain is None:
        return {}
    shapes = read_value(Mapping[str, tuple[int, int]], plain)
    fits = all(2 <= rows <= LONGEST and 1 <= steps <= LONGEST for rows, steps in shapes.values())
    if sizes is None or set(shapes) != set(_SETS) or not fits:
        raise ValueError(f"no linear regression has weights of the shapes {dict(shapes)}")
    return {stage: shapes[stage] for stage in _SETS}


def _holdout(plain: Mapping[str, Any]) -> Holdout:
    rows = read_value(Mapping[str, tuple[int, ...]], plain)
    holdout = Holdout(**{name: np.array(ends, dtype=np.int64) for name, ends in rows.items()})
    if len({len(ends) for ends in rows.values()}) != 1 or any(
        (earlier > later).any() or (earlier < 0).any()
        for earlier, later in ((holdout.training, holdout.validation), (holdout.validation, holdout.history))
    ):
        raise ValueError("training, validation and history must follow one another in each series")
    return holdout


def _check_together(model: FittedModel) -> None:
    """Raise ValueError if parts that are each valid do not belong together."""
    members, factors = model.members, model.factors
    quantiles_of(model.levels)
    if model.name not in MODELS or list(model.levels) != sorted(model.levels):
        raise ValueError(f"no forecaster is called {model.name!r}, with levels {list(model.levels)}")
    if factors.shape != (3, len(GRID)) or len(members.experience.quantiles) != len(GRID):
        raise ValueError(
            f"{factors.size} factors and {len(members.experience.quantiles)} values for {len(GRID)} quantiles"
        )
    if not np.isfinite(factors).all() or (factors < 0).any():
        raise ValueError("factors must be finite, and 0 or above")
    season_ok = all(2 <= season <= LONGEST for season in model.seasons)
    if not 1 <= model.horizon <= LONGEST or not season_ok or list(model.seasons) != sorted(model.seasons):
        raise ValueError(f"horizon {model.horizon} with seasons {model.seasons}")
    known = {_PRETRAINED, *SIMPLE} if members.pretrained is not None else set()
    if members.linear is not None:
        known.add(LINEAR)
    for network in members.networks:
        if network.name in known:
            raise ValueError(f"two networks are called {network.name}")
        known.add(network.name)
        reading = network.architecture.reading
        if not {*reading.seasons, *reading.further} <= {0, 1, *model.seasons}:
            raise ValueError("a network has other seasons than the forecaster")
    shares = model.blend.shares
    if not shares or not shares.keys() <= known:
        raise ValueError(f"shares of {list(shares)}, but there are {sorted(known)}")
    if min(shares.values()) < 0 or not np.isclose(sum(shares.values()), 1):
        raise ValueError("shares must be 0 or above, and 1 in sum")


def _tensors(
    stored: StoredModel,
    networks: Sequence[FittedNetwork],
    sizes: Sizes | None,
    linear: Mapping[Stage, tuple[int, int]],
    series: Mapping[str, Any] | None,
    others: Mapping[str, Any] | None,
    known: Mapping[str, Any] | None,
    past: Mapping[str, Any] | None,
) -> dict[str, Tensor]:
    def expected() -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = {}
        for network in networks:
            weights = network.architecture.build().state_dict()
            tensors |= {f"{network.name}.{part}.{key}": t for part in _SETS for key, t in weights.items()}
        if sizes is not None:
            tensors |= {f"{_PRETRAINED}.{key}": t for key, t in sizes.build().state_dict().items()}
        for stage, shape in linear.items():
            tensors[f"{LINEAR}.{stage}"] = torch.empty(shape, dtype=torch.float64)
        if known is not None:
            tensors |= {f"{_KNOWN}.{key}": t for key, t in expected_effects(known, _SETS).items()}
        if others is not None:
            tensors |= {f"{_OTHERS}.{key}": t for key, t in expected_correction(others).items()}
        if past is not None:
            tensors |= {f"{_PAST}.{key}": t for key, t in expected_past_effect(past).items()}
        if series is not None:
            tensors |= {f"{_SERIES}.{key}": t for key, t in expected_tensors(series).items()}
        return tensors

    makes = [network.architecture for network in networks]
    least = sum(make.layers * make.members * len(_SETS) for make in makes) + (0 if sizes is None else sizes.layers)
    return stored.tensors(expected, at_least=least)


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items() if key.startswith(f"{name}.")}
