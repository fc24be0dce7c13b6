from __future__ import annotations

import numpy as np

from foretell.caption.augmentation import moved, paler, recoloured


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


def test_recoloured() -> None:
    random = np.random.default_rng(0)
    image = np.array([[[240, 240, 240], [200, 40, 40], [40, 40, 200], [200, 40, 40], [0, 0, 0]]], np.uint8)
    found = [recoloured(image, random)[0].astype(int) for _ in range(200)]
    for white, red, blue, again, black in found:
        assert white.tolist() == [255] * 3
        assert black.tolist() == [0] * 3
        assert red.tolist() == again.tolist()
        assert np.abs(red - blue).max() > 10  # what differed still does
    # Any of the channels may be the strongest, and colours get lighter and darker.
    reds = np.array([colours[1] for colours in found])
    assert {*reds.argmax(1).tolist()} == {0, 1, 2}
    assert reds.max(1).min() < 170
    assert reds.max(1).max() > 220


def test_a_dark_picture_stays_dark() -> None:
    random = np.random.default_rng(0)
    grey = np.full((1, 1, 3), 128, np.uint8)
    found = np.array([recoloured(grey, random)[0, 0] for _ in range(200)])
    assert 185 > found.max() > 128 > found.min() > 10


def test_a_black_picture_stays_black() -> None:
    black = np.zeros((2, 2, 3), np.uint8)
    assert (recoloured(black, np.random.default_rng(0)) == black).all()
