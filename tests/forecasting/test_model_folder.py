"""What is saved comes back, and whatever else a folder holds gets a clear error."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from foretell.errors import ModelError, SettingsError
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.model_folder import load_model, save_model
from foretell.forecasting.settings import ForecastSettings
from foretell.model import folder as model_folder
from foretell.training.settings import TrainingSettings

TINY = ForecastSettings(
    hidden=4, layers=1, batch_size=4, input_steps=8, windows=1, training=TrainingSettings(steps=4, evaluate_every=2)
)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model() -> FittedModel:
    at = np.arange(40)
    table = pl.DataFrame(
        {
            "unique_id": ["ä"] * 40 + ["b"] * 40,
            "ds": np.tile(np.datetime64("2020-01-01", "us") + at * np.timedelta64(1, "D"), 2),
            "y": np.append(np.sin(at), 9 + np.cos(at)),
            "kind": ["x"] * 40 + ["y"] * 40,
            "price": np.tile(at % 3, 2).astype(float),
        }
    )
    return Forecaster("lstm", 3, settings=TINY, known=["price"], static=["kind"], device="cpu").fit(table).fitted_model


@pytest.fixture
def folder(model: FittedModel, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "model")
    return tmp_path / "model"


def load(folder: Path) -> FittedModel:
    return load_model(folder, CPU)


def plain(value: Any) -> Any:
    """All of a model in a form that can be compared."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    if hasattr(value, "__dataclass_fields__"):
        return {
            key: plain(getattr(value, key)) for key in value.__dataclass_fields__ if key not in ("_built", "device")
        }
    return value.tolist() if isinstance(value, np.ndarray) else value


def rewrite(folder: Path, change: Any) -> None:
    """Change the description as a program would that writes checksums."""
    head = json.loads((folder / "model.json").read_text())
    change(head)
    head["sha256"] = model_folder._digest(head["model"])
    (folder / "model.json").write_text(json.dumps(head))


def test_all_of_it_comes_back(model: FittedModel, folder: Path) -> None:
    assert sorted(entry.name for entry in folder.iterdir()) == ["model.json", "weights.safetensors"]
    assert plain(load(folder)) == plain(model)
    description = json.loads((folder / "model.json").read_text())
    assert (description["format"], description["model"]["networks"][0]["architecture"]["backbone"]) == (2, "lstm")


def test_a_model_is_replaced(model: FittedModel, folder: Path) -> None:
    (folder / "model.json").write_text("cut sho")
    save_model(model, folder)
    assert plain(load(folder)) == plain(model)
    assert [entry.name for entry in folder.parent.iterdir()] == ["model"]


