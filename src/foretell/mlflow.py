"""A flavour of MLflow models: forecasters logged, registered, loaded and served; the extra `mlflow`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from foretell import __version__, optional
from foretell.errors import ModelError
from foretell.forecasting.forecaster import Forecaster

_PURPOSE = "keeps models", "mlflow"
_models = optional.load("mlflow.models", *_PURPOSE)
_pyfunc = optional.load("mlflow.pyfunc", *_PURPOSE)
_artifacts = optional.load("mlflow.artifacts", *_PURPOSE)

FLAVOR_NAME = "foretell"
_PYFUNC, _DATA, _FOLDER = "python_function", "data", "forecaster"


def save_model(
    forecaster: Forecaster,
    path: str | Path,
    *,
    mlflow_model: Any = None,
    signature: Any = None,
    input_example: pd.DataFrame | None = None,
    pip_requirements: list[str] | None = None,
    **options: Any,
) -> None:
    """Write a fitted forecaster as an MLflow model into the new folder `path`.

    The `signature` is that of an `input_example`, a table, if it is not given; `pip_requirements` is this version of
    foretell. `options` are those of `mlflow.pyfunc.save_model`, such as `metadata`. Raises SettingsError if the
    forecaster is not fitted.
    """
    model = _models.Model() if mlflow_model is None else mlflow_model
    fitted = forecaster.fitted_model
    if signature is None and input_example is not None:
        signature = _models.infer_signature(input_example, forecaster.predict(input_example))
    model.add_flavor(
        FLAVOR_NAME,
        foretell_version=__version__,
        model=forecaster.model,
        horizon=fitted.horizon,
        frequency=fitted.frequency.alias,
    )
    with TemporaryDirectory() as place:
        folder = Path(place, _FOLDER)
        forecaster.save(folder)
        _pyfunc.save_model(
            str(path),
            loader_module=__name__,
            data_path=str(folder),
            mlflow_model=model,
            signature=signature,
            input_example=input_example,
            pip_requirements=pip_requirements or [f"foretell=={__version__}"],
            **options,
        )


def log_model(forecaster: Forecaster, name: str, *, registered_model_name: str | None = None, **options: Any) -> Any:
    """Log a fitted forecaster as a model of the active run, and return MLflow's `ModelInfo`.

    `registered_model_name` registers it too; other options are those of `save_model`.
    """
    return _models.Model.log(
        name=name,
        artifact_path=None,
        flavor=sys.modules[__name__],
        registered_model_name=registered_model_name,
        forecaster=forecaster,
        **options,
    )


def load_model(model_uri: str, dst_path: str | None = None, *, device: str = "auto") -> Forecaster:
    """Load a forecaster from an address such as `runs:/1a2b/model` or `models:/sales/3`, or from a folder.

    Raises ModelError for a model of another flavour.
    """
    folder = Path(_artifacts.download_artifacts(artifact_uri=str(model_uri), dst_path=dst_path))
    flavours = _models.Model.load(str(folder)).flavors
    if FLAVOR_NAME not in flavours:
        raise ModelError(f"{model_uri} is no model of foretell; its flavours are {', '.join(sorted(flavours))}")
    return Forecaster.load(folder / flavours[_PYFUNC][_DATA], device)


class _Scorer:
    """What MLflow calls for any flavour."""

    def __init__(self, forecaster: Forecaster) -> None:
        self._forecaster = forecaster

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Forecast the series of a table, whose rows with an empty target have the known columns' future values."""
        forecast: pd.DataFrame = self._forecaster.predict(model_input)
        return forecast


def _load_pyfunc(path: str) -> _Scorer:
    return _Scorer(Forecaster.load(path))
