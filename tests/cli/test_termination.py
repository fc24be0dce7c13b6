"""SIGTERM and SIGHUP unwind a command, which ends with the status that a shell would give."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from foretell.cli.exit_status import Interrupted, guarded
from foretell.cli.termination import Terminated

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")
SIGNALS = [signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_command_is_unwound(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    unwound = []

    def command() -> None:
        try:
            signal.raise_signal(number)
        finally:
            unwound.append(number)

    former = signal.signal(number, signal.SIG_DFL)  # nohup has it ignored
    try:
        with pytest.raises(typer.Exit) as end:
            guarded(command, debug=False)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, former)
    assert end.value.exit_code == 128 + number
    assert unwound == [number]
    assert capsys.readouterr().err == "terminated\n"


def test_where_the_training_is_kept_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise Interrupted(Path("here"), Terminated(signal.SIGTERM))

    with pytest.raises(typer.Exit) as end:
        guarded(command, debug=False)
    assert end.value.exit_code == 143
    assert capsys.readouterr().err == (
        "terminated: training is kept up to here in here; the same command goes on there\n"
    )


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None])
@pytest.mark.parametrize("number", SIGNALS)
def test_what_somebody_else_handles_or_ignores_stays(number: signal.Signals, handler: Any) -> None:
    former = signal.signal(number, handler)
    try:
        guarded(lambda: signal.raise_signal(number), debug=False)
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, former)


def test_a_training_that_is_terminated_goes_on(
    start: Callable[..., subprocess.Popen[str]], run: Callable[..., Any], sales: Path
) -> None:
    # More than a second, so that the signal comes within it.
    arguments = (
        "forecast",
        "sales.csv",
        "-n",
        "7",
        "--model",
        "lstm",
        "--steps",
        "60",
        "--hidden",
        "8",
        "--input-steps",
        "21",
    )
    process = start(*arguments, "--windows", "0")
    assert process.stderr is not None
    for line in process.stderr:
        if "Training:  20 %" in line:
            break
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 143, complaint
    assert complaint.splitlines()[-1] == (
        "terminated: training is kept up to here in forecast/checkpoint; the same command goes on there"
    )
    assert [path.name for path in (sales.parent / "forecast").iterdir()] == ["checkpoint"]
    done = run(*arguments, "--windows", "0")
    assert done.exit_code == 0, done.output
    assert "Going on from the checkpoint in forecast/checkpoint" in done.stderr
    assert "Training:  10 %" not in done.stderr
