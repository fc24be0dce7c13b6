"""A toy task: squares of one colour, in one of two halves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foretell.caption import Captioned, CaptionSettings
from foretell.training.settings import TrainingSettings

COLOURS = {"red": (200, 30, 30), "green": (30, 150, 30), "blue": (30, 30, 200)}
SIDE = 16


def _squares(each: int = 4, seed: int = 0) -> Captioned:
    """Pictures of 16 x 16: `each` of a red, green or blue square on the left or right."""
    random = np.random.default_rng(seed)
    images, captions = [], []
    for colour, shade in COLOURS.items():
        for half in ("left", "right"):
            for _ in range(each):
                image = np.full((SIDE, SIDE, 3), 255, np.uint8)
                down, across = random.integers(3, 7), random.integers(0, 2) + (0 if half == "left" else 8)
                image[down : down + 6, across : across + 6] = np.array(shade) + random.integers(-9, 10)
                images.append(image)
                captions.append((f"a {colour} square on the {half}",))
    return Captioned(tuple(f"{k:03}.png" for k in range(len(images))), np.stack(images), tuple(captions))


@pytest.fixture
def squares() -> Callable[..., Captioned]:
    """`squares(each=4, seed=0)` gives pictures."""
    return _squares


@pytest.fixture
def tiny() -> Callable[..., CaptionSettings]:
    """Settings for a training of a second."""

    def settings(steps: int = 20, **more: object) -> CaptionSettings:
        training = TrainingSettings(steps=steps, learning_rate=0.01, evaluate_every=10, checkpoint_every=5)
        small: dict[str, object] = {
            "size": SIDE, "channels": 4, "hidden": 16, "dropout": 0.0, "shift": 1, "batch_size": 8, "vocabulary": 300,
            "mistaken": 0.0, "smoothing": 0.0, "pale": 0.0,
        }  # fmt: skip
        return CaptionSettings(training=training, **{**small, **more})  # type: ignore[arg-type]

    return settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two of the squares of each sort as files, with captions.csv beside them."""
    place = tmp_path / "photos"
    place.mkdir()
    pictures = _squares(2)
    lines = ["image,caption"]
    for name, image, (caption,) in zip(pictures.names, pictures.images, pictures.captions, strict=True):
        Image.fromarray(image).save(place / name)
        lines.append(f"{name},{caption}")
    (place / "captions.csv").write_text("\n".join(lines) + "\n")
    return place