def test_an_empty_folder_is_filled(model: FittedModel, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    save_model(model, tmp_path / "empty")
    assert plain(load(tmp_path / "empty")) == plain(model)


def test_what_is_no_model_is_not_replaced(model: FittedModel, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_bytes(b"x")
    (tmp_path / "file").write_bytes(b"x")
    (folder / "notes.txt").write_text("mine")
    for place, message in (
        (tmp_path / "photos", "something other than a model"),
        (tmp_path / "file", "is a file"),
        (folder, "'notes.txt' beside a model"),
        (tmp_path / "none" / "model", "there is no folder"),
    ):
        with pytest.raises(SettingsError, match=message):
            save_model(model, place)
    assert (tmp_path / "photos" / "me.jpg").read_bytes() == b"x"
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("failing", [1, 2])
def test_a_save_that_fails_leaves_the_old_model(
    model: FittedModel, folder: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    old, rename, calls = (folder / "model.json").read_bytes(), os.rename, []

    def fails(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr("os.rename", fails)
    with pytest.raises(SettingsError, match="No space left on device"):
        save_model(model, folder)
    assert (folder / "model.json").read_bytes() == old
    assert [entry.name for entry in folder.parent.iterdir()] == ["model"]


def test_a_save_that_was_killed_between_old_and_new_loads_the_old(model: FittedModel, folder: Path) -> None:
    folder.rename(folder.parent / ".model.previous")
    assert plain(load(folder)) == plain(model)
    save_model(model, folder)
    assert [entry.name for entry in folder.parent.iterdir()] == ["model"]


def test_not_there_and_not_a_model(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place, message in (
        (tmp_path / "nowhere", "does not exist"),
        (folder / "model.json", "is a file"),
        (tmp_path / "empty", "holds no model.json"),
    ):
        with pytest.raises(ModelError, match=message):
            load(place)
    for text in ("[]", "{}", '{"format": true, "foretell": "1"}', "3"):
        (tmp_path / "empty" / "model.json").write_text(text)
        with pytest.raises(ModelError, match="is not a model"):
            load(tmp_path / "empty")


def test_a_newer_format_says_what_reads_it(folder: Path) -> None:
    rewrite(folder, lambda head: head.update(format=3, foretell="7.1"))
    with pytest.raises(ModelError, match=r"is of format 3, .* takes foretell 7\.1 or newer"):
        load(folder)


def test_damaged_weights(folder: Path) -> None:
    weights = folder / "weights.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-1])
    with pytest.raises(ModelError, match=r"weights\.safetensors is damaged, cut short"):
        load(folder)
    weights.unlink()
    with pytest.raises(ModelError, match=r"weights\.safetensors cannot be read: No such file"):
        load(folder)


def test_weights_that_are_none_under_a_true_checksum(folder: Path) -> None:
    write_weights(folder, b"no tensors")
    with pytest.raises(ModelError, match="cannot be read"):
        load(folder)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_file_without_an_end_is_not_read(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    with pytest.raises(ModelError, match=f"{name} cannot be read: it is not an ordinary file"):
        load(folder)


def write_weights(folder: Path, data: bytes) -> None:
    (folder / "weights.safetensors").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    rewrite(folder, lambda head: head["model"].update(weights_sha256=digest))


def test_tensors_missing_renamed_and_misshapen(folder: Path) -> None:
    tensors = safetensors.torch.load((folder / "weights.safetensors").read_bytes())
    name = "lstm.final.output.bias"
    missing = {key: tensor for key, tensor in tensors.items() if key != name}
    for changed, message in (
        (missing, f"{name} is missing from"),
        ({**tensors, "lstm.final.extra": torch.zeros(1)}, "lstm.final.extra has no place in"),
        ({**missing, "lstm.final.outputs.bias": tensors[name]}, f"{name} is missing from"),
        ({**tensors, name: torch.zeros(1)}, rf"{name} in .* of \(1,\)"),
        ({**tensors, name: tensors[name].double()}, rf"{name} in .* is torch.float64"),
    ):
        write_weights(folder, safetensors.torch.save(changed))
        with pytest.raises(ModelError, match=message):
            load(folder)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "networks",
            "networks.0",
            "networks.0.architecture",
            "networks.0.covariates",
            "networks.0.history",
            "settings",
            "factors",
            "name",
        ),
        *("validated_until", "levels", "seasons", "experience", "blend", "blend.shares", "holdout", "frequency"),
        *("columns", "notes"),
    ],
)
def test_descriptions_that_make_no_sense(folder: Path, path: str) -> None:
    content = (folder / "model.json").read_text()
    for value in (None, 3, "text", [None], {"a": None}):
        (folder / "model.json").write_text(content)
        rewrite(folder, body(path, value))
        with pytest.raises(ModelError, match=r"does not describe a model|has no place in"):
            load(folder)
    (folder / "model.json").write_text(content)
    rewrite(folder, body(path, DROP))
    with pytest.raises(ModelError, match=r"does not describe a model|has no place in"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body["blend"].update(shares={"lstm": 0.5}), "shares must be 0 or above, and 1 in sum"),
        (lambda body: body["blend"].update(shares={"lstm": 1.5, "gru": -0.5}), "shares of"),
        (lambda body: body["blend"].update(shares={"pretrained": 1.0}), "shares of"),
        (lambda body: body["blend"].update(shares={}), "shares of"),
        (lambda body: body.update(factors=[[1.0] * 15] * 2), "30 factors"),
        (lambda body: body.update(factors=[[-1.0] * 15] * 3), "factors must be finite"),
        (lambda body: body.update(levels=[95, 80]), "no forecaster is called 'lstm', with levels"),
        (lambda body: body.update(name="transformer"), "no forecaster is called 'transformer'"),
        (lambda body: body.update(horizon=0), "horizon 0 with seasons"),
        (lambda body: body.update(horizon=1_000_001), "horizon 1000001 with seasons"),
        (lambda body: body["networks"].append(body["networks"][0]), "two networks are called lstm"),
        (lambda body: body["seasons"].update(seasons=[]), "other seasons"),
        (lambda body: body["holdout"]["training"].pop(), "must follow one another"),
        (lambda body: body["experience"]["quantiles"].pop(), "14 values for 15 quantiles"),
    ],
)
def test_parts_that_do_not_belong_together(folder: Path, change: Callable[[Any], Any], said: str) -> None:
    rewrite(folder, lambda head: change(head["model"]))
    with pytest.raises(ModelError, match=f"does not describe a model .*{said}"):
        load(folder)


@pytest.mark.parametrize("name", ["auto", "pretrained"])
def test_the_pretrained_network_goes_with_the_model(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever weights a later foretell brings: those of the fit forecast."""
    at = np.arange(400)
    values = np.sin(at) + np.random.default_rng(0).normal(0, 0.3, 400)
    fitted = Forecaster(name, 3, settings=TINY, device="cpu").fit(pl.DataFrame({"ds": at, "y": values}))
    expected = fitted.predict()
    fitted.save(tmp_path / "model")
    monkeypatch.setattr("foretell.forecasting.pretrained.shipped.WEIGHTS", tmp_path / "nothing")
    loaded = load(tmp_path / "model")
    assert (loaded.network is None) == (name == "pretrained")
    assert loaded.members.pretrained is not None
    assert loaded.blend == fitted.fitted_model.blend
    again = Forecaster.load(tmp_path / "model", "cpu").predict(pl.DataFrame({"ds": at, "y": values}))
    assert_frame_equal(again, expected, check_exact=True)
    # Thousands of layers would take seconds to build, even without memory for them.
    for sizes, refusal in (({"layers": 4096}, "fewer tensors"), ({"hidden": 10**9}, "no pretrained network is of the")):
        rewrite(tmp_path / "model", lambda head, sizes=sizes: head["model"]["pretrained"].update(sizes))
        with pytest.raises(ModelError, match=refusal):
            load(tmp_path / "model")


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from(["model.json", "weights.safetensors"]))
def test_flipped_and_cut_bytes_never_give_another_model(
    model: FittedModel, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "model"
    save_model(model, folder)
    content = bytearray((folder / name).read_bytes())
    if data.draw(st.booleans(), label="cut"):
        del content[data.draw(st.integers(0, len(content) - 1), label="length") :]
    else:
        for _ in range(data.draw(st.integers(1, 3), label="flips")):
            content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (folder / name).write_bytes(content)
    try:
        loaded = load(folder)
    except ModelError:
        pass
    else:
        assert plain(loaded) == plain(model)
    finally:
        shutil.rmtree(folder.parent)


@pytest.mark.parametrize(
    ("key", "value"), [("hidden", 10**7), ("hidden", 10**12), ("layers", 10**9), ("members", 10**9)]
)
def test_a_network_beyond_all_memory_is_refused_before_it_is_built(folder: Path, key: str, value: int) -> None:
    rewrite(folder, lambda head: head["model"]["networks"][0]["architecture"].update({key: value}))
    with pytest.raises(ModelError):
        load(folder)


def body(path: str, value: Any) -> Any:
    """A change of the description: the value at a path of names and numbers, separated by dots; DROP takes it away."""

    def change(head: dict[str, Any]) -> None:
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
        place: Any = head["model"]
        for part in parents:
            place = place[part]
        if value is DROP:
            del place[last]
        else:
            place[last] = value

    return change


DROP = object()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("networks.0.architecture.hidden", 4.0),
        ("networks.0.architecture.hidden", True),
        ("networks.0.architecture.hidden", -1),
        ("networks.0.architecture.layers", 10**30),
        ("networks.0.architecture.backbone", "transformer"),
        ("networks.0.architecture.dropout", float("nan")),
        ("levels", [95, 80]),
        ("levels", "80"),
        ("networks.0.architecture.categories.0", 7),
        ("networks.0.architecture.more", 1),
        ("networks.0.architecture.reading", None),
        ("networks.0.architecture.reading.window", 0),
        ("networks.0.architecture.reading.window", 2_000_000),
        ("networks.0.architecture.reading.season", 0),
        ("networks.0.architecture.reading.season", 1_000_000_007),
        ("networks.0.architecture.reading.season", 5),
        ("networks.0.architecture.reading.second", 5),
        ("networks.0.architecture.stride", 0),
        ("networks.0.architecture.stride", 2),
        ("networks.0.architecture.head", 9),
        ("networks.0.architecture.phase", 0),
        ("networks.0.architecture.calendar", 0),
        ("networks.0.architecture.known", 2),
        ("networks.0.tuned", None),
        ("networks", []),
        ("networks.0.covariates.known.price", {"mean": float("nan"), "spread": 1.0}),
        ("networks.0.covariates.known.price", {"mean": 0.0, "spread": float("inf")}),
        ("networks.0.covariates.known.price", {"mean": 0.0, "spread": -1.0}),
        ("networks.0.covariates.known.price", {"mean": "0", "spread": 1.0}),
        ("networks.0.covariates.known.price", {"names": ["a", "b"]}),
        ("networks.0.covariates.known", []),
        ("networks.0.covariates.static.kind.names", ["x", "x"]),
        ("networks.0.covariates.static.kind.names", ["x"]),
        ("networks.0.covariates.static.kind.names", [1, 2]),
        ("experience.relative_spread", float("nan")),
        ("experience.relative_spread", -1.0),
        ("experience.quantiles", [1.0]),
        ("experience.quantiles.0", float("inf")),
        ("factors.0.0", float("nan")),
        ("factors.0.0", -1.0),
        ("factors.0.0", None),
        ("factors", [[1.0] * 5]),
        ("calibrated_on", "many"),
        ("networks.0.history.losses", ["x"]),
        ("networks.0.history.losses", [1.0]),
        ("networks.0.history.evaluations", [[1]]),
        ("networks.0.history.reason", "because"),
        ("networks.0.finish", 3),
        ("holdout.training", [1.5, 2]),
        ("holdout.training", [10**30, 2]),
        ("holdout.training", [1]),
        ("holdout.validation.0", -5),
        ("holdout.more", [1, 2]),
        ("validated_until", {"a": 1.5}),
        ("validated_until", [1]),
        ("frequency", "0D"),
        ("frequency", "99999999999999999999D"),
        ("frequency", ["D"]),
        ("frequency", "h"),
        ("columns.id", 7),
        ("columns.layout", "tall"),
        ("columns.known", ["price", None]),
        ("settings.hidden", 1.5),
        ("settings.seasons", [1_000_000_007]),
        ("settings.training", []),
        ("settings.training.seed", "x"),
        ("settings", DROP),
        ("factors", DROP),
    ],
)
def test_a_stranger_s_description_is_refused_when_it_is_read(folder: Path, path: str, value: Any) -> None:
    rewrite(folder, body(path, value))
    with pytest.raises(ModelError, match=r"model\.json|weights\.safetensors|newer"):
        load(folder)


def test_finite_weights_that_lead_nowhere_are_said(model: FittedModel, folder: Path) -> None:
    tensors = safetensors.torch.load((folder / "weights.safetensors").read_bytes())
    for name in tensors:
        if name.startswith("lstm.final.output"):
            tensors[name].fill_(3e38)
    data = safetensors.torch.save(tensors)
    (folder / "weights.safetensors").write_bytes(data)
    rewrite(folder, lambda head: head["model"].update(weights_sha256=hashlib.sha256(data).hexdigest()))
    forecaster = Forecaster.load(folder, device="cpu")
    at = np.arange(43)
    times = np.datetime64("2020-01-01", "us") + at * np.timedelta64(1, "D")
    table = pl.DataFrame(
        {"unique_id": "a", "ds": times, "y": [*np.sin(at[:40]), *[None] * 3], "kind": "x", "price": 1.0}
    )
    with pytest.raises(ModelError, match="forecasts are not finite numbers"):
        forecaster.predict(table)
    whole = Forecaster.load(model_saved(model, folder.parent), device="cpu")
    assert whole.predict(table)["lstm"].is_finite().all()


def model_saved(model: FittedModel, parent: Path) -> Path:
    save_model(model, parent / "whole")
    return parent / "whole"
