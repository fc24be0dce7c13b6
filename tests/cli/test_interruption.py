"""Ctrl-C leaves a checkpoint; the same command goes on from it; another one says what to do about it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

OPTIONS = (
    "-n",
    "7",
    "--model",
    "lstm",
    "--steps",
    "80",
    "--hidden",
    "8",
    "--layers",
    "1",
    "--input-steps",
    "21",
    "--windows",
    "0",
)


def wait_for_line(process: subprocess.Popen[str], words: str, seconds: float = 60) -> None:
    assert process.stderr is not None
    until = time.monotonic() + seconds
    for line in process.stderr:
        if words in line:
            return
        assert time.monotonic() < until
    raise AssertionError(f"the process ended without saying {words!r}")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As many threads as `start` gives a process: to the bit a result belongs to a number of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_ctrl_c_and_on(start: Callable[..., subprocess.Popen[str]], run: Callable[..., Any], sales: Path) -> None:
    folder = sales.parent
    process = start("forecast", "sales.csv", *OPTIONS)
    wait_for_line(process, "Training:  20 %")
    process.send_signal(signal.SIGINT)
    output, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert complaint.splitlines()[-1] == (
        "interrupted: training is kept up to here in forecast/checkpoint; the same command goes on there"
    )
    assert output == ""
    assert "Traceback" not in complaint
    assert [path.name for path in (folder / "forecast").iterdir()] == ["checkpoint"]

    done = run("forecast", "sales.csv", *OPTIONS, "--seed", "5")
    assert done.exit_code == 2
    assert "forecast/checkpoint" in done.stderr
    assert "delete the folder" in done.stderr

    done = run("forecast", "sales.csv", *OPTIONS)
    assert done.exit_code == 0, done.output
    assert "Going on from the checkpoint in forecast/checkpoint" in done.stderr
    assert "Training:  10 %" not in done.stderr
    assert not (folder / "forecast" / "checkpoint").exists()
    resumed = (folder / "forecast" / "forecast.csv").read_text()
    assert run("forecast", "sales.csv", *OPTIONS, "-o", "whole.csv", "--quiet").exit_code == 0
    assert (folder / "whole.csv").read_text() == resumed


def test_a_reader_that_goes_away_is_no_error(start: Callable[..., subprocess.Popen[str]], sales: Path) -> None:
    process = start(
        "forecast", "sales.csv", "-n", "7", "--model", "lstm", "--steps", "2", "--hidden", "4", "-o", "-", "--quiet"
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141
    assert [path.name for path in sales.parent.iterdir()] == ["sales.csv"]


def test_a_reader_that_has_seen_enough_leaves_whole_results(
    start: Callable[..., subprocess.Popen[str]], sales: Path
) -> None:
    process = start("forecast", "sales.csv", "-n", "7", "--steps", "2", "--hidden", "4", "--known", "holiday")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    assert process.wait(timeout=60) == 141
    written = {path.name for path in (sales.parent / "forecast").iterdir()}
    assert written == {"forecast.csv", "backtest.csv", "report.html", "model"}


@pytest.mark.parametrize(
    ("redirected", "arguments", "status", "said"),
    [
        ("<&-", "forecast - -n 2", 2, "error: standard input is empty"),
        (">&-", "forecast sales.csv -n 2 --model lstm --steps 2 --hidden 4 --windows 0", 0, "Training"),
        ("2>&-", "forecast nowhere.csv -n 2", 2, ""),
    ],
)
def test_streams_that_are_closed(redirected: str, arguments: str, status: int, said: str, sales: Path) -> None:
    program = "from foretell.cli import main; main()"
    command = f"exec {shlex.quote(sys.executable)} -c '{program}' {arguments} {redirected}"
    done = subprocess.run(["sh", "-c", command], cwd=sales.parent, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_locale_without_the_letters_of_a_name(sales: Path) -> None:
    sales.write_text(sales.read_text().replace("sold", "größe"))
    done = subprocess.run(
        [sys.executable, "-c", "from foretell.cli import main; main()", "forecast", "sales.csv", "-n", "2",
         "--target", "größe", "--model", "pretrained", "--windows", "0"],
        cwd=sales.parent, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert rb"gr\xf6\xdfe" in done.stdout
