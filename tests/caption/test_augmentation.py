from __future__ import annotations

import numpy as np

from foretell.caption.augmentation import moved, paler


def test_paler() -> None:
    image = np.array([[255, 255, 255], [255, 0, 0], [0, 0, 10]], np.uint8)
    assert (paler(image, 1.0) == image).all()
    assert paler(image, 0.0).tolist() == [[255] * 3, [76] * 3, [1] * 3]
    assert paler(image, 0.5).tolist() == [[255] * 3, [166, 38, 38], [1, 1, 6]]


def test_a_picture_is_moved_and_its_edge_fills_the_rest() -> None:
    image = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    random = np.random.default_rng(0)
    assert (moved(image, 0, random) == image).all()
    found = set()
    for _ in range(200):
        shifted = moved(image, 2, random)
        down, right = next(
            (d, r)
            for d in range(-2, 3)
            for r in range(-2, 3)
            if (shifted[2:-2, 2:-2] == image[2 + d : 14 + d, 2 + r : 14 + r]).all()
        )
        found.add((down, right))
        edge = image[np.clip(np.arange(16) + down, 0, 15)][:, np.clip(np.arange(16) + right, 0, 15)]
        assert (shifted == edge).all()
    assert len(found) == 25
