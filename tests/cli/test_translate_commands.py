"""`foretell translate train` and `foretell translate predict`, one after the other."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell.text import Translator

TINY = ("--steps", "60", "--hidden", "32", "--embedding", "16", "--vocabulary", "300", "--learning-rate", "0.02",
        "--dropout", "0", "--label-smoothing", "0", "--batch-size", "32")  # fmt: skip
NUMBERS = {"one": "un", "two": "deux", "three": "trois", "four": "quatre", "five": "cinq", "six": "six"}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """The folder of a hundred sentences, in two files and as a table."""
    sentences = [[a, b, c][: 1 + k % 3] for k, (a, b, c) in enumerate(
        (a, b, c) for a in NUMBERS for b in NUMBERS for c in NUMBERS if a != b
    )][:100]  # fmt: skip
    english = [" ".join(words) + "." for words in sentences]
    french = [" ".join(NUMBERS[word] for word in words) + "." for words in sentences]
    (tmp_path / "en").write_text("\n".join(english) + "\n")
    (tmp_path / "fr").write_text("\n".join(french) + "\n")
    table = ["id\tEnglish\tFrench", *(f"{k}\t{a}\t{b}" for k, (a, b) in enumerate(zip(english, french, strict=True)))]
    (tmp_path / "both.tsv").write_text("\n".join(table) + "\n")
    return tmp_path


@pytest.fixture
def model(run: Callable[..., Any], texts: Path) -> Path:
    done = run("translate", "train", "en", "fr", "--out", "model", *TINY, "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    return texts / "model"


def test_train_and_run(run: Callable[..., Any], texts: Path) -> None:
    (texts / "en.gz").write_bytes(gzip.compress((texts / "en").read_bytes() + b"seven.\n\n"))
    (texts / "fr.gz").write_bytes(gzip.compress((texts / "fr").read_bytes() + b" \nhuit.\n"))
    done = run("translate", "train", "en.gz", "fr.gz", "-o", "model", *TINY)
    assert done.exit_code == 0, done.output
    for words in ("100 pairs of sentences", "2 were left out, since one side is empty: line 101, 102.", "5 of them",
                  "GRU of", "trained on 95 pairs", "60 steps in", "BLEU", "tok:13a",
                  "model  model"):  # fmt: skip
        assert words in done.stdout
    assert "tokens per second" in done.stderr
    assert "nats per token" in done.stderr
    assert sorted(path.name for path in texts.iterdir()) == ["both.tsv", "en", "en.gz", "fr", "fr.gz", "model"]

    done = run("translate", "predict", "model", input="two.\n\nfive six.\r\none two three.")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 4
    assert done.stdout == "".join(
        f"{text}\n" for text in Translator.load(texts / "model").predict(["two.", "", "five six.", "one two three."])
    )
    assert done.stdout.splitlines()[1] == ""
    assert done.stderr.startswith("4 lines, ")
    assert "tokens per second" in done.stderr


def test_files_in_and_out(run: Callable[..., Any], model: Path) -> None:
    folder = model.parent
    (folder / "new").write_bytes("one two.\nété?\n".encode("cp1252"))
    for beam in ("1", "3"):
        options = ("--encoding", "cp1252", "--output", "done", "--beam", beam, "--batch", "1")
        done = run("translate", "predict", "model", "new", *options, "--quiet")
        assert (done.exit_code, done.output) == (0, "")
        due = Translator.load(model).predict(["one two.", "été?"], beam=int(beam))
        assert (folder / "done").read_text(encoding="utf-8").splitlines() == due


def test_long_lines_are_told(run: Callable[..., Any], model: Path) -> None:
    done = run("translate", "predict", model.name, "--beam", "1", input="one two " * 5000 + "\ntwo.\n")
    assert done.exit_code == 0, done.output
    assert "1 line was longer than any training sentence and translated in pieces." in done.stderr
    assert done.stdout.count("\n") == 2


def test_json_says_what_there_is(run: Callable[..., Any], texts: Path) -> None:
    options = ("--source-column", "English", "--target-column", "French", *TINY, "--steps", "5", "--json")
    done = run("translate", "train", "both.tsv", "-o", "model", *options)
    document = json.loads(done.stdout)
    data = document["data"]
    assert (data["training"], data["validation"], data["skipped"]) == (95, 5, 0)
    assert document["training"]["steps"] == 5
    assert document["validation"]["loss"] == pytest.approx(document["training"]["validation_loss"])
    assert 0 <= document["validation"]["bleu"] <= 100
    assert "13a" in document["validation"]["bleu_signature"]
    done = run("translate", "evaluate", "model", "en", "fr", "--json")
    score = json.loads(done.stdout)["score"]
    assert score["pairs"] == 100
    assert 0 <= score["bleu"] <= 100
    done = run("translate", "predict", "model", "en", "-o", "new.fr", "--json")
    document = json.loads(done.stdout)
    assert (document["lines"], document["files"]) == (100, {"translations": "new.fr"})
    assert len((texts / "new.fr").read_text().splitlines()) == 100
    done = run("info", "model")
    assert done.exit_code == 0, done.output
    for words in ("translate", "source tokens", "Training"):
        assert words in done.stdout


def test_validation_by_files_of_its_own(run: Callable[..., Any], texts: Path) -> None:
    (texts / "val.en").write_text("two.\nsix.\nzebra.\n")
    (texts / "val.fr").write_text("deux.\nsix.\n\n")
    options = ("--validation", "val.en", "--validation", "val.fr", "--epochs", "2")
    steps = TINY.index("--steps")
    done = run("translate", "train", "en", "fr", "-o", "model", *options, *TINY[:steps], *TINY[steps + 2 :])
    assert done.exit_code == 0, done.output
    assert "2 more for validation" in done.stdout
    assert "trained on 100 pairs" in done.stdout
    assert "6 steps in" in done.stdout
    done = run("translate", "train", "val.en", "val.fr", "-o", "model", *TINY, "--steps", "2")
    assert done.exit_code == 0, done.output
    assert "None are held out" in done.stdout
    assert "BLEU" not in done.stdout


def test_long_pairs_are_left_out_and_counted(run: Callable[..., Any], texts: Path) -> None:
    with open(texts / "en", "a") as english, open(texts / "fr", "a") as french:
        english.write("one " * 10_000 + "\n")
        french.write("un\n")
    done = run("translate", "train", "en", "fr", "-o", "model", *TINY, "--steps", "2")
    assert done.exit_code == 0, done.output
    assert "1 pair was left out, with more than 100 tokens on a side." in done.stdout


def test_a_pipe_is_answered_line_by_line_until_its_reader_goes_away(
    start: Callable[..., subprocess.Popen[str]], model: Path
) -> None:
    process = start("translate", "predict", model.name, "--beam", "2", stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    for line in ("two.\n", "one two.\n"):
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline().endswith("\n")
    process.stdout.close()
    process.stdin.write("six.\n")
    process.stdin.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""


@pytest.mark.usefixtures("texts")
def test_ctrl_c_and_on(interrupted_and_resumed: Callable[[tuple[str, ...]], None]) -> None:
    options = ("translate", "train", "en", "fr", "-o", "model", *TINY, "--steps", "200")
    interrupted_and_resumed(options)
