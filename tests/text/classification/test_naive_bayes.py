from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from foretell.text.classification.naive_bayes import NaiveBayes, Row
from foretell.text.vocabulary import UNKNOWN

A, B, C, D = 4, 5, 6, 7


def rows_of(*rows: list[int]) -> list[Row]:
    return [np.array(row, dtype=np.int32) for row in rows]


def some(texts: int, classes: int, seed: int = 0) -> tuple[list[Row], NDArray[np.int64]]:
    """Texts in which tokens of the class's own are more frequent."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=texts)
    rows = [np.array([*random.integers(4, 40, 6), 40 + 3 * label + random.integers(3)]) for label in labels]
    return [row.astype(np.int32) for row in rows], labels


def test_the_evidence_is_that_of_the_equation() -> None:
    rows = rows_of([A, B, A], [A, C], [B, A])
    bayes, _ = NaiveBayes.learn(rows, np.array([0, 1, 0]), 2, 100, 2)
    # Texts of each class that hold A, B, C, (A, B), (A, C), (B, A).
    counts = np.array([[2, 1], [2, 0], [0, 1], [1, 0], [0, 1], [2, 0]])
    ratio = np.log(counts + 1) - np.log(counts.sum(0) + 6)
    ratio -= ratio.mean(1, keepdims=True)
    np.testing.assert_allclose(bayes.table, ratio, rtol=1e-5, atol=1e-7)
    found = bayes.evidence(rows_of([A, B], [A, B, A, B], [D], [], [UNKNOWN, A]))
    np.testing.assert_allclose(found[0], ratio[[0, 1, 3]].sum(0) / np.sqrt(3), rtol=1e-5)
    np.testing.assert_allclose(found[1], ratio[[0, 1, 3, 5]].sum(0) / np.sqrt(4), rtol=1e-5)
    assert (found[2:4] == 0).all()
    np.testing.assert_allclose(found[4], ratio[0], rtol=1e-5)


def test_texts_that_are_learned_from_are_judged_by_others() -> None:
    rows, labels = some(600, 3)
    fresh_rows, fresh_labels = some(600, 3, seed=1)
    # Labels that hold for two texts of three.
    random = np.random.default_rng(2)
    labels, fresh_labels = (
        np.where(random.random(600) < 1 / 3, random.integers(3, size=600), given) for given in (labels, fresh_labels)
    )
    bayes, own = NaiveBayes.learn(rows, labels, 3, 10_000, 2)
    right = float((own.argmax(1) == labels).mean())
    # As good on them as on new ones, and not as good as by heart.
    assert right == pytest.approx(float((bayes.evidence(fresh_rows).argmax(1) == fresh_labels).mean()), abs=0.06)
    assert right < float((bayes.evidence(rows).argmax(1) == labels).mean()) - 0.05


def test_equal_texts_do_not_judge_each_other() -> None:
    rows, _ = some(40, 2)
    labels = np.arange(80) % 2
    twice = [row for row in rows for _ in range(2)]
    together, _ = NaiveBayes.learn(twice, np.repeat(labels[:40], 2), 2, 10_000, 2)
    _, own = NaiveBayes.learn(twice, np.repeat(labels[:40], 2), 2, 10_000, 2)
    by_heart = (together.evidence(twice).argmax(1) == np.repeat(labels[:40], 2)).mean()
    assert by_heart > 0.95
    assert (own.argmax(1) == np.repeat(labels[:40], 2)).mean() < 0.75
    assert np.array_equal(own[::2], own[1::2])


def test_the_most_frequent_features_are_kept() -> None:
    rows = rows_of([A, B], [A, B], [A, C], [D])
    bayes, _ = NaiveBayes.learn(rows, np.array([0, 0, 1, 1]), 2, 2, 2)
    assert bayes.keys.tolist() == [A, B]
    none, own = NaiveBayes.learn(rows_of([], [UNKNOWN]), np.array([0, 1]), 2, 10, 2)
    assert none.table.shape == (0, 2)
    assert (own == 0).all()
    assert (none.evidence(rows) == 0).all()
    assert none.evidence([]).shape == (0, 2)


def test_company_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = some(300, 4)
    bayes, own = NaiveBayes.learn(rows, labels, 4, 500, 2)
    whole = bayes.evidence(rows)
    assert len(bayes.keys) == 500
    monkeypatch.setattr("foretell.text.classification.naive_bayes._AT_ONCE", 900)
    again, own_again = NaiveBayes.learn(rows, labels, 4, 500, 2)
    assert np.array_equal(again.keys, bayes.keys)
    assert np.array_equal(again.table, bayes.table)
    assert np.array_equal(own, own_again)
    assert np.array_equal(whole, again.evidence(rows))
    assert np.array_equal(whole[5:6], bayes.evidence(rows[5:6]))


@pytest.mark.parametrize("keys", [[3, 2], [2, 2], [1, 2, 3]])
def test_a_strangers_table(keys: list[int]) -> None:
    with pytest.raises(ValueError, match="keys must ascend"):
        NaiveBayes(np.array(keys), np.zeros((2, 2), dtype=np.float32), 2)


def test_runs_of_four_and_no_further() -> None:
    rows = rows_of([A, B, C, D, A], [A, B, UNKNOWN, C])
    bayes, _ = NaiveBayes.learn(rows, np.array([0, 1]), 2, 100, 4)
    # One token: A, B, C, D; two: AB, BC, CD, DA; three: ABC, BCD, CDA; four: ABCD, BCDA. None across what is unknown.
    assert len(bayes.keys) == 4 + 4 + 3 + 2
    apart = bayes.evidence(rows_of([B], [C], [D], [B, UNKNOWN, C, UNKNOWN, D]))
    np.testing.assert_allclose(apart[3] * np.sqrt(3), apart[:3].sum(0), rtol=1e-5)
    assert bayes.evidence(rows_of([A, B, C, D, A]))[0, 0] > bayes.evidence(rows_of([A, B, C]))[0, 0]


@pytest.mark.parametrize("in_a_row", [0, 9])
def test_runs_that_will_not_do(in_a_row: int) -> None:
    with pytest.raises(ValueError, match="in_a_row"):
        NaiveBayes(np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.float32), in_a_row)
