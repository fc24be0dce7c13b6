"""Ctrl-C leaves a checkpoint; the same command goes on from it; another one says what to do about it."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OPTIONS = ("-n", "7", "--steps", "600", "--hidden", "8", "--layers", "1", "--input-steps", "21", "--windows", "0")


def wait_for_line(process: subprocess.Popen[str], words: str, seconds: float = 60) -> None:
    assert process.stderr is not None
    until = time.monotonic() + seconds
    for line in process.stderr:
        if words in line:
            return
        assert time.monotonic() < until
    raise AssertionError(f"the process ended without saying {words!r}")


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
    process = start("forecast", "sales.csv", "-n", "7", "--steps", "2", "--hidden", "4", "-o", "-", "--quiet")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141
    assert [path.name for path in sales.parent.iterdir()] == ["sales.csv"]
