"""`foretell fill`: a table and a report of what lay in the gaps, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest


@pytest.fixture
def holes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Daily sales of 150 days; three days have no row and two no value."""
    monkeypatch.setattr("foretell.forecasting.filling.filling._HIDDEN", 16)
    random = np.random.default_rng(0)
    lines = ["day,sold"]
    for i in range(150):
        day = np.datetime64("2024-01-01") + i
        if not 60 <= i < 63:
            lines.append(f"{day},{'' if i in (80, 81) else f'{100 + 20 * (i % 7) + random.normal(0, 2):.2f}'}")
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_and_a_report(run: Callable[..., Any], holes: Path) -> None:
    done = run("fill", "sales.csv")
    assert done.exit_code == 0, done.output
    folder = holes.parent / "forecast"
    assert sorted(path.name for path in folder.iterdir()) == ["filled.csv", "filled.html"]
    table = pl.read_csv(folder / "filled.csv")
    assert table.columns == ["unique_id", "ds", "y", "filled", "y-lo-95", "y-lo-80", "y-hi-80", "y-hi-95"]
    assert len(table) == 150
    assert "NaN" not in (folder / "filled.csv").read_text()
    assert table.filter(~pl.col("filled"))["y-lo-80"].null_count() == 145
    rows = table.filter("filled")
    assert rows["ds"].to_list() == ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-21", "2024-03-22"]
    np.testing.assert_allclose(rows["y"], [180, 200, 220, 160, 180], atol=12)
    # What was written is what was read.
    read = {line.split(",")[0]: line.split(",")[1] for line in holes.read_text().splitlines()[1:]}
    for day, sold in table.filter(~pl.col("filled")).select("ds", "y").rows():
        assert float(read[day]) == sold
    assert "5 values in 2 gaps were filled; the longest gap has 3 steps, from 2024-03-01 to 2024-03-03." in done.stdout
    page = (folder / "filled.html").read_text()
    for words in ("Report on gaps", "2024-03-21", "2 gaps in the part shown", "filled, with the widest interval"):
        assert words in page
    for words in ("backtest:", "anomal", "forecast (median)"):
        assert words not in page.partition("</style>")[2]


def test_json_and_other_files(run: Callable[..., Any], holes: Path) -> None:
    done = run("fill", "sales.csv", "-o", "full.parquet", "--png", "full.png", "--json", "--level", "90")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["command"] == "fill"
    assert document["gaps"][1] == {"unique_id": "sold", "first": "2024-03-21", "last": "2024-03-22", "steps": 2}
    assert len(document["filled"]) == 5
    assert document["filled"][0]["y-lo-90"] < document["filled"][0]["y"] < document["filled"][0]["y-hi-90"]
    assert document["findings"]["missing"] == 5
    assert (holes.parent / "full.png").read_bytes().startswith(b"\x89PNG")
    assert len(pl.read_parquet(holes.parent / "full.parquet")) == 150


def test_a_pipe(run: Callable[..., Any], holes: Path) -> None:
    done = run("fill", "-", "-o", "-", "--quiet", input=holes.read_text())
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 151


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--level", "0"], "level 0"),
        (["--season", "1"], "season is (1,)"),
        (["--target", "bought"], "no target column 'bought'"),
        (["--report", "odd.pdf"], ".html"),
        (["-o", "sales.csv"], "sales.csv"),
    ],
)
def test_refused(
    options: list[str], said: str, run: Callable[..., Any], refused: Callable[..., None], holes: Path
) -> None:
    before = sorted(holes.parent.rglob("*"))
    refused(run("fill", "sales.csv", *options), holes.parent, before, said)
