"""`--samples`: possible futures in a table of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretell.forecasting.sampling import paths

INSTANT = ("forecast", "sales.csv", "-n", "7", "--preset", "instant")


def test_beside_the_other_results(run: Callable[..., Any], sales: Path) -> None:
    folder = sales.parent / "forecast"
    done = run(*INSTANT, "--samples", "5")
    assert done.exit_code == 0, done.output
    samples = pl.read_csv(folder / "samples.csv", try_parse_dates=True)
    assert samples.columns == ["unique_id", "ds", "sample", "pretrained"]
    assert (len(samples), samples["sample"].max(), str(samples["ds"][0])) == (35, 5, "2020-05-23")
    report = (folder / "report.html").read_text()
    assert "Totals by calendar month" in report
    assert "sold, 2020-05" in report
    assert run(*INSTANT).exit_code == 0
    assert not (folder / "samples.csv").exists()


def test_in_a_file_of_their_own(run: Callable[..., Any], sales: Path) -> None:
    done = run(*INSTANT, "--save", "model", "--samples", "2", "--samples-output", "s.parquet", "--quiet")
    assert done.exit_code == 0, done.output
    expected = pl.read_parquet(sales.parent / "s.parquet")
    done = run("predict", "model", "sales.csv", "--samples", "2", "--samples-output", "-", "--quiet")
    assert done.exit_code == 0, done.output
    assert pl.read_csv(done.stdout.encode())["pretrained"].to_list() == pytest.approx(expected["pretrained"].to_list())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--samples", "0"], "samples is 0: it must be at least 1"),
        (["--samples-output", "s.csv"], "say with --samples how many to draw"),
        (["--samples", "5", "-o", "f.csv"], "name a file for the sample paths with --samples-output"),
        (["--samples", "5", "-o", "-", "--samples-output", "-"], "two tables are to go to standard output"),
        (["--samples", "5", "--samples-output", "s.doc"], ".parquet"),
        (["--samples", "3000000"], "would take 2.1 GB of memory, and 1.0 GB is free"),
    ],
)
def test_refused(
    options: list[str],
    said: str,
    run: Callable[..., Any],
    refused: Callable[..., None],
    sales: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paths, "_free_memory", lambda: 10**9)
    before = sorted(sales.parent.rglob("*"))
    refused(run(*INSTANT, *options), sales.parent, before, said)
