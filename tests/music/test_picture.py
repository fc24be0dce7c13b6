from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from foretell import MissingExtraError, SettingsError
from foretell.music.chorales import Chorale
from foretell.music.picture import piano_roll


def test_a_picture_of_each_piece(chorales: tuple[Chorale, ...]) -> None:
    one, two = (imread(io.BytesIO(piano_roll(list(chorales[:n])))) for n in (1, 2))
    assert two.shape[1] == one.shape[1]
    assert two.shape[0] == 2 * one.shape[0]
    blue = (np.abs(one[..., :3] - np.array([0x1C, 0x6E, 0xA4]) / 255) < 0.02).all(-1)
    assert blue.sum() > 100


def test_the_same_bytes(chorales: tuple[Chorale, ...]) -> None:
    assert piano_roll(chorales[0]) == piano_roll(chorales[0])


def test_silence_is_drawn_too() -> None:
    assert piano_roll(Chorale("$ilence", np.zeros((8, 4), dtype=np.int64)))[1:4] == b"PNG"


def test_refusals(chorales: tuple[Chorale, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="1 to 16 pieces, not 0"):
        piano_roll([])
    busy = Chorale("busy", np.arange(8000).reshape(-1, 4) % 40 + 40)
    with pytest.raises(SettingsError, match="busy has 8,000 tones"):
        piano_roll(busy)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[report\]"):
        piano_roll(chorales[0])
