from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell import SettingsError, TableError
from foretell.text.classification.table import cells, held_out, labelled_texts, named_rows


def test_rows_without_text_or_label_are_left_out_and_named() -> None:
    table = pl.DataFrame(
        {"said": ["a fine day", None, "  ", "rain", "sun", ""], "mood": ["up ", "up", "down", "", " down", None]}
    )
    found = labelled_texts(table, "said", "mood")
    assert (found.texts, found.labels) == (("a fine day", "sun"), ("up", "down"))
    assert found.left_out == (
        "Left out for want of a text: rows 3, 4 and 7 (the header is row 1).",
        "Left out for want of a label: rows 5 and 7 (the header is row 1).",
    )
    assert len(found) == 2
    assert labelled_texts(table[:1], "said", "mood").left_out == ()


def test_numbers_and_truths_are_labels_too() -> None:
    table = pl.DataFrame({"said": ["a", "b"], "stars": [5, 1], "true": [True, False]})
    assert labelled_texts(table, "said", "stars").labels == ("5", "1")
    assert labelled_texts(table, "said", "true").labels == ("true", "false")


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        ("sayd", "mood", "there is no column 'sayd': did you mean 'said'"),
        ("said", "xyz", "there is no column 'xyz': the columns are 'said', 'mood', 'empty', 'list'"),
        ("said", "empty", "the column 'empty' is empty in every row"),
        ("empty", "mood", "the column 'empty' is empty in every row"),
        ("list", "mood", "the column 'list' holds List"),
    ],
)
def test_columns_that_will_not_do(text: str, label: str, said: str) -> None:
    table = pl.DataFrame({"said": ["a", "b"], "mood": ["x", "y"], "empty": ["", None], "list": [[1], [2]]})
    with pytest.raises(TableError) as caught:
        labelled_texts(table, text, label)
    assert said in str(caught.value)


def test_no_row_has_both() -> None:
    with pytest.raises(TableError, match="no row has both a text"):
        labelled_texts(pl.DataFrame({"said": ["a", ""], "mood": ["", "x"]}), "said", "mood")
    with pytest.raises(SettingsError, match="both the column 'said'"):
        labelled_texts(pl.DataFrame({"said": ["a"]}), "said", "said")


def test_cells() -> None:
    assert cells(pl.DataFrame({"n": [1, None]}), "n") == ["1", ""]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([0], "row 2 (the header is row 1)"),
        ([0, 15], "rows 2 and 17 (the header is row 1)"),
        (range(1200, 1208), "rows 1,202, 1,203, 1,204, 1,205, 1,206 and 3 more (the header is row 1)"),
    ],
)
def test_named_rows(rows: Any, said: str) -> None:
    assert named_rows(rows) == said
    assert named_rows([4], lines=True) == "line 5"


def test_a_share_of_each_class_is_held_out() -> None:
    labels = ["a"] * 100 + ["b"] * 20 + ["c"] * 4 + ["d"]
    texts = [f"text {k}" for k in range(len(labels))]
    judged = held_out(texts, labels, 0.1, seed=0)
    names = np.array(labels)
    assert {name: int(judged[names == name].sum()) for name in "abcd"} == {"a": 10, "b": 2, "c": 1, "d": 0}
    assert np.array_equal(judged, held_out(texts, labels, 0.1, seed=0))
    assert not np.array_equal(judged, held_out(texts, labels, 0.1, seed=1))
    assert not held_out(texts, labels, 0.0, seed=0).any()
    # One at least is left to learn from.
    assert not held_out(["x", "y"], ["a", "b"], 0.5, seed=0).any()


def test_a_rare_class_is_judged_too() -> None:
    # Four different texts among hundreds, most of which come up several times.
    texts = [f"good {k % 62}" for k in range(400)] + [f"bad {k}" for k in range(4)]
    labels = np.array(["good"] * 400 + ["bad"] * 4)
    for seed in range(10):
        judged = held_out(texts, labels.tolist(), 0.1, seed)
        assert judged[labels == "bad"].sum() == 1
        assert len({text for text, held in zip(texts, judged, strict=True) if held and "good" in text}) == 6
    # Of two different texts none can be spared.
    assert not held_out(texts[:402], labels[:402].tolist(), 0.1, 0)[400:].any()


def test_a_text_that_comes_up_twice_is_on_one_side() -> None:
    texts = [f"text {k % 30}" for k in range(90)]
    judged = held_out(texts, ["a" if k % 30 < 15 else "b" for k in range(90)], 0.2, seed=3)
    sides = [{bool(judged[k]) for k in range(90) if texts[k] == text} for text in set(texts)]
    assert all(len(side) == 1 for side in sides)
    assert judged.sum() == 18


def test_of_many_texts_no_more_than_4000_are_held_out() -> None:
    texts = [str(k) for k in range(100_000)]
    judged = held_out(texts, ["a", "b"] * 50_000, 0.1, seed=0)
    assert judged.sum() == 4000
