"""The flavour of MLflow models: logged, loaded again, and called as any MLflow model is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foretell import Forecaster, ModelError, SettingsError

mlflow: Any = pytest.importorskip("mlflow", reason="the extra mlflow is not installed: pip install 'foretell[mlflow]'")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def flavour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database takes more packages than the extra brings
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    import foretell.mlflow

    return foretell.mlflow


SALES = pd.DataFrame(
    {"day": pd.date_range("2024-01-01", periods=60), "sold": 10.0 + np.arange(60) % 7, "offer": np.arange(60) % 5 == 0}
)


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return Forecaster("pretrained", 7).fit(SALES[["day", "sold"]])


def test_saved_and_loaded(flavour: Any, forecaster: Forecaster, tmp_path: Path) -> None:
    flavour.save_model(forecaster, tmp_path / "model")
    expected = forecaster.predict(SALES)
    assert flavour.load_model(str(tmp_path / "model")).predict(SALES).equals(expected)
    called = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(SALES)
    pd.testing.assert_frame_equal(called, expected)
    assert "foretell==" in (tmp_path / "model" / "requirements.txt").read_text()
    described = mlflow.models.Model.load(str(tmp_path / "model")).flavors["foretell"]
    assert (described["model"], described["horizon"], described["frequency"]) == ("pretrained", 7, "D")


def test_logged(flavour: Any, forecaster: Forecaster) -> None:
    with mlflow.start_run():
        info = flavour.log_model(forecaster, "sales", input_example=SALES[["day", "sold"]])
    assert {column.name for column in info.signature.inputs} == {"day", "sold"}
    assert flavour.load_model(info.model_uri).predict(SALES).equals(forecaster.predict(SALES))


def test_what_is_no_model_of_foretell(flavour: Any, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the forecaster is not fitted"):
        flavour.save_model(Forecaster(horizon=7), tmp_path / "model")
    mlflow.pyfunc.save_model(str(tmp_path / "other"), loader_module="json", pip_requirements=[])
    with pytest.raises(ModelError, match="is no model of foretell; its flavours are python_function"):
        flavour.load_model(str(tmp_path / "other"))
