"""Bad tables and options: a clear message that names the thing, exit status 2, no traceback, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell.model.folder import write_folder
from foretell.text import ClassifierSettings, LabelledTexts, TextClassifier

COLUMNS = ["--text", "said", "--label", "mood"]
GOOD = "said,mood\na fine day,good\na dull day,bad\nfine,good\ndull,bad\n"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("", [], ["t.csv is empty"]),
        ("said,mood\n", [], ["holds a header and no rows"]),
        ("said,mood\na,b\na,b,c\n", [], ["row 3 has 3 fields"]),
        ("sayd,mood\na,b\n", [], ["there is no column 'said'", "did you mean 'sayd'"]),
        ("said,mood\na,good\nb,good\n", [], ["'good' is the only label (of 2 texts)", "two classes"]),
        ("said,mood\na,x\nb,y\nc,z\n", [], ["no label occurs twice"]),
        ("said,mood\n,x\na,\n", [], ["no row has both a text (column 'said') and a label (column 'mood')"]),
        ("said,mood\na,\nb,\n", [], ["the column 'mood' is empty in every row"]),
        ("said,mood\n" + "".join(f"a,{k}\nb,{k}\n" for k in range(1001)), [], ["1,001 different labels"]),
        (GOOD.replace("fine day", "f\xef\x81ne day"), [], ["row 2 is not UTF-8", "--encoding"]),
        (GOOD, ["--text", "mood"], ["text and label are both the column 'mood'"]),
        (GOOD, ["--hidden", "0"], ["hidden is 0"]),
        (GOOD, ["--layers", "-1"], ["layers is -1"]),
        (GOOD, ["--members", "0"], ["members is 0"]),
        (GOOD, ["--vocabulary", "3"], ["vocabulary is 3"]),
        (GOOD, ["--counted", "-1"], ["counted is -1"]),
        (GOOD, ["--dropout", "1"], ["output_dropout is 1.0"]),
        (GOOD, ["--word-dropout", "nan"], ["word_dropout is nan"]),
        (GOOD, ["--validation", "0.9"], ["validation is 0.9", "in [0, 0.5]"]),
        (GOOD, ["--hidden", "100000000"], ["not enough memory"]),
        (GOOD, ["--encoding", "klingon"], ["encoding 'klingon' is not known"]),
        (GOOD, ["--tensorboard", "t.csv"], ["t.csv is a file; give a folder"]),
        (GOOD, ["--out", "t.csv"], ["output t.csv is a file"]),
    ],
)  # fmt: skip
def test_train_refuses(
    content: str,
    options: list[str],
    said: list[str],
    run: Callable[..., Any],
    tmp_path: Path,
    refused: Callable[..., None],
) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="latin-1")
    before = sorted(tmp_path.rglob("*"))
    out = [] if "--out" in options else ["--out", "model"]
    columns = COLUMNS[2:] if "--text" in options else COLUMNS
    refused(run("classify", "train", "t.csv", *columns, *out, *options, "--quiet"), tmp_path, before, *said)


def test_train_refuses_what_is_no_table(run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "book.pdf").write_bytes(b"%PDF-1.7")
    before = sorted(tmp_path.rglob("*"))
    for source, said in (("nothing.csv", "there is no file"), ("folder", "is a folder"), ("book.pdf", "a PDF")):
        refused(run("classify", "train", source, *COLUMNS, "-o", "model"), tmp_path, before, said)


def test_columns_must_be_named(run: Callable[..., Any]) -> None:
    done = run("classify", "train", "t.csv", "-o", "model")
    assert done.exit_code == 2
    assert "--text" in done.stderr
    assert "Traceback" not in done.output


@pytest.fixture
def model(tmp_path: Path) -> Path:
    settings = ClassifierSettings(hidden=4, embedding=4, members=1, epochs=1)
    data = LabelledTexts(["fine", "dull"] * 2, ["good", "bad"] * 2, columns=("said", "mood"))
    TextClassifier(settings).train(data, device="cpu").save(tmp_path / "model")
    (tmp_path / "t.csv").write_text(GOOD)
    (tmp_path / "empty.txt").write_text("")
    return tmp_path / "model"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nothing.csv"], ["there is no file nothing.csv"]),
        (["empty.txt"], ["empty.txt is empty"]),
        (["empty.txt", "--lines"], ["empty.txt is empty", "one text per line"]),
        (["nothing.txt", "--lines"], ["there is no file nothing.txt"]),
        (["model", "--lines"], ["model is a folder"]),
        (["t.csv", "--text", "sad"], ["there is no column 'sad'", "did you mean 'said'"]),
        (["t.csv", "--label", "x"], ["there is no column 'x'"]),
        (["t.csv", "--label", "said"], ["the label 'a fine day' in column 'said', row 2", "bad, good"]),
        (["t.csv", "--lines", "--text", "said"], ["--lines", "--text"]),
        (["t.csv", "--lines", "--label", "mood"], ["--lines", "--label"]),
        (["t.csv", "--json", "-o", "-"], ["--json and --output -"]),
        (["t.csv", "-o", "out.doc"], ["output out.doc: end its name in one of"]),
        (["t.csv", "-o", "t.csv"], ["output t.csv is the table that is read"]),
        (["t.csv", "-o", "nowhere/o.csv"], ["there is no folder nowhere"]),
        (["t.csv", "--encoding", "klingon"], ["encoding 'klingon' is not known"]),
    ],
)
@pytest.mark.usefixtures("model")
def test_predict_refuses(
    options: list[str], said: list[str], run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    refused(run("classify", "predict", "model", *options, "--quiet"), tmp_path, before, *said)


@pytest.mark.usefixtures("model")
def test_labels_do_not_go_over_columns_that_are_there(
    run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    assert run("classify", "predict", "model", "t.csv", "-o", "once.csv", "--quiet").exit_code == 0
    before = sorted(tmp_path.rglob("*"))
    done = run("classify", "predict", "model", "once.csv", "-o", "twice.csv", "--quiet")
    refused(done, tmp_path, before, "has a column 'predicted_label' already")


def test_predict_refuses_other_models(run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]) -> None:
    write_folder(tmp_path / "sound", "audio", {}, {})
    (tmp_path / "empty").mkdir()
    (tmp_path / "t.csv").write_text(GOOD)
    before = sorted(tmp_path.rglob("*"))
    for name, said in (
        ("nothing", "does not exist"),
        ("empty", "is not a model"),
        ("sound", "foretell audio generate"),
    ):
        refused(run("classify", "predict", name, "t.csv"), tmp_path, before, said)


@pytest.mark.usefixtures("model")
def test_a_full_disk_leaves_nothing(
    run: Callable[..., Any], tmp_path: Path, full_disk: Callable[[], None], refused: Callable[..., None]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    full_disk()
    done = run("classify", "predict", "model", "t.csv", "-o", "o.csv", "--quiet")
    refused(done, tmp_path, before, "o.csv", "No space left on device")
