"""Pictures changed a little in training, so that what is learned of one holds for others like it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.caption.images import BRIGHTNESS, Picture


def moved(image: Picture, most: int, random: np.random.Generator) -> Picture:
    """The picture moved by up to `most` pixels right or left and up or down; its edge fills what is left free."""
    places = np.arange(len(image))
    down, right = (np.clip(places + by, 0, len(image) - 1) for by in random.integers(-most, most + 1, 2))
    shifted: Picture = image[down[:, None], right]
    return shifted


def paler(images: Picture, left: float | NDArray[np.float64]) -> Picture:
    """The pictures `(..., 3)` with what is `left`, from 0 to 1, of their colours: without any they are grey.

    Their brightness stays.
    """
    brightness = (images @ np.array(BRIGHTNESS))[..., None]
    mixed: Picture = np.rint(left * images + (1 - left) * brightness).astype(np.uint8)
    return mixed
