"""`foretell classify train` and `foretell classify predict`, one after the other."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.text import TextClassifier

TINY = ("--steps", "20", "--hidden", "4", "--members", "1")
COLUMNS = ("--text", "said", "--label", "mood")


def table(count: int) -> pl.DataFrame:
    """Texts of which one word tells the mood."""
    random = np.random.default_rng(0)
    words = {"good": ("fine", "bright"), "bad": ("dull", "flat"), "so-so": ("fair", "usual")}
    moods = [list(words)[k % 3] for k in range(count)]
    said = [" ".join([*random.choice(["the", "film", "was", "a"], 4), random.choice(words[mood])]) for mood in moods]
    return pl.DataFrame({"id": [f"{k:03}" for k in range(count)], "said": said, "mood": moods})


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    table(90).write_csv(tmp_path / "reviews.csv")
    return tmp_path / "reviews.csv"


@pytest.fixture
def model(run: Callable[..., Any], reviews: Path) -> Path:
    done = run("classify", "train", "reviews.csv", *COLUMNS, "--out", "model", *TINY, "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    return reviews.parent / "model"


@pytest.mark.parametrize("options", [(), ("--cell", "lstm", "--units", "subwords", "--counted", "0")])
def test_train_and_predict(options: tuple[str, ...], run: Callable[..., Any], reviews: Path) -> None:
    folder = reviews.parent
    lines = [*reviews.read_text().splitlines(), "x,,good", "y,a film,", 'z," ",']
    reviews.write_text("\n".join(lines) + "\n")
    done = run("classify", "train", "reviews.csv", *COLUMNS, "-o", "model", *TINY, *options)
    assert done.exit_code == 0, done.output
    for words in (
        "81 texts for training, 9 held out for validation; 3 classes.",
        "Left out for want of a text: rows 92 and 94 (the header is row 1).",
        "Left out for want of a label: rows 93 and 94 (the header is row 1).",
        "20 steps in",
        "texts per second",
        "Accuracy",
        "macro F1",
        "The largest class alone is 33.3 % of them.",
        "Which class (row) was taken for which (column)",
        "model",
    ):
        assert words in done.stdout
    assert ("naive Bayes counts" in done.stdout) == (not options)
    assert "left" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["model", "reviews.csv"]

    done = run("classify", "predict", "model", "reviews.csv", "-o", "labelled.csv", "--label", "mood")
    assert done.exit_code == 0, done.output
    for words in ("91 labelled in", "per second", "rows 92 and 94", "Accuracy", "labelled.csv"):
        assert words in done.stdout
    found = pl.read_csv(folder / "labelled.csv", infer_schema=False)
    assert found.columns == [
        "id", "said", "mood", "predicted_label", "probability_bad", "probability_good", "probability_so-so",
    ]  # fmt: skip
    assert found["id"].to_list()[:3] == ["000", "001", "002"]
    assert found["predicted_label"].null_count() == 2
    classifier = TextClassifier.load(folder / "model")
    assert found["predicted_label"].to_list()[:90] == classifier.predict(table(90)["said"].to_list())


def test_it_learns(run: Callable[..., Any], reviews: Path) -> None:
    done = run("classify", "train", "reviews.csv", *COLUMNS, "-o", "model", "--steps", "100", "--hidden", "8", "--json")
    document = json.loads(done.stdout)
    assert document["model"]["classes"] == "bad, good, so-so"
    data, facts = document["data"], document["model"]
    assert (data["training"], data["validation"], data["left_out"]) == (81, 9, [])
    assert (facts["texts_cut"], facts["unknown"]) == (0, 0.0)
    assert document["training"]["steps"] == 100
    assert document["validation"]["accuracy"] == 1.0
    assert document["validation"]["confusion"] == [[3, 0, 0], [0, 3, 0], [0, 0, 3]]
    assert document["files"] == {"model": "model"}
    assert reviews.is_file()
    done = run("classify", "evaluate", "model", "reviews.csv", "--json")
    score = json.loads(done.stdout)["score"]
    assert (score["texts"], score["accuracy"]) == (90, 1.0)
    assert [entry["class"] for entry in score["classes"]] == ["bad", "good", "so-so"]


@pytest.mark.parametrize("ending", [".tsv", ".csv.gz", ".parquet"])
def test_other_tables(ending: str, run: Callable[..., Any], model: Path) -> None:
    folder, asked = model.parent, table(6)
    name = f"asked{ending}"
    if ending == ".parquet":
        asked.write_parquet(folder / name)
    else:
        data = asked.write_csv(separator="\t" if ending == ".tsv" else ",").encode()
        (folder / name).write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    done = run("classify", "predict", "model", name, "-o", f"out{ending}")
    assert done.exit_code == 0, done.output
    from foretell.tables.files import read_table

    found = read_table(folder / f"out{ending}", typed=False)
    assert found["said"].to_list() == asked["said"].to_list()
    assert found["predicted_label"].to_list() == TextClassifier.load(model).predict(asked["said"].to_list())


@pytest.mark.usefixtures("model")
def test_a_pipe_of_lines(run: Callable[..., Any]) -> None:
    done = run("classify", "predict", "model", "-", "--lines", input='a fine film, "truly"\n\nthe flat one\n')
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["text"] for row in rows] == ['a fine film, "truly"', "", "the flat one"]
    assert rows[1]["predicted_label"] == ""
    assert sum(float(rows[2][f"probability_{name}"]) for name in ("bad", "good", "so-so")) == pytest.approx(1)
    assert "Without a text, so without a label: line 2." in done.stderr
    assert "2 labelled in" in done.stderr


@pytest.mark.usefixtures("model")
def test_a_pipe_of_a_table_with_another_column(run: Callable[..., Any]) -> None:
    done = run("classify", "predict", "model", "-", "--text", "title", "--quiet", input="n,title\n07,fine film\n")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith("n,title,predicted_label,probability_bad")
    assert done.stdout.splitlines()[1].startswith("07,fine film,")


@pytest.mark.usefixtures("model")
def test_json_holds_the_rows_where_no_file_does(run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("classify", "predict", "model", "-", "--lines", "--json", input="a fine film\n\n")
    document = json.loads(done.stdout)
    assert document["texts"] == 1
    assert document["rows"][1] == {"label": None, "probabilities": None}
    assert document["rows"][0]["label"] in document["classes"]
    assert sum(document["rows"][0]["probabilities"].values()) == pytest.approx(1, rel=1e-5)
    done = run("classify", "predict", "model", "reviews.csv", "--json", "-o", "out.csv", "--label", "mood")
    document = json.loads(done.stdout)
    assert "rows" not in document
    assert document["files"] == {"labels": "out.csv"}
    assert document["score"]["texts"] == document["texts"] == sum(document["labels"].values()) == 90
    assert (tmp_path / "out.csv").is_file()


def test_info_tells_what_it_is(run: Callable[..., Any], model: Path) -> None:
    done = run("info", str(model))
    assert done.exit_code == 0, done.output
    for words in ("classify", "bad, good, so-so", "validation accuracy", "20 steps in"):
        assert words in done.stdout


def test_many_classes(run: Callable[..., Any], tmp_path: Path) -> None:
    rows = [f"word{k % 40} film {k},class{k % 40}" for k in range(800)]
    (tmp_path / "many.csv").write_text("\n".join(["said,mood", *rows]) + "\n")
    done = run("classify", "train", "many.csv", *COLUMNS, "-o", "model", *TINY, "--counted", "0")
    assert done.exit_code == 0, done.output
    for words in ("40 classes", "The 30 worst of 40 classes:", "What was taken for what most often"):
        assert words in done.stdout
    assert "class0, class1, class10, class11, class12, class13, class14 and 33 more" in run("info", "model").stdout


@pytest.mark.usefixtures("reviews")
def test_ctrl_c_and_on(interrupted_and_resumed: Callable[[tuple[str, ...]], None]) -> None:
    tiny = ("--steps", "200", "--hidden", "4", "--members", "1")
    options = ("classify", "train", "reviews.csv", *COLUMNS, "-o", "model", *tiny)
    interrupted_and_resumed(options)


def test_a_reader_that_goes_away_is_no_error(start: Callable[..., subprocess.Popen[str]], model: Path) -> None:
    process = start("classify", "predict", "model", "reviews.csv", "--quiet")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141
    assert sorted(path.name for path in model.parent.iterdir()) == ["model", "reviews.csv"]
