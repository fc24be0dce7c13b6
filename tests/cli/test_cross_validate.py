"""`foretell cross-validate`: what it writes and says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

INSTANT = ("-n", "7", "--preset", "instant")


def test_a_table_and_scores(run: Callable[..., Any], sales: Path) -> None:
    done = run("cross-validate", "sales.csv", *INSTANT, "--windows", "4", "--step-size", "3")
    assert done.exit_code == 0, done.output
    table = pl.read_csv(sales.parent / "forecast" / "cross_validation.csv", try_parse_dates=True)
    assert table.columns[:5] == ["unique_id", "ds", "cutoff", "y", "pretrained"]
    assert table["cutoff"].unique().cast(pl.String).to_list() == [
        "2020-05-06",
        "2020-05-09",
        "2020-05-12",
        "2020-05-15",
    ]
    for words in ("By cutoff", "By step", "CRPS", "coverage-80"):
        assert words in done.stdout


def test_json_and_report(run: Callable[..., Any], sales: Path) -> None:
    done = run("cross-validate", "sales.csv", *INSTANT, "--windows", "2", "--report", "report.html", "--json")
    assert done.exit_code == 0, done.output
    scores = json.loads(done.stdout)["backtest"]["scores_by"]
    assert [row["cutoff"] for row in scores["cutoff"]] == ["2020-05-08 00:00:00", "2020-05-15 00:00:00"]
    assert [row["step"] for row in scores["step"]] == [1, 2, 3, 4, 5, 6, 7]
    assert "Scores by cutoff" in (sales.parent / "report.html").read_text()


@pytest.mark.usefixtures("sales")
def test_a_model_before_every_window(run: Callable[..., Any], tiny: tuple[str, ...]) -> None:
    same = ("cross-validate", "sales.csv", "-n", "7", "--model", "gru", "-o", "-", "--windows", "2", *tiny)
    done = [run(*same, *refit).stdout for refit in ((), ("--refit",), ("--refit-every", "1"))]
    once, each, every = (pl.read_csv(text.encode())["gru"].to_numpy() for text in done)
    np.testing.assert_allclose(once[:7], each[:7], rtol=1e-5)
    assert not np.allclose(once[7:], each[7:], rtol=1e-5)
    np.testing.assert_array_equal(each, every)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--step-size", "0"], "step_size is 0"),
        (["--windows", "0"], "n_windows is 0"),
        (["--refit", "--refit-every", "2"], "--refit and --refit-every each set the refits"),
        (["--checkpoint", "here"], "leave out --checkpoint"),
    ],
)
def test_refused(
    options: list[str], said: str, run: Callable[..., Any], refused: Callable[..., None], sales: Path
) -> None:
    before = sorted(sales.parent.rglob("*"))
    refused(run("cross-validate", "sales.csv", *INSTANT, *options), sales.parent, before, said)
