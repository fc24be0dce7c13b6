"""`foretell explain`: the worth of each column of a saved model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl


def test_a_saved_model(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    done = run("fit", "sales.csv", "-n", "7", "--model", "gru", "--known", "holiday", "--save", "model", *tiny)
    assert done.exit_code == 0, done.output
    done = run("explain", "model", "sales.csv", "-o", "effects.csv")
    assert done.exit_code == 0, done.output
    assert "permutation over whole windows" in done.stdout
    assert pl.read_csv(sales.parent / "effects.csv")["column"].to_list() == ["holiday"]
    effects = json.loads(run("explain", "model", "sales.csv", "--json").stdout)["effects"]
    assert [effect["column"] for effect in effects] == ["holiday"]


def test_a_model_without_columns(run: Callable[..., Any], sales: Path) -> None:
    assert run("fit", "sales.csv", "-n", "7", "--preset", "instant", "--save", "model", "-q").exit_code == 0
    done = run("explain", "model", str(sales))
    assert (done.exit_code, "made without covariates" in done.stderr) == (2, True)
