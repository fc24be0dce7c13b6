"""A fitted model as a folder: `model.json` and `weights.safetensors`. Nothing in it is ever unpickled."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from foretell.errors import ModelError, SettingsError
from foretell.forecasting.blueprint import Blueprint
from foretell.forecasting.covariates import Covariates
from foretell.forecasting.fit import Fit
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.frequency import Frequency
from foretell.forecasting.holdout import Holdout
from foretell.forecasting.prediction import Experience
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns
from foretell.training.history import History
from foretell.training.settings import TrainingSettings
from foretell.training.tensor_file import parse_tensors, read_ordinary

FORMAT = 1
"""The version of the folder's layout that is written, and the newest that is read."""

_JSON, _WEIGHTS = "model.json", "weights.safetensors"
_SETS = ("held_out", "final")


def save_model(model: FittedModel, folder: str | Path) -> None:
    """Write the folder, whole or not at all; one that holds an older model is replaced, any other is refused.

    Raises SettingsError for a place that cannot be written to or that holds something else.
    """
    target = Path(folder).absolute()
    target = target.resolve() if target.is_symlink() else target
    refuse_to_replace(target)
    weights = safetensors.torch.save(
        {f"{name}.{key}": tensor.contiguous() for name in _SETS for key, tensor in getattr(model.fit, name).items()}
    )
    body = {**_describe(model), "weights_sha256": hashlib.sha256(weights).hexdigest()}
    head = {"format": FORMAT, "foretell": metadata.version("foretell"), "sha256": _digest(body), "model": body}
    temporary = target.parent / f".{target.name}.{secrets.token_hex(8)}.tmp"
    try:
        try:
            temporary.mkdir()
            _write(temporary / _WEIGHTS, weights)
            _write(
                temporary / _JSON,
                (json.dumps(head, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass"),
            )
            _sync(temporary)
            _put_in_place(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise SettingsError(
            f"the model cannot be written to {folder}: {error.strerror or error}; give a folder that can be written to"
        ) from error


def load_model(folder: str | Path, device: torch.device) -> FittedModel:
    """Read the folder that `save_model` wrote.

    Raises ModelError where it is not there, not a model, damaged in any of its files, or of a newer format.
    """
    place = Path(folder).absolute()
    if not place.exists() and _previous(place).is_dir():
        # A save was cut off between putting the old model aside and the new one in its place.
        place = _previous(place)
    if not place.is_dir():
        what = "is a file" if place.exists() else "does not exist"
        raise ModelError(f"{folder} {what}: a model is a folder, such as `foretell fit` or Forecaster.save writes")
    body = _read_json(place, folder)
    try:
        fit_without_weights, rest = _understand(body)
        sets: Mapping[str, Any] = _read_weights(place, folder, body["weights_sha256"], fit_without_weights["blueprint"])
        return FittedModel(fit=Fit(**fit_without_weights, **sets), device=device, **rest)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelError(f"{folder}: {_JSON} does not describe a model ({error!r}); save the model anew") from error


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


def _read_json(place: Path, folder: str | Path) -> dict[str, Any]:
    try:
        data = read_ordinary(place / _JSON)
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is not a model: it holds no {_JSON}") from error
    except OSError as error:
        raise ModelError(f"{folder}: {_JSON} cannot be read: {error.strerror or error}") from error
    damaged = f"{folder}: {_JSON} is damaged or cut short"
    try:
        head = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{damaged} ({error}); save the model anew") from error
    version = head.get("format") if isinstance(head, dict) else None
    if isinstance(version, bool) or not isinstance(version, int) or "foretell" not in head:
        raise ModelError(f"{folder} is not a model: its {_JSON} was not written by foretell, or is damaged")
    if version > FORMAT:
        raise ModelError(
            f"{folder} is of format {version}, but this foretell {metadata.version('foretell')} reads formats up to "
            f"{FORMAT}: it takes foretell {head['foretell']} or newer (pip install --upgrade foretell)"
        )
    body = head.get("model")
    if version < 1 or not isinstance(body, dict) or head.get("sha256") != _digest(body):
        raise ModelError(f"{damaged}: its checksum does not fit; save the model anew")
    return body


def _read_weights(place: Path, folder: str | Path, checksum: str, blueprint: Blueprint) -> dict[str, dict[str, Tensor]]:
    try:
        data = read_ordinary(place / _WEIGHTS)
    except OSError as error:
        raise ModelError(
            f"{folder}: {_WEIGHTS} cannot be read: {error.strerror or error}; save the model anew"
        ) from error
    if hashlib.sha256(data).hexdigest() != checksum:
        raise ModelError(f"{folder}: {_WEIGHTS} is damaged, cut short, or of another model; save the model anew")
    try:
        tensors = parse_tensors(data)
    except ValueError as error:
        raise ModelError(f"{folder}: {_WEIGHTS} cannot be read ({error}); save the model anew") from error
    # A stranger's settings may ask for more than any memory holds: shapes are compared before anything is allocated.
    if blueprint.layers * blueprint.members > len(tensors):
        raise ModelError(f"{folder}: {_WEIGHTS} holds fewer tensors than {_JSON} describes; save the model anew")
    try:
        with torch.device("meta"):
            expected = blueprint.build().state_dict()
    except RuntimeError as error:
        raise ModelError(f"{folder}: {_JSON} describes a network that cannot be built; save the model anew") from error
    sets: dict[str, dict[str, Tensor]] = {}
    for name in _SETS:
        found = {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}
        unlike = sorted(found.keys() ^ expected.keys())
        if unlike:
            there = "has no place in" if unlike[0] in found else "is missing from"
            raise ModelError(f"{folder}: the tensor {name}.{unlike[0]} {there} {_WEIGHTS}; save the model anew")
        for key, tensor in found.items():
            due = expected[key]
            if tensor.shape != due.shape or tensor.dtype != due.dtype:
                raise ModelError(
                    f"{folder}: the tensor {name}.{key} in {_WEIGHTS} is {tensor.dtype} of {tuple(tensor.shape)}, "
                    f"not {due.dtype} of {tuple(due.shape)}; save the model anew"
                )
        sets[name] = found
    return sets


def _digest(body: Mapping[str, Any]) -> str:
    """Of the content, whatever its layout."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_to_replace(target: Path) -> None:
    """Raise SettingsError where a model cannot be saved, so that this is known before there is one."""
    if not target.parent.is_dir():
        raise SettingsError(
            f"the model cannot be written to {target}: there is no folder {target.parent}; make it first"
        )
    if target.exists() and not target.is_dir():
        raise SettingsError(f"the model cannot be written to {target}: it is a file; give another name")
    names = {entry.name for entry in target.iterdir()} if target.is_dir() else set()
    if names and _JSON not in names:
        raise SettingsError(f"{target} holds something else than a model; it stays as it is: give another folder")
    others = sorted(names - {_JSON, _WEIGHTS})
    if others:
        raise SettingsError(f"{target} holds {others[0]!r} beside a model, which would be lost; give another folder")


def _previous(target: Path) -> Path:
    """Where a model is put aside while a new one takes its place."""
    return target.parent / f".{target.name}.previous"


def _put_in_place(temporary: Path, target: Path) -> None:
    previous = _previous(target)
    if target.exists() and any(target.iterdir()):
        shutil.rmtree(previous, ignore_errors=True)
        os.rename(target, previous)
        try:
            os.rename(temporary, target)
        except OSError:
            os.rename(previous, target)
            raise
    else:
        os.rename(temporary, target)
    _sync(target.parent)
    shutil.rmtree(previous, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Bring a folder's entries to the disk, on systems where a folder can be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
