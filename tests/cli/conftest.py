"""A small table in an empty folder, and the command run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from foretell.cli.app import app

TINY = ("--steps", "20", "--hidden", "8", "--layers", "1", "--input-steps", "21", "--quiet")
DAYS = [date(2020, 1, 1) + timedelta(days=i) for i in range(150)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs the command in this process, in an empty folder: `run("forecast", "sales.csv", input=...)`."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **options: CliRunner().invoke(app, list(arguments), **options)


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts the command as a process of its own in that folder."""
    environment = {**os.environ, "GOMP_SPINCOUNT": "1000", "OMP_NUM_THREADS": "1"}
    program = "from foretell.cli import main; main()"
    return lambda *arguments, **options: subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


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
