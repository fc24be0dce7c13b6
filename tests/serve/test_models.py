"""Models: listed, loaded again when their folder is replaced, and kept when it vanishes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from foretell.errors import ModelError, SettingsError
from foretell.forecasting.forecaster import Forecaster
from foretell.serve import models as models_module
from foretell.serve.settings import named_models

from .conftest import HORIZON, Client, records, table


@pytest.fixture
def folder(model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the model, which is looked at before every request."""
    monkeypatch.setattr(models_module, "_EVERY", 0.0)
    copy = tmp_path / "sales"
    shutil.copytree(model_folder, copy)
    return copy


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asked(client: Client) -> str:
    answer = client.post("/v1/forecast", records(table()))
    assert answer.status == 200, answer.body
    return list(answer.json["forecast"][0])[2]


def test_models_are_listed(client: Client) -> None:
    sales, pretrained = client.get("/v1/models").json["models"]
    assert sales["name"] == "sales"
    assert sales["facts"]["horizon"] == HORIZON
    assert sales["facts"]["levels"] == [80, 95]
    assert sales["facts"]["frequency"] == "D"
    assert "trouble" not in sales
    assert pretrained["name"] == "pretrained"


def test_a_replaced_folder_is_loaded_without_a_dropped_request(serving: Callable[..., Any], folder: Path) -> None:
    with serving([("sales", folder)]) as client:
        assert asked(client) == "gru"
        Forecaster("pretrained", HORIZON, device="cpu").fit(table()).save(folder)
        until(lambda: asked(client) == "pretrained")
        assert client.get("/metrics").body.count(b'foretell_model_loads_total{model="sales"} 1.0') == 1


def test_a_folder_that_vanishes_or_is_spoilt_leaves_the_model(serving: Callable[..., Any], folder: Path) -> None:
    with serving([("sales", folder)]) as client:
        shutil.move(folder, folder.with_name("elsewhere"))
        assert asked(client) == "gru"
        trouble = client.get("/v1/models").json["models"][0]["trouble"]
        assert trouble == "its folder is gone; the model that was loaded from it is still served"
        folder.mkdir()
        (folder / "model.json").write_text("{}")
        until(lambda: "cannot be loaded" in client.get("/v1/models").json["models"][0].get("trouble", ""))
        assert asked(client) == "gru"
        shutil.rmtree(folder)
        shutil.move(folder.with_name("elsewhere"), folder)
        until(lambda: "trouble" not in client.get("/v1/models").json["models"][0])


def test_a_folder_that_is_no_model_is_refused(serving: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"), serving([("sales", tmp_path / "nothing")]):
        pass


def test_names_of_models(tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    assert named_models((str(tmp_path / "sales"), f"other={tmp_path}/x/")) == (
        ("sales", tmp_path / "sales"),
        ("other", tmp_path / "x"),
    )
    for given, said in (
        (("a/sales", "b/sales"), "two models are called 'sales': name one, as in other=b/sales"),
        (("pretrained=x",), "two models are called 'pretrained'"),
        (("a?b=x",), "a model cannot be called 'a?b'"),
    ):
        with pytest.raises(SettingsError) as raised:
            named_models(given)
        assert str(raised.value).startswith(said)
