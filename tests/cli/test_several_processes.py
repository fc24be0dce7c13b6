"""`foretell fit --devices`: the command that it becomes, and what is refused before any process starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from .conftest import DAYS


@pytest.fixture
def table(tmp_path: Path) -> str:
    rows = "".join(f"{day},{i % 7}\n" for i, day in enumerate(DAYS))
    (tmp_path / "sales.csv").write_text(f"ds,y\n{rows}")
    return "sales.csv"


def test_the_command_is_run_again_by_torchrun(
    run: Callable[..., Any], table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["foretell", "fit", table])
    monkeypatch.setattr(subprocess, "run", lambda line, **_: started.append(line) or SimpleNamespace(returncode=7))
    done = run("fit", table, "-n", "3", "--model", "gru", "--devices", "3", "--quiet")
    assert done.exit_code == 7
    (line,) = started
    assert line[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert "--nproc-per-node=3" in line
    assert line[-4:] == ["-m", "foretell", "fit", table]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--devices", "2", "--truncate", "9"), "truncate cannot be combined with several processes"),
        (("--devices", "2", "--nodes", "2"), "--nodes 2 needs foretell on each machine: run on all of them"),
        (("--devices", "0"), "devices"),
    ],
)
def test_what_is_refused(
    run: Callable[..., Any],
    refused: Callable[..., None],
    tmp_path: Path,
    table: str,
    options: tuple[str, ...],
    said: str,
) -> None:
    before = sorted(tmp_path.rglob("*"))
    refused(run("fit", table, "-n", "3", "--model", "gru", *options), tmp_path, before, said)
