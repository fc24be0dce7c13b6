"""`--python` on the commands of the other kinds of models: the program trains the same model."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell.model.registry import KINDS

SMALL = ("--hidden", "8", "--steps", "3")


@pytest.fixture
def plays(tmp_path: Path) -> Path:
    path = tmp_path / "plays.txt"
    path.write_text(60 * "ROMEO: one two, buckle my shoe;\n")
    return path


def test_train_and_evaluate(run: Callable[..., Any], plays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = plays.parent
    options = (*SMALL, "--validation", "0.2", "--seed", "2")
    assert run("text", "train", "plays.txt", "--out", "author", *options).exit_code == 0
    program = run("text", "train", "plays.txt", "--out", "again", *options, "--python").stdout
    assert "from foretell.text import LanguageModel, LanguageSettings, TextFile" in program
    monkeypatch.chdir(folder)
    exec(compile(program, "program.py", "exec"), {})
    weights = [(folder / name / "weights.safetensors").read_bytes() for name in ("author", "again")]
    assert weights[0] == weights[1]

    said = run("text", "evaluate", "author", "plays.txt", "--dynamic", "--json").stdout
    names: dict[str, Any] = {}
    exec(run("text", "evaluate", "author", "plays.txt", "--dynamic", "--python").stdout, names)
    assert f'"bits": {names["score"].bits}'[:16] in said


def test_other_data_to_judge_by(run: Callable[..., Any]) -> None:
    done = run("translate", "train", "a.en", "a.fr", "--out", "m", *(2 * ("--validation", "v")), "--python")
    assert 'parts = source.parts(settings, ParallelTexts(source="v", target="v"))' in done.stdout


@pytest.mark.parametrize("kind", [name for name, entry in KINDS.items() if not entry.taken_by])
def test_every_kind_has_programs(run: Callable[..., Any], kind: str) -> None:
    examples = KINDS[kind].kind.examples
    for verb in ("train", "evaluate"):
        for _, line in examples[verb]:
            done = run(*shlex.split(line)[1:], "--python")
            assert done.exit_code == 0, (line, done.output)
            names = [row for row in done.stdout.splitlines() if row.startswith(("from ", "import "))]
            exec("\n".join(names), {})
            compile(done.stdout, "program.py", "exec")
