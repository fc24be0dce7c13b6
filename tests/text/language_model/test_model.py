from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foretell.errors import ModelError, SettingsError, TextError
from foretell.model.folder import write_folder
from foretell.nn import Sampling
from foretell.text import LanguageModel, LanguageSettings
from foretell.text.language_model.settings import CELLS


@pytest.mark.parametrize("cell", CELLS)
def test_train_save_load(cell: str, rhyme: str, tiny: Callable[..., LanguageSettings], tmp_path: Path) -> None:
    model = LanguageModel(tiny(cell=cell, steps=30))
    assert model.train(rhyme, rhyme[:200], device="cpu") is model
    assert model.history is not None
    assert model.history.steps == 30
    assert model.characters_read == 30 * 4 * 16
    assert model.validation == model.evaluate(rhyme[:200])
    assert model.validation.bits == pytest.approx(model.history.best)
    assert model.validation.bits < 4

    model.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model")
    assert again.settings == model.settings
    assert again.characters.symbols == "".join(sorted(set(rhyme)))
    assert (again.validation, again.characters_read) == (model.validation, model.characters_read)
    assert again.history.to_json() == model.history.to_json()
    assert again.evaluate(rhyme) == model.evaluate(rhyme)
    assert again.generate(50, seed=1) == model.generate(50, seed=1)
    assert again.facts() == model.facts()


def test_it_learns_a_rhyme_by_heart(rhyme: str, tiny: Callable[..., LanguageSettings]) -> None:
    model = LanguageModel(tiny(steps=300, hidden=64)).train(rhyme, device="cpu")
    assert model.validation is None
    assert model.evaluate(rhyme).bits < 0.1
    line = "three four, shut the door.\n"
    assert model.generate(2 * len(line), "one two, buckle my shoe;\n", sampling=Sampling(top_k=1)).startswith(line)


def test_the_same_seed_gives_the_same_model(rhyme: str, tiny: Callable[..., LanguageSettings]) -> None:
    settings = tiny(dropout=0.2, recurrent_dropout=0.2)
    one, two = (LanguageModel(settings).train(rhyme, device="cpu") for _ in range(2))
    assert one.evaluate(rhyme) == two.evaluate(rhyme)
    assert one.train(rhyme, device="cpu").evaluate(rhyme) == two.evaluate(rhyme)


def test_a_stopped_training_goes_on(rhyme: str, tiny: Callable[..., LanguageSettings], tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        if progress.step == 12:
            raise KeyboardInterrupt

    texts = (rhyme, rhyme[:150])
    with pytest.raises(KeyboardInterrupt):
        LanguageModel(tiny()).train(*texts, device="cpu", checkpoint=tmp_path / "c", on_progress=stop)
    with pytest.raises(ModelError, match="other data"):
        LanguageModel(tiny()).train(rhyme[:-1] + "o", device="cpu", checkpoint=tmp_path / "c")
    steps: list[int] = []
    model = LanguageModel(tiny())
    model.train(
        *texts, device="cpu", checkpoint=tmp_path / "c", on_progress=lambda progress: steps.append(progress.step)
    )
    assert steps[0] == 13
    whole = LanguageModel(tiny()).train(*texts, device="cpu")
    assert model.evaluate(rhyme) == whole.evaluate(rhyme)


def test_short_texts(tiny: Callable[..., LanguageSettings]) -> None:
    model = LanguageModel(tiny(steps=150)).train("ab", device="cpu")
    assert model.characters_read == 150 * 3
    assert model.evaluate("ab").bits < 0.5
    assert model.evaluate("axb").unknown == 1
    assert np.isfinite(model.evaluate("xyz").bits)


def test_texts_that_will_not_do(tiny: Callable[..., LanguageSettings]) -> None:
    model = LanguageModel(tiny())
    with pytest.raises(TextError, match="no text to train on"):
        model.train("")
    with pytest.raises(TextError, match=r"no character but '\\n', 1,000 of it"):
        model.train(1000 * "\n")
    for ask in (lambda: model.evaluate("a"), lambda: model.write(), lambda: model.save("x"), lambda: model.facts()):
        with pytest.raises(ModelError, match="call train"):
            ask()
    model = LanguageModel(tiny(steps=1)).train("ab", device="cpu")
    with pytest.raises(TextError, match="no text to evaluate on"):
        model.evaluate("")
    for length in (0, -3):
        with pytest.raises(SettingsError, match=f"length is {length}"):
            model.generate(length)
    with pytest.raises(SettingsError, match="seed is -1"):
        model.write(seed=-1)
    with pytest.raises(TextError, match="never read"):
        model.write("abc")


def test_folders_that_will_not_do(tiny: Callable[..., LanguageSettings], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        LanguageModel.load(tmp_path / "nothing")
    write_folder(tmp_path / "sound", "audio", {}, {})
    with pytest.raises(ModelError, match="foretell audio generate"):
        LanguageModel.load(tmp_path / "sound")
    model = LanguageModel(tiny(steps=1)).train("abc", device="cpu")
    model.save(tmp_path / "model")
    weights = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    description = json.loads((tmp_path / "model" / "model.json").read_text())["model"]
    wrong: tuple[tuple[str, Any], ...] = (
        ("hidden", 13), ("hidden", "wide"), ("hidden", 10**9), ("layers", 10**7), ("cell", "gru"), ("cell", "organ"),
        ("training", None), ("unheard", 1),
    )  # fmt: skip
    for name, value in wrong:
        stranger = {**description, "settings": {**description["settings"], name: value}}
        write_folder(tmp_path / "stranger", "text", without_checks(stranger), weights)
        with pytest.raises(ModelError):
            LanguageModel.load(tmp_path / "stranger")
    for symbols in ("", "cba", "abcd", 5, None):
        stranger = {**description, "learned": {"characters": symbols}}
        write_folder(tmp_path / "stranger", "text", without_checks(stranger), weights)
        with pytest.raises(ModelError):
            LanguageModel.load(tmp_path / "stranger")
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="damaged"):
        LanguageModel.load(tmp_path / "model")


def without_checks(description: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in description.items() if key not in ("kind", "weights_sha256")}
