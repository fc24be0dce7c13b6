"""What a command that fails says, and the status it ends with."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import torch
import typer

from foretell.cli.exit_status import Interrupted, guarded
from foretell.errors import ForetellError, MissingExtraError, ModelError, TableError


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (TableError("row 3 is odd"), 2, "error: row 3 is odd\n"),
        (ModelError("not a model"), 2, "error: not a model\n"),
        (MissingExtraError("pip install it"), 2, "error: pip install it\n"),
        (OSError(28, "No space left on device", "model.json"), 2, "error: No space left on device: model.json\n"),
        (OSError(2, "No such file or directory", "x"), 1, "error: No such file or directory: x\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_one_clean_line(error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as end:
        guarded(command, debug=False)
    assert end.value.exit_code == status
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("CUDA"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_too_little_memory_is_no_fault_of_ours(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as end:
        guarded(command, debug=False)
    assert end.value.exit_code == 2
    assert "not enough memory" in capsys.readouterr().err


def test_an_interrupted_training_says_where_it_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise Interrupted(Path("here"))

    with pytest.raises(typer.Exit) as end:
        guarded(command, debug=False)
    assert end.value.exit_code == 130
    assert "here" in capsys.readouterr().err


def test_a_fault_of_our_own_shows_its_traceback_on_demand_alone(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise ZeroDivisionError("division by zero")

    for debug in (False, True):
        with pytest.raises(typer.Exit) as end:
            guarded(command, debug=debug)
        assert end.value.exit_code == 1
        said = capsys.readouterr().err
        assert "error: ZeroDivisionError: division by zero" in said
        assert ("Traceback" in said) is debug
        assert ("--debug" in said) is not debug


def test_a_panic_is_shown_as_any_other_fault(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise pl.exceptions.PanicException("out-of-range date")

    with pytest.raises(typer.Exit) as end:
        guarded(command, debug=False)
    assert end.value.exit_code == 1
    assert capsys.readouterr().err.startswith("error: PanicException: out-of-range date\n")


def test_what_ends_the_process_still_does() -> None:
    def command() -> None:
        raise SystemExit(5)

    with pytest.raises(SystemExit):
        guarded(command, debug=False)


def test_debug_shows_the_traceback_of_a_refusal_too(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise ForetellError("no")

    with pytest.raises(typer.Exit):
        guarded(command, debug=True)
    assert "Traceback" in capsys.readouterr().err
