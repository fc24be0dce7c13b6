from __future__ import annotations

import pytest

from foretell import TextError
from foretell.text.classification.labels import classes_of, named, numbered, strings


def test_classes_are_in_order() -> None:
    classes = classes_of(["b", "a", "b", "c"])
    assert classes == ("a", "b", "c")
    assert numbered(["c", "a"], classes).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([], "there is no text: give texts of at least two classes"),
        (["a"] * 3, "'a' is the only label .of 3 texts.: give texts of at least two classes"),
        (["a", "", "b"], "label 2 is empty"),
        (["a", "b", "c"], "no label occurs twice"),
        ([str(k) for k in range(1001)] * 2, "there are 1,001 different labels, 1,000 are the most"),
    ],
)
def test_labels_that_nothing_can_be_learned_from(labels: list[str], said: str) -> None:
    with pytest.raises(TextError, match=said):
        classes_of(labels)


def test_unequal_numbers_and_what_is_no_string() -> None:
    assert strings("label", iter("ab"), ["x", "y"]) == ["a", "b"]
    with pytest.raises(TextError, match="2 texts and 1 labels: give each text its label"):
        strings("label", ["a"], ["x", "y"])
    with pytest.raises(TextError, match="text 2 is nan, a float: give a string"):
        strings("text", ["a", float("nan")])  # type: ignore[list-item]


def test_strange_labels() -> None:
    with pytest.raises(TextError, match="the label 'z' is not one of the classes that the model knows: a, b"):
        numbered(["a", "z"], ("a", "b"))


def test_many_classes_in_a_sentence() -> None:
    assert named(["a", "b"]) == "a, b"
    assert (
        named([f"class{k:02}" for k in range(40)]) == "class00, class01, class02, class03, class04, class05 and 34 more"
    )
    assert named(["x" * 100, "y"]) == "x" * 57 + "... and 1 more"
