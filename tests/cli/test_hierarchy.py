"""`--hierarchy`: forecasts of every level that add up, and hierarchies that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

ROWS = "region,shop,day,sold\n" + "".join(
    f"{region},{shop},2024-01-{day:02},{level + day % 7}\n"
    for region, shop, level in (("n", "a", 10), ("n", "b", 20), ("s", "c", 30))
    for day in range(1, 32)
)
OPTIONS = ("-n", "3", "--hierarchy", "region > shop", "--preset", "instant")


def test_every_level_is_forecast(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(ROWS)
    done = run("forecast", "sales.csv", *OPTIONS, "-o", "f.csv", "--save", "model")
    assert done.exit_code == 0, done.output
    assert "3 series add up to 3 of higher levels (region > shop)." in done.stdout
    wide = pl.read_csv(tmp_path / "f.csv").pivot("unique_id", index="ds", values="pretrained")
    assert wide.columns[1:] == ["total", "n", "s", "n/a", "n/b", "s/c"]
    np.testing.assert_allclose(wide["total"], wide["n/a"] + wide["n/b"] + wide["s/c"])
    done = run("predict", "model", "sales.csv", "-o", "-", "--quiet")
    assert done.stdout == (tmp_path / "f.csv").read_text()


@pytest.mark.parametrize(
    ("rows", "hierarchy", "said"),
    [
        (ROWS, "region > region", "goes round in a circle, back to 'region'"),
        (ROWS, "region > store", "no hierarchy column 'store'"),
        (
            ROWS + ",b,2024-02-01,3\n",
            "region > shop",
            "an orphan: row 95 (the header is row 1), shop 'b', has no region",
        ),
        (ROWS + "a,n,2024-02-01,3\n", "region > shop", "goes round in a circle: 'n' > 'a' > 'n'"),
    ],
)
def test_refused(
    rows: str, hierarchy: str, said: str, run: Callable[..., Any], refused: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "sales.csv").write_text(rows)
    before = sorted(tmp_path.rglob("*"))
    refused(run("forecast", "sales.csv", *OPTIONS, "--hierarchy", hierarchy), tmp_path, before, said)
