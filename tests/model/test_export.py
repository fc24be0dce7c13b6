"""Models as programs, run by onnxruntime and by torch alone."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from foretell import Forecaster
from foretell.errors import ExportError, MissingExtraError, ModelError
from foretell.forecasting.settings import ForecastSettings
from foretell.model.export import export
from foretell.music.model import MusicModel
from foretell.music.settings import MusicSettings
from foretell.training.settings import TrainingSettings

NAN = float("nan")
HORIZON = 4


def pasts() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    wave = 20 + 5 * np.sin(2 * np.pi * np.arange(60) / 7) + random.normal(size=60)
    gaps = np.where((np.arange(60) > 20) & (np.arange(60) < 31), NAN, 3 * wave)
    # Counts begin with 0, so that at first nothing is known of their size.
    return [wave, gaps, np.append(0.0, random.poisson(1, 59)), 1e6 + wave[:17], -wave[:5], wave[:1], np.full(30, 2.5)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A saved forecaster, and its quantiles for `pasts()`."""
    frames = []
    for k, past in enumerate(pasts()):
        days = np.datetime64("2024-02-01") - np.arange(len(past), 0, -1) * np.timedelta64(1, "D")
        columns = {"unique_id": [f"s{k}"] * len(past), "ds": days.astype("datetime64[us]"), "y": past}
        frames.append(pl.DataFrame(columns).with_columns(pl.col("y").fill_nan(None)))
    forecaster = Forecaster("pretrained", HORIZON, season=7).fit(pl.concat(frames))
    forecaster.predict()
    folder = tmp_path_factory.mktemp("export") / "model"
    forecaster.save(folder)
    assert forecaster.prediction is not None
    return folder, forecaster.prediction.quantiles


def assert_its_numbers(found: Any, expected: Any) -> None:
    size = np.abs(expected).max((1, 2), keepdims=True)
    np.testing.assert_allclose(found / size, expected / size, atol=1e-5)


def values(steps: int) -> np.ndarray:
    found = np.full((len(pasts()), steps), NAN)
    for row, past in zip(found, pasts(), strict=True):
        row[steps - len(past) :] = past
    return found


@pytest.mark.skipif("FORETELL_SLOW_TESTS" not in os.environ, reason="half a minute: make test-export runs it")
@pytest.mark.filterwarnings("ignore")
def test_onnx_takes_raw_values_of_any_number_and_length(model: Any, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    folder, expected = model
    path = tmp_path / "model.onnx"
    export(folder, path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(path, options)
    for steps, rows in ((60, slice(None)), (80, slice(1, 3))):
        (found,) = session.run(["quantiles"], {"values": values(steps)[rows]})
        assert_its_numbers(found, expected[rows])
    said = json.loads(session.get_modelmeta().custom_metadata_map["foretell"])
    assert (said["horizon"], said["frequency"], said["season"]) == (HORIZON, "D", [7])
    assert [(column["name"], column["type"], column["axes"]) for column in said["inputs"]] == [
        ("values", "float64", ["series", "steps"])
    ]


@pytest.mark.skipif("FORETELL_SLOW_TESTS" not in os.environ, reason="half a minute: make test-export runs it")
@pytest.mark.filterwarnings("ignore")
def test_torch_s_program(model: Any, tmp_path: Path) -> None:
    folder, expected = model
    program = export(folder, tmp_path / "model.pt2", "torch")
    assert program.document()["columns"][2] == "pretrained"
    said = {"foretell": ""}
    loaded = torch.export.load(io.BytesIO((tmp_path / "model.pt2").read_bytes()), extra_files=said)
    assert json.loads(said["foretell"])["horizon"] == HORIZON
    assert "foretell." not in str(loaded.graph)
    found = loaded.module()(torch.from_numpy(values(60)[2:4])).numpy()
    assert_its_numbers(found, expected[2:4])


@pytest.mark.skipif("FORETELL_SLOW_TESTS" not in os.environ, reason="half a minute: make test-export runs it")
@pytest.mark.filterwarnings("ignore")
def test_programs_of_a_model_with_columns(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    days = np.datetime64("2024-01-01") + np.arange(200 + HORIZON) * np.timedelta64(1, "D")
    offers = (np.random.default_rng(0).random(200 + HORIZON) < 0.2).astype(float)
    rows = np.arange(len(days))
    sold = np.where(rows < 200, 50 + 30 * offers + rows % 7, np.nan)
    given = pl.DataFrame({"ds": days.astype("datetime64[us]"), "y": sold, "offer": offers}).fill_nan(None)
    settings = ForecastSettings(hidden=8, training=TrainingSettings(steps=2))
    forecaster = Forecaster("auto", HORIZON, known=["offer"], settings=settings).fit(given)
    forecaster.save(tmp_path / "model")
    forecaster.predict(given)
    assert forecaster.fitted_model.members.known is not None
    assert forecaster.prediction is not None
    expected = forecaster.prediction.quantiles
    ticks = days.astype("datetime64[us]").astype(np.int64)[None]
    columns = {
        "times": ticks[:, :200],
        "future_times": ticks[:, 200:],
        "known_offer": offers[None, :200],
        "future_offer": offers[None, 200:],
        "first_step": np.array([ticks[0, 200] // 86_400_000_000]),
    }
    program = export(tmp_path / "model", tmp_path / "model.onnx")
    columns = {column.name: columns[column.name] for column in program.columns[1:]}
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    (found,) = session.run(["quantiles"], {"values": sold[None, :200], **columns})
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    export(tmp_path / "model", tmp_path / "model.pt2", "torch")
    module = torch.export.load(tmp_path / "model.pt2").module()
    again = module(
        torch.from_numpy(sold[None, :200]), columns={name: torch.from_numpy(each) for name, each in columns.items()}
    )
    np.testing.assert_allclose(again.numpy(), expected, rtol=1e-4)


def test_what_has_no_program_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        export(tmp_path / "none", tmp_path / "m.onnx")
    MusicModel(MusicSettings(backbone="lstm", hidden=6)).initialise(None).save(tmp_path / "tune")
    with pytest.raises(ExportError, match="kind music, of which no program can be written: only of forecast"):
        export(tmp_path / "tune", tmp_path / "m.onnx")
    assert [file.name for file in tmp_path.iterdir()] == ["tune"]


def test_a_missing_package_is_named(model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingExtraError, match=r"the package onnx\w*, .* is missing: pip install 'foretell\[onnx\]'"):
        export(model[0], tmp_path / "m.onnx")
