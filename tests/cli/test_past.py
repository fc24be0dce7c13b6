"""`--past`: columns known up to now, in every command that reads a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

MODEL = ("--model", "gru")


@pytest.fixture
def river(tmp_path: Path) -> Path:
    """A daily level, and the rain that was measured, with a gap."""
    random = np.random.default_rng(0)
    rain = random.gamma(0.5, 2.0, 152)
    days = [f"{day}" for day in np.datetime64("2024-01-01") + np.arange(150)]
    lines = [
        f"{day},{30 + 5 * rain[i] + random.normal():.3f},{'' if 40 < i < 50 else f'{rain[i + 2]:.3f}'},{i % 3 == 0}"
        for i, day in enumerate(days)
    ]
    path = tmp_path / "river.csv"
    path.write_text("\n".join(["day,level,rain,gate", *lines]) + "\n")
    return path


def test_a_forecast_a_model_and_what_is_made_of_it(run: Callable[..., Any], river: Path, tiny: tuple[str, ...]) -> None:
    given = ("--past", "rain", "--past", "gate", "--target", "level")
    done = run("forecast", "river.csv", "-n", "3", *given, *MODEL, "-o", "f.csv", "--save", "model", *tiny)
    assert done.exit_code == 0, done.output
    assert pl.read_csv(river.parent / "f.csv")["unique_id"].to_list() == ["level"] * 3
    facts = json.loads(run("info", "model", "--json").stdout)
    assert facts["past"] == "rain, gate"
    done = run("predict", "model", "river.csv", "-o", "again.csv", "--json")
    assert done.exit_code == 0, done.output
    assert "9 values missing in the past column 'rain'." in json.loads(done.stdout)["findings"]["sentences"]
    assert (river.parent / "again.csv").read_text() == (river.parent / "f.csv").read_text()
    assert run("backtest", "model", "river.csv", "-o", "b.csv", "-q").exit_code == 0
    done = run("explain", "model", "river.csv", "--json")
    assert {effect["column"] for effect in json.loads(done.stdout)["effects"]} == {"rain", "gate"}


def test_fit_and_cross_validation(run: Callable[..., Any], river: Path, tiny: tuple[str, ...]) -> None:
    given = ("-n", "3", "--past", "rain", "--target", "level", *MODEL, *tiny)
    assert run("fit", "river.csv", *given, "--save", "model").exit_code == 0
    assert json.loads(run("info", "model", "--json").stdout)["past"] == "rain"
    done = run("cross-validate", "river.csv", *given, "--windows", "2", "-o", "cv.csv")
    assert done.exit_code == 0, done.output
    assert len(pl.read_csv(river.parent / "cv.csv")) == 6


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--past", "rian"], ["no past column 'rian'", "did you mean 'rain'"]),
        (["--past", "rain", "--known", "rain"], ["'rain' is named as known and as past"]),
        (["--past", "level"], ["'level' is named as target and as past"]),
        (["--past", "day"], ["'day' is named as past, but it holds the times"]),
        (["--past", "rain", "--future", "river.csv"], ["no known columns are named"]),
    ],
)
def test_bad_input(
    run: Callable[..., Any], refused: Callable[..., None], river: Path, options: list[str], said: list[str]
) -> None:
    before = sorted(river.parent.rglob("*"))
    done = run("forecast", "river.csv", "-n", "3", "--target", "level", "-o", "f.csv", *options)
    refused(done, river.parent, before, *said)


def test_a_column_that_ends_early(run: Callable[..., Any], refused: Callable[..., None], river: Path) -> None:
    lines = river.read_text().splitlines()
    lines[-2:] = [",".join([*line.split(",")[:2], "", "True"]) for line in lines[-2:]]
    river.write_text("\n".join(lines) + "\n")
    before = sorted(river.parent.rglob("*"))
    done = run("forecast", "river.csv", "-n", "3", "--target", "level", "--past", "rain", "-o", "f.csv")
    refused(done, river.parent, before, "'rain' has no value from 2024-05-28 on", "go on until 2024-05-29")
