"""Bad input to translate: a clear message that names the thing, exit status 2, no traceback, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell.model.folder import write_folder
from foretell.text import Pairs, Translator, TranslatorSettings
from foretell.training.settings import TrainingSettings


@pytest.fixture
def files(tmp_path: Path) -> None:
    for name, data in {
        "en": b"one\ntwo\n",
        "fr": b"un\ndeux\n",
        "three": b"un\ndeux\ntrois\n",
        "empty": b"",
        "blank": b"\n  \n",
        "latin": b"one\nna\xefve\n",
        "table.csv": b"id,en,fr\n1,one,un\n",
        "bad.gz": b"\x1f\x8bno gzip",
    }.items():
        (tmp_path / name).write_bytes(data)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["en", "three"], ["en has 2 lines and three 3", "line n of one"]),
        (["en", "empty"], ["empty is empty"]),
        (["blank", "fr"], ["blank is empty"]),
        (["en", "nothing"], ["there is no file nothing"]),
        (["en", "."], ["is a folder"]),
        (["latin", "fr"], ["latin: line 2 is not UTF-8 text", "--encoding"]),
        (["latin", "fr", "--encoding", "klingon"], ["'klingon' is not known"]),
        (["bad.gz", "fr"], ["bad.gz: the gzip file is damaged"]),
        (["table.csv"], ["columns id, en, fr", "--source-column"]),
        (["table.csv", "--source-column", "en", "--target-column", "de"], ["no column 'de'; it has id, en, fr"]),
        (["en", "fr", "--source-column", "en"], ["omit TARGET"]),
        (["table.csv", "--validation", "en", "--validation", "fr"], ["--validation takes SOURCE", "got 2"]),
        (["en", "fr", "--validation", "en"], ["--validation takes SOURCE and TARGET", "got 1"]),
        (["en", "fr", "--validation", "en", "--validation", "three"], ["en has 2 lines and three 3"]),
        (["en", "fr", "--longest", "1"], ["longest is 1"]),
        (["en", "fr", "--hidden", "7"], ["hidden is 7", "even"]),
        (["en", "fr", "--layers", "0"], ["layers is 0"]),
        (["en", "fr", "--vocabulary", "5"], ["vocabulary is 5"]),
        (["en", "fr", "--dropout", "1"], ["dropout is 1"]),
        (["en", "fr", "--label-smoothing", "-1"], ["label_smoothing is -1"]),
        (["en", "fr", "--batch-size", "0"], ["batch_size is 0"]),
        (["en", "fr", "--epochs", "1e300"], ["epochs is 1e+300"]),
        (["en", "fr", "--hidden", "100000000"], ["not enough memory"]),
        (["en", "fr", "--out", "en"], ["en is a file"]),
        (["en", "fr", "--checkpoint", "model"], ["checkpoint model is in the model's folder model"]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("files")
def test_train_refuses(
    options: list[str], said: list[str], run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    out = [] if "--out" in options else ["--out", "model"]
    refused(run("translate", "train", *options, *out, "--quiet"), tmp_path, before, *said)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    training = TrainingSettings(steps=1)
    settings = TranslatorSettings(hidden=4, embedding=2, vocabulary=300, epochs=None, training=training)
    Translator(settings).train(Pairs(("one two",), ("un deux",)), device="cpu").save(tmp_path / "model")
    (tmp_path / "en").write_bytes(b"one\nna\xefve\n")
    return tmp_path / "model"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--beam", "0"], ["beam is 0"]),
        (["--beam", "1000"], ["beam is 1000"]),
        (["--batch", "0"], ["batch is 0"]),
        (["--length-penalty", "-1"], ["length_penalty is -1"]),
        (["--length-penalty", "nan"], ["length_penalty is nan"]),
        (["en"], ["en: line 2 is not UTF-8 text", "--encoding"]),
        (["nothing"], ["there is no file nothing"]),
        (["model"], ["model is a folder"]),
        (["en", "--output", "en"], ["en is the file that is read"]),
        (["--output", "nowhere/x"], ["there is no folder nowhere"]),
        (["--output", "model"], ["model is a folder"]),
        (["--json"], ["--json", "--output"]),
        (["-", "--encoding", "klingon"], ["'klingon' is not known"]),
    ],
)
@pytest.mark.usefixtures("model")
def test_run_refuses(
    options: list[str], said: list[str], run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    refused(run("translate", "predict", "model", *options, input="one\n"), tmp_path, before, *said)


@pytest.mark.usefixtures("model")
def test_lines_before_a_bad_one_are_translated(run: Callable[..., Any]) -> None:
    done = run("translate", "predict", "model", input=b"one\ntwo\n\xff\nfour\n")
    assert done.exit_code == 2
    assert done.stdout.count("\n") == 2
    assert done.stderr.startswith("error: standard input: line 3 is not UTF-8")


@pytest.mark.usefixtures("model")
def test_nothing_in_nothing_out(run: Callable[..., Any]) -> None:
    done = run("translate", "predict", "model", input="")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "0 lines, 0 tokens in 0.0 s.\n"


def test_run_refuses_other_models(run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]) -> None:
    write_folder(tmp_path / "sound", "audio", {}, {})
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for name, said in (
        ("nothing", "does not exist"),
        ("empty", "is not a model"),
        ("sound", "foretell audio generate"),
    ):
        refused(run("translate", "predict", name, input="one\n"), tmp_path, before, said)


@pytest.mark.usefixtures("model")
def test_a_full_disk_leaves_nothing(
    run: Callable[..., Any], tmp_path: Path, full_disk: Callable[[], None], refused: Callable[..., None]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    full_disk()
    done = run("translate", "predict", "model", "-o", "new", input="one\n")
    refused(done, tmp_path, before, "new", "No space left on device")
