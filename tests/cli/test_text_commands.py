"""`foretell text train` and `foretell text generate`, one after the other."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell.text import LanguageModel

TINY = ("--steps", "20", "--hidden", "8", "--streams", "4", "--chunk", "16")
RHYME = 100 * "one two, buckle my shoe;\nthree four, shut the door.\n"


@pytest.fixture
def rhyme(tmp_path: Path) -> Path:
    (tmp_path / "rhyme.txt").write_text(RHYME)
    return tmp_path / "rhyme.txt"


@pytest.fixture
def model(run: Callable[..., Any], rhyme: Path) -> Path:
    done = run("text", "train", "rhyme.txt", "--out", "model", *TINY, "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    return rhyme.parent / "model"


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_train_and_generate(cell: str, run: Callable[..., Any], rhyme: Path) -> None:
    folder = rhyme.parent
    done = run("text", "train", "rhyme.txt", "-o", "model", "--cell", cell, "--layers", "2", *TINY)
    assert done.exit_code == 0, done.output
    for words in (
        "4,940 characters for training, 22 distinct, 260 at its end held out",
        f"{cell} of",
        "which read 1,280 characters.",
        "20 steps in",
        "validation",
        "bits per character",
    ):
        assert words in done.stdout
    assert "left" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["model", "rhyme.txt"]

    done = run("text", "generate", "model", "--length", "60", "--start", "one ")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("one ")
    assert len(done.stdout) == 64
    assert done.stderr.startswith("60 characters in ")
    assert done.stderr.endswith(" per second.\n")
    assert set(done.stdout) <= set(RHYME)
    done = run("info", "model")
    assert done.exit_code == 0, done.output
    for words in ("text", cell, "validation bits", "20 steps"):
        assert words in done.stdout


def test_json_says_what_there_is(run: Callable[..., Any], rhyme: Path) -> None:
    rhyme.write_bytes(gzip.compress(rhyme.read_bytes()))
    done = run("text", "train", "rhyme.txt", "-o", "model", *TINY, "--validation", "0.1", "--json")
    document = json.loads(done.stdout)
    assert (document["data"]["training"], document["data"]["validation"]) == (4680, 520)
    assert (document["training"]["steps"], document["model"]["characters_read"]) == (20, 1280)
    assert document["validation"]["characters"] == 520
    assert document["model"]["validation_bits"] == document["validation"]["bits"]
    done = run("text", "generate", "model", "--length", "30", "--start", "two", "--json")
    document = json.loads(done.stdout)
    assert (document["start"], len(document["text"]), done.stderr) == ("two", 30, "")


def test_a_text_to_judge_by_and_epochs(run: Callable[..., Any], rhyme: Path) -> None:
    (rhyme.parent / "other.txt").write_text(RHYME[:500])
    options = ("--validation", "other.txt", "--epochs", "2", *TINY[2:], "--json")
    done = run("text", "train", "rhyme.txt", "-o", "model", *options)
    document = json.loads(done.stdout)
    assert (document["data"]["training"], document["data"]["validation"]) == (5200, 500)
    assert document["training"]["steps"] == 163  # two rounds of 5,200 characters, 64 of them in a step
    assert "Training: 100 %, step 163 of 163" in done.stderr
    assert "characters per second" in done.stderr


def test_what_is_written_is_that_of_the_model(run: Callable[..., Any], model: Path) -> None:
    author = LanguageModel.load(model)
    for seed in (3, 3, 4):
        done = run("text", "generate", "model", "--length", "40", "--seed", str(seed), "--quiet")
        assert (done.stdout, done.stderr) == (author.generate(40, seed=seed), "")


def test_standard_input_and_a_short_text(run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("text", "train", "-", "-o", "model", *TINY, input="to be or not to be\n")
    assert done.exit_code == 0, done.output
    assert "19 characters for training, 8 distinct; none held out" in done.stdout
    assert json.loads((tmp_path / "model" / "model.json").read_text())["model"]["validation"] is None


@pytest.mark.usefixtures("model")
def test_evaluate(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text(40 * "five six, pick up sticks!\n")
    bits = {}
    for options in ((), ("--dynamic",)):
        done = run("text", "evaluate", "model", "other.txt", *options, "--json")
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        score = found["score"]
        assert (score["characters"], score["unknown"], found["options"]) == (1040, 360, {"dynamic": bool(options)})
        bits[options] = score["bits"]
    assert bits["--dynamic",] < bits[()]

    done = run("text", "evaluate", "model", "-", input="one two\n")
    assert done.exit_code == 0, done.output
    assert "model on -" in done.stdout
    assert "bits per character" in done.stdout
    done = run("text", "evaluate", "model", "other.txt", "--dynamic")
    assert "model on other.txt" in done.stdout
    assert "Evaluating: 100 %" in done.stderr


@pytest.mark.usefixtures("rhyme")
def test_ctrl_c_and_on(interrupted_and_resumed: Callable[[tuple[str, ...]], None]) -> None:
    options = ("text", "train", "rhyme.txt", "-o", "model", *TINY[2:], "--steps", "200")
    interrupted_and_resumed(options)


@pytest.mark.usefixtures("model")
def test_ctrl_c_while_writing(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    process = start("text", "generate", "model", "--length", "1000000000", "--start", "one")
    assert process.stdout is not None
    assert process.stdout.read(50).startswith("one")  # it comes as it is written
    process.send_signal(signal.SIGINT)
    text, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (130, "interrupted\n")
    assert set(text) <= set(RHYME)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "rhyme.txt"]


@pytest.mark.usefixtures("model")
def test_a_reader_that_has_read_enough(tmp_path: Path) -> None:
    program = "from foretell.cli import main; main()"
    command = f"{shlex.quote(sys.executable)} -c '{program}' text generate model --length 1000000000 | head -c 20"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert len(done.stdout) == 20
    assert done.stderr == ""


def test_a_terminal_is_not_steered(monkeypatch: pytest.MonkeyPatch) -> None:
    show = importlib.import_module("foretell.text.language_model.kind")._print
    for terminal, shown in ((True, "a\\x1b[\tb\nc\\x07\n"), (False, "a\x1b[\tb\nc\x07")):
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        monkeypatch.setattr(sys.stdout, "isatty", lambda terminal=terminal: terminal)
        show("a\x1b[\t", iter("b\nc\x07"))
        assert sys.stdout.getvalue() == shown  # type: ignore[attr-defined, union-attr]
