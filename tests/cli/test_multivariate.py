"""`--multivariate`: the findings say what the past of the other series brought."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest


@pytest.fixture
def led(tmp_path: Path) -> Path:
    """Two series that follow a third after two days."""
    news = np.random.default_rng(0).standard_normal(302)
    days = np.datetime64("2023-01-01") + np.arange(300)
    table = pl.DataFrame({"day": days, "first": 50 + news[2:], "b": 90 + 4 * news[:-2], "c": 20 - 3 * news[:-2]})
    path = tmp_path / "sales.csv"
    table.write_csv(path)
    return path


ASKED = ("sales.csv", "-n", "2", "--preset", "instant", "--season", "7")


def test_forecast_says_that_it_is_used(run: Callable[..., Any], led: Path) -> None:
    done = run("forecast", *ASKED, "--multivariate")
    assert done.exit_code == 0, done.output
    assert "The past of the other series is used: it lowers the loss on held-out data from" in done.stdout
    scores = pl.read_csv(led.parent / "forecast" / "backtest.csv")
    alone = run("forecast", *ASKED, "-o", "alone.csv", "--json")
    assert alone.exit_code == 0
    assert "other series" not in alone.stdout
    errors = (scores["pretrained"] - scores["y"]).abs().mean()
    (mae,) = [row["MAE"] for row in json.loads(alone.stdout)["backtest"]["scores"] if row["model"] == "pretrained"]
    assert errors < 0.6 * mae
    report = (led.parent / "forecast" / "report.html").read_text(encoding="utf-8")
    assert "past of the other series" in report
    assert "(other series)" in report


def test_a_saved_model_says_so_and_is_explained(run: Callable[..., Any], led: Path) -> None:
    assert run("fit", *ASKED, "--multivariate", "--save", "model").exit_code == 0
    assert "other series" in run("info", "model").stdout
    explained = run("explain", "model", str(led), "--json")
    assert explained.exit_code == 0, explained.output
    (effect,) = json.loads(explained.stdout)["effects"]
    assert effect["column"] == "(other series)"
    assert effect["change"] > 0.3


def test_the_program_asks_for_it_too(run: Callable[..., Any], led: Path) -> None:
    program = run("forecast", *ASKED, "--multivariate", "--python")
    assert program.exit_code == 0
    assert "multivariate=True" in program.stdout
    assert led.exists()
