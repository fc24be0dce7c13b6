from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell import ModelError, MusicError
from foretell.model.folder import write_folder
from foretell.music import MusicModel, MusicSettings
from foretell.music.chorales import Chorale
from foretell.music.settings import BACKBONES


@pytest.mark.parametrize("backbone", BACKBONES)
def test_train_save_load(
    backbone: str, chorales: tuple[Chorale, ...], tiny: Callable[..., MusicSettings], tmp_path: Path
) -> None:
    model = MusicModel(tiny(backbone, steps=30))
    before = model.initialise(None).evaluate(chorales)
    assert model.train(chorales[:4], chorales[4:], device="cpu") is model
    assert model.history is not None
    assert model.history.steps == 30
    assert model.validation == model.evaluate(chorales[4:])
    assert model.validation.loss == pytest.approx(model.history.best)
    assert model.evaluate(chorales).loss < before.loss - 0.3

    model.save(tmp_path / "model")
    again = MusicModel.load(tmp_path / "model")
    assert again.settings == model.settings
    assert again.validation == model.validation
    assert again.history.to_json() == model.history.to_json()
    assert again.evaluate(chorales) == model.evaluate(chorales)
    assert (again.generate(6, seed=1) == model.generate(6, seed=1)).all()
    assert again.facts() == model.facts()


def test_it_learns_a_cadence(chorales: tuple[Chorale, ...], tiny: Callable[..., MusicSettings]) -> None:
    model = MusicModel(tiny(steps=150, hidden=32)).train(chorales, device="cpu")
    assert model.validation is None
    assert model.evaluate(chorales).accuracy > 0.9


def test_the_same_seed_gives_the_same_model(chorales: tuple[Chorale, ...], tiny: Callable[..., MusicSettings]) -> None:
    one, two = (MusicModel(tiny()).train(chorales, device="cpu") for _ in range(2))
    assert one.evaluate(chorales) == two.evaluate(chorales)


def test_a_stopped_training_goes_on(
    chorales: tuple[Chorale, ...], tiny: Callable[..., MusicSettings], tmp_path: Path
) -> None:
    def stop(progress: Any) -> None:
        if progress.step == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        MusicModel(tiny()).train(chorales[:4], chorales[4:], device="cpu", checkpoint=tmp_path / "c", on_progress=stop)
    steps: list[int] = []
    model = MusicModel(tiny())
    model.train(
        chorales[:4], chorales[4:], device="cpu", checkpoint=tmp_path / "c",
        on_progress=lambda progress: steps.append(progress.step),
    )  # fmt: skip
    assert steps[0] == 13
    whole = MusicModel(tiny()).train(chorales[:4], chorales[4:], device="cpu")
    assert model.evaluate(chorales) == whole.evaluate(chorales)


def test_nothing_to_work_on(tiny: Callable[..., MusicSettings]) -> None:
    with pytest.raises(MusicError, match="no chorale to train on"):
        MusicModel(tiny()).train(())
    with pytest.raises(ModelError, match="not been trained yet"):
        MusicModel(tiny()).generate(4)
    with pytest.raises(MusicError, match="no chorale to evaluate on"):
        MusicModel(tiny()).initialise(None).evaluate(())


def test_folders_that_will_not_do(tiny: Callable[..., MusicSettings], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        MusicModel.load(tmp_path / "nothing")
    write_folder(tmp_path / "sound", "audio", {}, {})
    with pytest.raises(ModelError, match="foretell audio generate"):
        MusicModel.load(tmp_path / "sound")
    model = MusicModel(tiny()).initialise(None)
    model.save(tmp_path / "model")
    weights = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    description = json.loads((tmp_path / "model" / "model.json").read_text())["model"]
    wrong: tuple[tuple[str, Any], ...] = (
        ("hidden", 13), ("hidden", "wide"), ("hidden", 10**9), ("hidden", 2.5), ("layers", 10**7), ("backbone", "lstm"),
        ("backbone", "organ"), ("training", None), ("unheard", 1),
    )  # fmt: skip
    for name, value in wrong:
        stranger = {key: part for key, part in description.items() if key not in ("kind", "weights_sha256")}
        stranger["settings"] = {**description["settings"], name: value}
        write_folder(tmp_path / "stranger", "music", stranger, weights)
        with pytest.raises(ModelError):
            MusicModel.load(tmp_path / "stranger")
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="damaged"):
        MusicModel.load(tmp_path / "model")
