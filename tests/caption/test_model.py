from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foretell import ImageError, ModelError, SettingsError
from foretell.caption import Captioned, Captioner, CaptionSettings
from foretell.model.folder import write_folder

Squares = Callable[..., Captioned]
Tiny = Callable[..., CaptionSettings]


@pytest.mark.parametrize("attention", [True, False])
def test_it_learns_a_toy_task(attention: bool, squares: Squares, tiny: Tiny, tmp_path: Path) -> None:
    settings = tiny(150, attention=attention, hidden=32, channels=8, batch_size=16, shift=0, forgotten=0.0)
    settings = replace(settings, training=replace(settings.training, evaluate_every=50))
    captioner = Captioner(settings)
    assert captioner.train(squares(8), squares(2, seed=1), device="cpu") is captioner
    assert captioner.validation is not None
    assert captioner.history is not None
    assert captioner.validation.exact == 1.0
    assert captioner.validation.images == 12
    assert captioner.validation.loss == pytest.approx(captioner.history.best, rel=1e-4)
    others = squares(3, seed=2)
    written = captioner.predict(others.images)
    assert written == [text for (text,) in others.captions]
    assert captioner.predict(others.images, beam=3) == written
    assert [captioner.predict(others.images[k : k + 1])[0] for k in range(6)] == written[:6]
    assert captioner.predict(np.empty((0, 16, 16, 3), np.uint8)) == []

    captioner.save(tmp_path / "model")
    again = Captioner.load(tmp_path / "model")
    assert again.settings == settings
    assert again.validation == captioner.validation
    assert again.history is not None
    assert again.history.to_json() == captioner.history.to_json()
    assert again.evaluate(others) == captioner.evaluate(others)
    assert again.predict(others.images) == written
    assert again.facts() == captioner.facts()


def test_files_are_described_as_their_pixels_are(squares: Squares, tiny: Tiny, folder: Path, tmp_path: Path) -> None:
    captioner = Captioner(tiny(longest=6)).train(squares(), device="cpu")
    pictures = squares(2)
    files = [folder / name for name in pictures.names]
    told: list[float] = []
    assert captioner.predict(files, on_progress=told.append) == captioner.predict(pictures.images)
    assert told[-1] == 1.0
    with pytest.raises(ImageError, match="there is no file"):
        captioner.predict([tmp_path / "nothing.png"])


def test_the_same_seed_gives_the_same_model(squares: Squares, tiny: Tiny) -> None:
    one, two = (Captioner(tiny(dropout=0.2)).train(squares(), device="cpu") for _ in range(2))
    assert all((a == b).all() for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True))
    assert one.validation is None


def test_a_stopped_training_goes_on(squares: Squares, tiny: Tiny, tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        if progress.step == 12:
            raise KeyboardInterrupt

    stopped = Captioner(tiny())
    with pytest.raises(KeyboardInterrupt):
        stopped.train(squares(), squares(1, 1), device="cpu", checkpoint=tmp_path / "c", on_progress=stop)
    with pytest.raises(ModelError, match="not been trained yet"):
        stopped.predict(squares().images)
    steps: list[int] = []
    captioner = Captioner(tiny())
    captioner.train(
        squares(), squares(1, 1), device="cpu", checkpoint=tmp_path / "c",
        on_progress=lambda progress: steps.append(progress.step),
    )  # fmt: skip
    assert steps[0] == 13
    whole = Captioner(tiny()).train(squares(), squares(1, 1), device="cpu")
    assert captioner.evaluate(squares()) == whole.evaluate(squares())
    with pytest.raises(ModelError):
        Captioner(tiny()).train(squares(5), device="cpu", checkpoint=tmp_path / "c")


def test_nothing_to_work_on(squares: Squares, tiny: Tiny) -> None:
    captioner = Captioner(tiny())
    for asked in (lambda: captioner.parameters, captioner.facts, lambda: captioner.save("x")):
        with pytest.raises(ModelError, match="not been trained yet"):
            asked()
    with pytest.raises(ImageError, match="no picture to train on"):
        captioner.train(squares()[[]])
    with pytest.raises(ImageError, match="16 x 16"):
        captioner.train(_larger(squares()))
    captioner.train(squares(), device="cpu")
    with pytest.raises(ImageError, match="no picture to evaluate on"):
        captioner.evaluate(squares()[[]])
    for wrong in (np.zeros((2, 24, 24, 3), np.uint8), np.zeros((2, 16, 16, 3)), np.zeros((16, 16, 3), np.uint8)):
        with pytest.raises(ImageError, match="16 x 16"):
            captioner.predict(wrong)  # type: ignore[arg-type]
    for beam in (0, -1, 10**9):
        with pytest.raises(SettingsError, match="beam"):
            captioner.predict(squares().images, beam=beam)


def test_folders_that_will_not_do(squares: Squares, tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        Captioner.load(tmp_path / "nothing")
    write_folder(tmp_path / "sound", "audio", {}, {})
    with pytest.raises(ModelError, match="foretell audio generate"):
        Captioner.load(tmp_path / "sound")
    captioner = Captioner(tiny(5)).train(squares(), device="cpu")
    captioner.save(tmp_path / "model")
    weights = {name: tensor.clone() for name, tensor in captioner.network.state_dict().items()}
    description = json.loads((tmp_path / "model" / "model.json").read_text())["model"]
    wrong: tuple[tuple[str, Any], ...] = (
        ("hidden", 13), ("hidden", "wide"), ("hidden", 10**9), ("channels", 2.5), ("size", 0), ("attention", True),
        ("training", None), ("unseen", 1),
    )  # fmt: skip
    for name, value in wrong:
        settings = {**description["settings"], name: value}
        write_folder(tmp_path / "stranger", "caption", {**_rest(description), "settings": settings}, weights)
        with pytest.raises(ModelError):
            Captioner.load(tmp_path / "stranger")
    for vocabulary in ("", "{}", 5, None):
        learned = {"vocabulary": vocabulary, "cut": 0}
        write_folder(
            tmp_path / "stranger",
            "caption",
            {**_rest(description), "learned": learned},
            weights,
        )
        with pytest.raises(ModelError):
            Captioner.load(tmp_path / "stranger")
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="damaged"):
        Captioner.load(tmp_path / "model")


def _rest(description: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in description.items() if name not in ("kind", "weights_sha256")}


def _larger(pictures: Captioned) -> Captioned:
    return Captioned(pictures.names, pictures.images.repeat(2, 1), pictures.captions)
