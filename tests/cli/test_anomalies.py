"""`foretell anomalies`: a table, a report with marks, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Daily sales of 200 days, one of them far too many."""
    random = np.random.default_rng(0)
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 7, 18), eager=True)
    sold = 100 + 20 * (np.arange(len(days)) % 7) + random.normal(0, 2, len(days))
    sold[150] += 60
    path = tmp_path / "sales.csv"
    pl.DataFrame({"day": days, "sold": sold}).write_csv(path)
    return path


def test_a_table_and_a_report(run: Callable[..., Any], odd: Path) -> None:
    done = run("anomalies", "sales.csv")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (odd.parent / "forecast").iterdir()) == ["anomalies.csv", "anomalies.html"]
    table = pl.read_csv(odd.parent / "forecast" / "anomalies.csv")
    assert "2024-05-30" in table["ds"].to_list()
    assert "less likely than 0.002, given those before and after them" in done.stdout
    page = (odd.parent / "forecast" / "anomalies.html").read_text()
    for words in ("Anomaly report", "2024-05-30", "size in spreads", "in the part shown"):
        assert words in page
    for words in ("backtest", "Training"):
        assert f"<h2>{words}" not in page


def test_json_and_other_files(run: Callable[..., Any], odd: Path) -> None:
    done = run("anomalies", "sales.csv", "-o", "odd.parquet", "--png", "odd.png", "--json", "--probability", "1e-5")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert [row["ds"][:10] for row in document["anomalies"]] == ["2024-05-30"]
    assert document["anomalies"][0]["size"] > 5
    assert (odd.parent / "odd.png").read_bytes().startswith(b"\x89PNG")
    assert len(pl.read_parquet(odd.parent / "odd.parquet")) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--probability", "0.5"], "probability is 0.5"),
        (["--season", "1"], "season is (1,)"),
        (["--target", "bought"], "no target column 'bought'"),
        (["--report", "odd.pdf"], ".html"),
    ],
)
def test_refused(
    options: list[str], said: str, run: Callable[..., Any], refused: Callable[..., None], odd: Path
) -> None:
    before = sorted(odd.parent.rglob("*"))
    refused(run("anomalies", "sales.csv", *options), odd.parent, before, said)
