"""`foretell update`: a saved model goes on from new rows, and its folder is whole whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretell import Forecaster


@pytest.fixture
def model(sales: Path) -> Path:
    """A model of the first 120 days of sales, and tables of later ones."""
    table = pl.read_csv(sales).drop("holiday").drop_nulls()
    folder = sales.parent / "model"
    Forecaster("pretrained", 7).fit(table[:120]).save(folder)
    table[115:].write_csv(sales.parent / "since.csv")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_in_place(run: Callable[..., Any], model: Path) -> None:
    done = run("update", "model", "since.csv")
    assert done.exit_code == 0, done.output
    assert "23 new values in 1 series." in done.stdout
    assert "whether the model has drifted" in done.stdout or "The model has" in done.stdout
    assert Forecaster.load(model).fitted_model.learned is not None
    assert len(Forecaster.load(model).fitted_model.learned.values) == 143  # type: ignore[union-attr]
    assert run("update", "model", "since.csv").stdout.count("No value is new.") == 1


def test_json_and_another_folder(run: Callable[..., Any], model: Path) -> None:
    before = contents(model)
    done = run("update", "model", "since.csv", "--out", "newer", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["command"] == "update"
    assert (document["values"], document["revised"]) == (23, 0)
    assert document["files"] == {"model": "newer"}
    assert document["drift"]["windows"] == 4
    assert {*document["drift"]["coverage"]} == {"80", "95"}
    assert contents(model) == before
    # A forecast needs no table: the model holds the series.
    assert run("predict", "newer", "since.csv", "-o", "f.csv", "--quiet").exit_code == 0
    assert run("predict", "newer", "-o", "own.csv", "--json").exit_code == 0
    assert pl.read_csv("own.csv")["ds"].to_list() == pl.read_csv("f.csv")["ds"].to_list()
    assert "no known columns are named" in run("predict", "newer", "--future", "since.csv").stderr


def test_columns_of_other_names(run: Callable[..., Any], model: Path) -> None:
    since = pl.read_csv("since.csv")
    time, target = Forecaster.load(model).columns.time, Forecaster.load(model).columns.targets
    assert time is not None
    other = since.rename({time: "when", "sold": "units"}).with_columns(sold=pl.lit(1e6), notes=pl.lit("x"))
    other.write_csv("other.csv")
    assert run("update", "model", "since.csv", "--out", "one", "--quiet").exit_code == 0
    said = ("--time", "when", "--target", "units")
    if target == ("sold",):
        assert run("update", "model", "other.csv", "--out", "two", "--quiet", *said).exit_code == 0
        for name in ("one", "two"):
            assert run("predict", name, "-o", f"{name}.csv", "--quiet").exit_code == 0
        assert Path("one.csv").read_bytes() == Path("two.csv").read_bytes()
    done = run("update", "model", "other.csv", "--time", "nowhen")
    assert done.exit_code == 2
    assert "there is no time column 'nowhen'" in done.stderr
    done = run("update", "model", "since.csv", "--id", "shop")
    assert done.exit_code == 2
    assert "without an id column" in done.stderr
    assert "settled when the model was fitted" in run("update", "model", "since.csv", "--frequency", "W").stderr
    assert "the aggregate was settled when" in run("update", "model", "since.csv", "--aggregate", "sum").stderr


def test_nothing_new_leaves_the_folder(run: Callable[..., Any], model: Path) -> None:
    before = contents(model)
    Path("old.csv").write_text("".join(Path("since.csv").read_text().splitlines(keepends=True)[:5]))
    assert "No value is new." in run("update", "model", "old.csv").stdout
    assert contents(model) == before


def test_a_full_disk_leaves_the_folder(
    run: Callable[..., Any], model: Path, full_disk: Callable[[], None], refused: Callable[..., None]
) -> None:
    before, files = contents(model), sorted(model.parent.rglob("*"))
    full_disk()
    refused(run("update", "model", "since.csv", "--quiet"), model.parent, files, "No space left")
    assert contents(model) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("since.csv", "--out", "sales.csv"), "sales.csv is a file"),
        (("nothing.csv",), "nothing.csv"),
        (("other.csv",), "no time column 'day'"),
        (("earlier.csv",), "before 2020-01-01, where its history begins"),
    ],
)
def test_refused(
    arguments: tuple[str, ...],
    said: str,
    run: Callable[..., Any],
    refused: Callable[..., None],
    model: Path,
) -> None:
    text = Path("since.csv").read_text()
    Path("other.csv").write_text(text.replace("day", "when"))
    Path("earlier.csv").write_text(text.replace("2020-", "2019-"))
    before, files = contents(model), sorted(model.parent.rglob("*"))
    refused(run("update", "model", *arguments), model.parent, files, said)
    assert contents(model) == before
