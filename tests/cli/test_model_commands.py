"""fit, predict, backtest and info: the parts of a forecast, with a model folder between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl


def test_fit_then_the_rest(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    folder = sales.parent
    done = run("fit", "sales.csv", "-n", "7", "--model", "gru", "--known", "holiday", "--save", "model", *tiny)
    assert (done.exit_code, done.output) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["model", "sales.csv"]

    done = run("predict", "model", "sales.csv", "-o", "-", "--quiet")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("unique_id,ds,gru,gru-lo-95")
    both = run("forecast", "sales.csv", "-n", "7", "--model", "gru", "--known", "holiday", "-o", "-", *tiny)
    assert both.stdout == done.stdout

    done = run("predict", "model", "sales.csv", "--report", "report.html", "--png", "picture.png")
    assert done.exit_code == 0, done.output
    assert "</html>" in (folder / "report.html").read_text()

    done = run("backtest", "model", "sales.csv", "-o", "backtest.parquet", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["backtest"]["windows"] == 3
    assert pl.read_parquet(folder / "backtest.parquet").columns[:5] == ["unique_id", "ds", "cutoff", "y", "gru"]

    done = run("info", "model")
    assert done.exit_code == 0
    for words in ("gru", "horizon", "one step a day", "holiday", "20 steps in"):
        assert words in done.stdout
    assert json.loads(run("info", "model", "--json").stdout)["horizon"] == 7


def test_a_backtest_that_the_model_has_seen_too_much_for(
    run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]
) -> None:
    assert run("fit", "sales.csv", "-n", "7", "--windows", "0", "--save", "model", *tiny).exit_code == 0
    before = sorted(sales.parent.rglob("*"))
    done = run("backtest", "model", "sales.csv")
    assert done.exit_code == 2
    assert "--refit" in done.stderr
    assert sorted(sales.parent.rglob("*")) == before
    done = run("backtest", "model", "sales.csv", "--windows", "1", "--refit", "-o", "b.csv")
    assert done.exit_code == 0, done.output
    assert len(pl.read_csv(sales.parent / "b.csv")) == 7


def test_a_backtest_is_of_as_many_windows_as_were_held_out(
    run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]
) -> None:
    assert run("fit", str(sales), "-n", "7", "--windows", "2", "--save", "model", *tiny).exit_code == 0
    held_out = json.loads(run("backtest", "model", "sales.csv", "--json").stdout)["backtest"]
    assert (held_out["windows"], held_out["notes"]) == (2, [])
    more = json.loads(run("backtest", "model", "sales.csv", "--windows", "5", "--json").stdout)["backtest"]
    assert more["windows"] == 2
    assert "In 1 of 1 series fewer than 5 windows were tested" in more["notes"][0]


def test_a_truncated_model(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    assert run("fit", "sales.csv", "-n", "7", "--windows", "0", "--save", "model", *tiny).exit_code == 0
    weights = sales.parent / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    done = run("predict", "model", "sales.csv")
    assert done.exit_code == 2
    assert "weights.safetensors is damaged, cut short" in done.stderr


def test_the_demo_is_the_embedded_data(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    done = run("fit", "--demo", "--json", "--windows", "0", "--save", "model", "--model", "lstm", *tiny)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["horizon"] == 14
    assert document["findings"]["targets"] == ["bus", "rail_boardings"]
    done = run("predict", "model", "--demo", "-o", "f.csv", "--quiet")
    assert done.exit_code == 0, done.output
    forecast = pl.read_csv(sales.parent / "f.csv")
    assert forecast["unique_id"].unique(maintain_order=True).to_list() == ["bus", "rail_boardings"]
    assert forecast["ds"].unique(maintain_order=True).to_list() == [f"2021-12-{day:02}" for day in range(1, 15)]
