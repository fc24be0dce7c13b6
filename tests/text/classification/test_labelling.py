from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from foretell import TableError, TextError
from foretell.text import ClassifierSettings, LabelledTexts, TextClassifier
from foretell.text.classification.labelling import labelled, prepared


@pytest.fixture(scope="module")
def classifier() -> TextClassifier:
    texts = ["a fine film", "a dull film", "fine and bright", "dull and flat"] * 6
    settings = ClassifierSettings(hidden=4, embedding=4, members=1, validation=0.0, epochs=1)
    data = LabelledTexts(texts, ["good", "bad"] * 12, columns=("said", "mood"))
    return TextClassifier(settings).train(data, device="cpu")


def test_labels_come_beside_the_rows_as_they_were(classifier: TextClassifier) -> None:
    table = pl.DataFrame({"id": ["007", "8", None], "said": ["a fine day", " ", "flat"]})
    found = labelled(classifier, prepared(classifier, table, None))
    assert found.table.columns == ["id", "said", "predicted_label", "probability_bad", "probability_good"]
    assert found.table.select("id", "said").equals(table)
    expected = classifier.probabilities(["a fine day", "flat"])
    assert found.table["probability_good"].to_list() == [expected[0, 1], None, expected[1, 1]]
    assert found.table["predicted_label"].to_list() == [
        classifier.classes[expected[0].argmax()], None, classifier.classes[expected[1].argmax()],
    ]  # fmt: skip
    assert found.notes == ("Without a text, so without a label: row 3 (the header is row 1).",)
    assert found.score is None
    rows = found.rows()
    assert rows[1] == {"label": None, "probabilities": None}
    assert math.isclose(sum(rows[0]["probabilities"].values()), 1.0, rel_tol=1e-5)


def test_known_labels_give_a_score(classifier: TextClassifier) -> None:
    texts = ["a fine film", "a dull film", "", "fine and bright", "dull"]
    table = pl.DataFrame({"said": texts, "mood": ["good", " bad ", "bad", "", None]})
    found = labelled(classifier, prepared(classifier, table, "said", "mood"))
    assert found.score == classifier.evaluate(LabelledTexts(texts[:2], ["good", "bad"]))
    assert "3 rows without a text or a known label are not scored." in found.notes


def test_lines_are_counted_from_one(classifier: TextClassifier) -> None:
    found = labelled(classifier, prepared(classifier, pl.DataFrame({"text": ["fine", ""]}), "text", lines=True))
    assert found.notes == ("Without a text, so without a label: line 2.",)


@pytest.mark.parametrize(
    ("table", "label", "error", "said"),
    [
        ({"text": ["a"]}, None, TableError, "there is no column 'said'"),
        ({"said": ["a"], "predicted_label": ["x"]}, None, TableError, "has a column 'predicted_label' already"),
        ({"said": ["a"], "probability_bad": ["x"]}, None, TableError, "has a column 'probability_bad' already"),
        ({"said": ["a"]}, "mood", TableError, "there is no column 'mood'"),
        ({"said": ["a", "b"], "mood": ["good", "odd"]}, "mood", TextError, "'odd' in column 'mood', row 3"),
    ],
)
def test_refusals(classifier: TextClassifier, table: Any, label: str | None, error: Any, said: str) -> None:
    with pytest.raises(error) as caught:
        prepared(classifier, pl.DataFrame(table), None, label)
    assert said in str(caught.value)


def test_nothing_to_score(classifier: TextClassifier) -> None:
    asked = prepared(classifier, pl.DataFrame({"said": ["a"], "mood": [""]}), None, "mood")
    with pytest.raises(TableError, match="nothing to score"):
        labelled(classifier, asked)


def test_a_model_from_no_table(tiny: Callable[..., ClassifierSettings], reviews: Any) -> None:
    model = TextClassifier(tiny(steps=1)).train(LabelledTexts(*reviews(20)), device="cpu")
    with pytest.raises(TableError, match="does not know the name of its column"):
        prepared(model, pl.DataFrame({"said": ["a"]}), None)
