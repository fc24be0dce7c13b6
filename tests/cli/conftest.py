"""A small table in an empty folder, and the command run in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from foretell.cli.app import app
from foretell.cli.progress import ProgressDisplay

TINY = ("--steps", "20", "--hidden", "8", "--layers", "1", "--input-steps", "21", "--quiet")
DAYS = [date(2020, 1, 1) + timedelta(days=i) for i in range(150)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs the command in this process, in an empty folder: `run("forecast", "sales.csv", input=...)`."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **options: CliRunner().invoke(app, list(arguments), **options)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command as a process of its own in that folder; its pipes are closed at the end."""
    environment = {**os.environ, "GOMP_SPINCOUNT": "1000", "OMP_NUM_THREADS": "1"}
    program = "from foretell.cli import main; main()"
    # A process inherits that Ctrl-C is ignored, as it is in the background of a shell.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as started:
        started.callback(signal.signal, signal.SIGINT, former)
        yield lambda *arguments, **options: started.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", program, *arguments],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                **options,
            )
        )


@pytest.fixture
def refused() -> Callable[..., None]:
    """`refused(done, folder, before, *said)`: a run ended as bad input does, with those words, and left what was there.

    `before` is `sorted(folder.rglob("*"))`.
    """

    def check(done: Any, folder: Path, before: list[Path], *said: str) -> None:
        assert done.exit_code == 2, done.output
        for words in said:
            assert words in done.stderr
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.output
        assert done.stdout == ""
        assert sorted(folder.rglob("*")) == before

    return check


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """`full_disk()`: from then on nothing more fits on it."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    return lambda: monkeypatch.setattr("os.fsync", full)


@pytest.fixture
def interrupted_and_resumed(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[tuple[str, ...]], None]:
    """`interrupted_and_resumed(arguments)`: Ctrl-C in a training to the folder model, which then goes on to its end."""

    def check(arguments: tuple[str, ...]) -> None:
        there = {path.name for path in tmp_path.iterdir()}
        show = ProgressDisplay.show

        def show_and_interrupt(self: ProgressDisplay, stage: str, fraction: float, words: Callable[[], str]) -> None:
            show(self, stage, fraction, words)
            if fraction >= 0.2 and words().startswith("step "):
                signal.raise_signal(signal.SIGINT)

        former = signal.signal(signal.SIGINT, signal.default_int_handler)  # the processes of xdist ignore it
        try:
            with monkeypatch.context() as patched:
                patched.setattr(ProgressDisplay, "show", show_and_interrupt)
                done = run(*arguments)
        finally:
            signal.signal(signal.SIGINT, former)
        assert done.exit_code == 130, done.output
        assert done.stderr.splitlines()[-1] == (
            "interrupted: training is kept up to here in model.checkpoint; the same command goes on there"
        )
        assert "Traceback" not in done.output
        assert {path.name for path in tmp_path.iterdir()} == {*there, "model.checkpoint"}

        done = run(*arguments)
        assert done.exit_code == 0, done.output
        assert "Going on from the checkpoint in model.checkpoint" in done.stderr
        assert "Training:  10 %" not in done.stderr
        assert {path.name for path in tmp_path.iterdir()} == {*there, "model"}

    return check


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """A daily series with a weekly pattern, and whether each day is a holiday, a week further than the series."""
    random = np.random.default_rng(0)
    lines = ["day,sold,holiday"]
    for i, day in enumerate(DAYS):
        sold = f"{100 + 20 * (i % 7) + random.normal():.3f}" if i < 143 else ""
        lines.append(f"{day},{sold},{'no' if i % 10 else 'yes'}")
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """Options for a training of a second."""
    return TINY
