"""Several `--future`: plans that are all forecast and compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

FIT = ("sales.csv", "-n", "7", "--model", "gru", "--known", "holiday")


@pytest.fixture
def plans(sales: Path) -> Path:
    """The week after the sales, which their table does not have, with and without a holiday."""
    lines = sales.read_text().splitlines()
    week = [line.split(",")[0] for line in lines[-7:]]
    sales.write_text("\n".join(lines[:-7]) + "\n")
    for name, last in (("plan_a", "no"), ("plan_b", "yes")):
        rows = [f"{day},{last if k == 6 else 'no'}" for k, day in enumerate(week)]
        (sales.parent / f"{name}.csv").write_text("\n".join(["day,holiday", *rows]) + "\n")
    return sales.parent


def test_both_are_forecast_and_told_apart(run: Callable[..., Any], plans: Path, tiny: tuple[str, ...]) -> None:
    both = ("--future", "plan_a.csv", "--future", "plan_b.csv")
    done = run("forecast", *FIT, *both, "-o", "f.csv", "--save", "model", "--report", "r.html", "--json", *tiny[:-1])
    assert done.exit_code == 0, done.output
    table = pl.read_csv(plans / "f.csv")
    assert table["plan"].to_list() == ["plan_a"] * 7 + ["plan_b"] * 7
    told = json.loads(done.stdout)["plans"]
    assert [(row["plan"], row["unique_id"]) for row in told] == [("plan_a", "sold"), ("plan_b", "sold")]
    totals = table.group_by("plan", maintain_order=True).agg(pl.col("gru").sum())["gru"].to_list()
    assert [row["total"] for row in told] == pytest.approx(totals)
    assert [row["difference"] for row in told] == pytest.approx([0, totals[1] - totals[0]])
    assert "plan_b beside plan_a" in (plans / "r.html").read_text()

    done = run("predict", "model", "sales.csv", *both, "-o", "again.csv")
    assert done.exit_code == 0, done.output
    assert (plans / "again.csv").read_text() == (plans / "f.csv").read_text()
    assert "Plans: totals" in done.stdout
    done = run("predict", "model", "sales.csv", "--future", "plan_b.csv", "-o", "one.csv", "--json")
    assert "plans" not in json.loads(done.stdout)
    alone = table.filter(pl.col("plan") == "plan_b").drop("plan")
    assert pl.read_csv(plans / "one.csv").equals(alone)

    # The model holds its series: their future is known just as well without a table.
    done = run("predict", "model", *both, "-o", "held.csv")
    assert done.exit_code == 0, done.output
    assert (plans / "held.csv").read_text() == (plans / "f.csv").read_text()
    assert run("predict", "model", "--future", "plan_b.csv", "-o", "held.csv").exit_code == 0
    assert pl.read_csv(plans / "held.csv").equals(alone)


@pytest.mark.usefixtures("plans")
def test_the_python_program(run: Callable[..., Any]) -> None:
    done = run("forecast", *FIT, "--future", "plan_a.csv", "--future", "plan_b.csv", "--python")
    assert done.exit_code == 0, done.output
    assert "future['plan_b'] = read_series(\"plan_b.csv\", columns)" in done.stdout
    compile(done.stdout, "program", "exec")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["plan_a.csv", "plan_a.csv"], ["plan_a.csv is given twice"]),
        (["plan_a.csv", "short.csv"], ["plan 'short'", "'holiday' has no value for 2020-05-29"]),
        (["plan_a.csv", "plan_b.csv", "--samples", "9"], ["sample paths of one plan"]),
    ],
)
def test_bad_plans(
    run: Callable[..., Any], refused: Callable[..., None], plans: Path, options: list[str], said: list[str]
) -> None:
    short = (plans / "plan_b.csv").read_text().splitlines()
    (plans / "short.csv").write_text("\n".join(short[:-1]) + "\n")
    before = sorted(plans.rglob("*"))
    given = [part for option in options[:2] for part in ("--future", option)] + options[2:]
    refused(run("forecast", *FIT, *given, "-o", "f.csv"), plans, before, *said)


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    from foretell.cli.from_options import plan_places
    from foretell.cli.options import FutureOptions

    places = ("low/plan.csv", "high/plan.csv", "s3://bucket/other.parquet?version=3", "-")
    assert plan_places(FutureOptions(future=places)) == {
        "low/plan.csv": "low/plan.csv",
        "high/plan.csv": "high/plan.csv",
        "other": "s3://bucket/other.parquet?version=3",
        "standard input": "-",
    }
