"""Bad texts: a clear message that names the thing, exit status 2, no traceback, and nothing written."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell.model.folder import write_folder
from foretell.text import LanguageModel, LanguageSettings
from foretell.training.settings import TrainingSettings

TEXT = b"to be or not to be\n"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (None, [], ["there is no file a.txt"]),
        (b"", [], ["a.txt is empty"]),
        (gzip.compress(b"", mtime=0), [], ["a.txt is empty"]),
        (gzip.compress(TEXT, mtime=0)[:-9], [], ["a.txt: the gzip file is damaged or cut short"]),
        (b"a", [], ["holds no character but 'a', 1 of it"]),
        (b"aaaa", [], ["holds no character but 'a', 4 of it"]),
        (TEXT + b"fran\xe7ais\n", [], ["a.txt: row 2 is not UTF-8 text (byte 0xe7)", "--encoding"]),
        (TEXT + b"\0", [], ["a.txt: row 2 holds zero bytes"]),
        (TEXT, ["--encoding", "cp9999"], ["encoding 'cp9999' is not known"]),
        (TEXT, ["--validation", "1"], ["validation is 1.0"]),
        (TEXT, ["--validation", "-0.5"], ["validation is -0.5"]),
        (TEXT, ["--validation", "nan"], ["validation is nan"]),
        (TEXT, ["--validation", "b.txt"], ["there is no file b.txt"]),
        (TEXT, ["--validation", "a.txt", "--validation", "a.txt"], ["--validation takes FILE"]),
        (TEXT, ["--epochs", "1e308"], ["epochs is 1e+308: that is more than 1,000,000,000 steps"]),
        (TEXT, ["--hidden", "0"], ["hidden is 0"]),
        (TEXT, ["--layers", "0"], ["layers is 0"]),
        (TEXT, ["--streams", "0"], ["streams is 0"]),
        (TEXT, ["--chunk", "0"], ["chunk is 0"]),
        (TEXT, ["--dropout", "1"], ["dropout is 1"]),
        (TEXT, ["--recurrent-dropout", "-1"], ["recurrent_dropout is -1"]),
        (TEXT, ["--tensorboard", "a.txt"], ["a.txt is a file; give a folder"]),
        (TEXT, ["--hidden", "100000000"], ["not enough memory"]),
        (TEXT, ["--out", "a.txt"], ["output a.txt is a file"]),
    ],
)
def test_train_refuses(
    content: bytes | None,
    options: list[str],
    said: list[str],
    run: Callable[..., Any],
    tmp_path: Path,
    refused: Callable[..., None],
) -> None:
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    out = [] if "--out" in options else ["--out", "model"]
    refused(run("text", "train", "a.txt", *out, *options, "--quiet"), tmp_path, before, *said)


def test_train_refuses_what_is_no_file(run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]) -> None:
    (tmp_path / "texts").mkdir()
    before = sorted(tmp_path.rglob("*"))
    refused(run("text", "train", "texts", "-o", "model"), tmp_path, before, "texts is a folder")
    refused(run("text", "train", "-", "-o", "model", input=""), tmp_path, before, "standard input is empty")


@pytest.fixture(scope="module")
def author() -> LanguageModel:
    settings = LanguageSettings(hidden=4, embedding=2, training=TrainingSettings(steps=1))
    return LanguageModel(settings).train(TEXT.decode(), device="cpu")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--start", "to see"], ["'s' (U+0073), first as its character number 4"]),
        (["--start", "to\u20ac\udcff"], ["U+20AC", "U+DCFF"]),
        (["--length", "0"], ["length is 0", "from 1 to 1,000,000,000"]),
        (["--length", "-5"], ["length is -5"]),
        (["--length", "1000000000000000000000000"], ["1,000,000,000"]),
        (["--length", "1000000000", "--json"], ["10,000,000"]),
        (["--temperature", "0"], ["temperature must be a number above 0", "top_k=1"]),
        (["--temperature", "-1"], ["temperature"]),
        (["--temperature", "nan"], ["temperature"]),
        (["--top-k", "0"], ["top_k must be at least 1"]),
        (["--top-p", "0"], ["top_p must be above 0"]),
        (["--top-p", "1.5"], ["top_p"]),
        (["--seed", "-1"], ["seed is -1"]),
    ],
)
def test_generate_refuses(
    options: list[str],
    said: list[str],
    run: Callable[..., Any],
    author: LanguageModel,
    tmp_path: Path,
    refused: Callable[..., None],
) -> None:
    author.save(tmp_path / "model")
    before = sorted(tmp_path.rglob("*"))
    refused(run("text", "generate", "model", *options), tmp_path, before, *said)


def test_other_models_are_refused(run: Callable[..., Any], tmp_path: Path, refused: Callable[..., None]) -> None:
    write_folder(tmp_path / "sound", "audio", {}, {})
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for name, said in (
        ("nothing", "does not exist"),
        ("empty", "is not a model"),
        ("sound", "foretell audio generate"),
    ):
        refused(run("text", "generate", name), tmp_path, before, said)
        refused(run("text", "evaluate", name, "-", input="to be"), tmp_path, before, said)


def test_evaluate_refuses(
    run: Callable[..., Any], author: LanguageModel, tmp_path: Path, refused: Callable[..., None]
) -> None:
    author.save(tmp_path / "model")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "bad.txt").write_bytes(b"to be\n\xff\n")
    before = sorted(tmp_path.rglob("*"))
    for file, options, said in (
        ("nothing.txt", (), ["there is no file nothing.txt"]),
        ("empty.txt", (), ["empty.txt is empty"]),
        ("bad.txt", (), ["bad.txt", "row 2"]),
        ("bad.txt", ("--encoding", "klingon"), ["klingon"]),
    ):
        refused(run("text", "evaluate", "model", file, *options), tmp_path, before, *said)


def test_a_start_of_many_characters(run: Callable[..., Any], author: LanguageModel, tmp_path: Path) -> None:
    author.save(tmp_path / "model")
    start = 1000 * "to be or not to be\r\n"
    done = run("text", "generate", "model", "--start", start, "--length", "3", "--quiet")
    assert done.exit_code == 0, done.output
    assert done.stdout[:-3] == start.replace("\r", "")
