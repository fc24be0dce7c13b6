"""Progress: a line every tenth of the way where there is no terminal, a bar where there is one."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from foretell.cli.progress import ProgressDisplay, duration, training_shown
from foretell.training.history import Progress


def at(step: int, steps: int = 1000) -> Progress:
    return Progress(step, steps, 0.5, 1.0, 1e-3, None, step / 100, (steps - step) / 100, step / steps)


def test_lines() -> None:
    file = io.StringIO()
    with ProgressDisplay(Console(file=file, width=120)) as display:
        for step in range(1, 1001):
            display("fit", at(step))
        for step in range(1, 4):
            display("finish", at(step, 3))
    lines = file.getvalue().splitlines()
    assert len(lines) == 13
    assert lines[0] == "Training:  10 %, step 100 of 1,000, loss 0.5000, 9 s left"
    assert lines[9] == "Training: 100 %, step 1,000 of 1,000, loss 0.5000, 10 s"
    assert lines[-1].startswith("Finishing on all data: 100 %, step 3 of 3")


def test_a_stage_without_steps_says_how_long_it_takes() -> None:
    file = io.StringIO()
    with ProgressDisplay(Console(file=file, width=120)) as display:
        show = training_shown(display, "bits per sample", "samples", bounded=True)
        show(Progress(0, 100, math.nan, math.nan, 0.0, None, 6.0, 4.0, 0.6, stage="Alignment"))
        show(Progress(7, 100, 5.0, 1.0, 0.0, None, 6.0, 4.0, 0.07, units_per_second=2000.0, stage="Vocoder"))
        show(Progress(100, 100, 5.0, 1.0, 0.0, None, 6.0, 0.0, 1.0, stage="Vocoder"))
    assert file.getvalue().splitlines() == [
        "Alignment:  60 %, 4 s left",
        "Vocoder: 100 %, step 100 of 100, 5.000 bits per sample, 6 s",
    ]


def test_a_resumed_run_starts_where_it_stands() -> None:
    file = io.StringIO()
    with ProgressDisplay(Console(file=file, width=120)) as display:
        for step in range(551, 1001):
            display("fit", at(step))
    shares = [line.split("%")[0].split(":")[1].strip() for line in file.getvalue().splitlines()]
    assert shares == ["50", "60", "70", "80", "90", "100"]


def test_two_stages_at_the_same_time_have_lines_of_their_own() -> None:
    file = io.StringIO()
    with ProgressDisplay(Console(file=file, width=120)) as display:
        for step in range(1, 11):
            display("fit-lstm", at(step, 10))
            display("fit-gru", at(step, 20))
    lines = [line.split("%")[0].rstrip() for line in file.getvalue().splitlines()]
    assert [line for line in lines if "lstm" in line] == [f"Training (lstm): {10 * k:3}" for k in range(1, 11)]
    assert [line for line in lines if "gru" in line] == [f"Training (gru): {10 * k:3}" for k in range(1, 6)]


def test_a_stage_that_begins_anew_is_shown_anew() -> None:
    file = io.StringIO()
    with ProgressDisplay(Console(file=file, width=120)) as display:
        for step in (1, 2, 1, 2):
            display("fit", at(step, 2))
    assert [line.split("%")[0].rstrip() for line in file.getvalue().splitlines()] == [
        "Training:  50",
        "Training: 100",
    ] * 2


def test_a_terminal_gets_a_bar() -> None:
    file = io.StringIO()
    with ProgressDisplay(Console(file=file, width=120, force_terminal=True)) as display:
        for step in range(1, 1001):
            display("fit", at(step))
    assert "\x1b" in file.getvalue()
    assert "100 %" in file.getvalue()
    # A redraw takes a few hundred characters: a thousand of them would be far more than this.
    assert len(file.getvalue()) < 20_000


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (8.4, "8 s"), (125, "2 min 5 s"), (4320, "1 h 12 min"), (float("nan"), "?")]
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words
