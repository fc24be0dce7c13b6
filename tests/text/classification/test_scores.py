from __future__ import annotations

import json
import math

import numpy as np
import pytest

from foretell.field_types import from_plain, to_plain
from foretell.text.classification.scores import Score


def test_numbers_of_a_lopsided_table() -> None:
    probabilities = np.array([[0.9, 0.1]] * 90 + [[0.6, 0.4]] * 8 + [[0.2, 0.8]] * 2, dtype=np.float32)
    labels = np.array([0] * 90 + [1] * 10)
    score = Score.of(probabilities, labels, ("a", "b"))
    assert score.confusion == ((90, 0), (8, 2))
    assert (score.texts, score.accuracy) == (100, 0.92)
    assert score.recalls == [1.0, 0.2]
    assert score.precisions == [90 / 98, 1.0]
    assert score.f1 == [pytest.approx(180 / 188), pytest.approx(4 / 12)]
    assert score.macro_f1 == pytest.approx((180 / 188 + 4 / 12) / 2)
    expected = -(90 * math.log(0.9) + 8 * math.log(0.4) + 2 * math.log(0.8)) / 100
    assert score.loss == pytest.approx(expected, rel=1e-6)


def test_a_class_without_texts() -> None:
    score = Score.of(np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], dtype=np.float32), np.array([0, 1]), ("a", "b", "c"))
    assert score.recalls == [1.0, 1.0, None]
    assert score.precisions == [1.0, 1.0, None]
    assert score.f1 == [1.0, 1.0, None]
    assert score.macro_f1 == 1.0


def test_sure_and_wrong_is_dear_and_finite() -> None:
    score = Score.of(np.array([[0.0, 1.0]], dtype=np.float32), np.array([0]), ("a", "b"))
    assert score.accuracy == 0.0
    assert 80 < score.loss < math.inf


def test_there_and_back() -> None:
    score = Score(0.25, ((3, 1), (0, 4)), ("a", "b"))
    assert from_plain(Score, json.loads(json.dumps(to_plain(score)))) == score
    for confusion, classes in ((((3, 1),), ("a",)), (((3, -1), (0, 4)), ("a", "b")), (((3, 1), (0, 4)), ("a",))):
        with pytest.raises(ValueError, match=r"square|name"):
            Score(0.25, confusion, classes)
