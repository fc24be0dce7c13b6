"""Bad input: a clear message that names the thing, exit status 2, no traceback, and nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretell.model.folder import _digest

ROWS = "".join(f"2020-01-{day:02},{day % 7}\n" for day in range(1, 32))


def long_rows(*rows: str) -> str:
    return "unique_id,ds,y\n" + "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (None, [], ["there is no file table.csv"]),
        ("", [], ["table.csv is empty"]),
        ("ds,y\n", [], ["holds a header and no rows"]),
        ("ds,y\n" + ROWS, ["--target", "yy"], ["no target column 'yy'", "did you mean 'y'?"]),
        ("ds,y\n" + ROWS + "2020-02-01,many\n", [], ["row 33", "'many' is not a number"]),
        ("ds,y\n" + ROWS + "2020-02-01,inf\n", [], ["row 33", "the value is infinite"]),
        ("ds,y\n" + ROWS + "2020-02-30,1\n", [], ["'2020-02-30'", "row 33"]),
        ("ds,y\n2020-01-01 00:00+01:00,1\n2020-01-02 00:00,2\n", [], ["some have a time zone", "row 3"]),
        ("ds,y\n" + ROWS + "2020-01-31,9\n", [], ["2020-01-31", "appears twice with different values"]),
        ("ds,y\n2020-01-01,1\n2020-01-02,2\n2020-01-09,3\n2020-02-29,4\n", ["--frequency", "3D"], ["off the grid"]),
        ("ds,y\n2020-01-01,1\n", [], ["frequency", "--frequency"]),
        ("ds,y\n" + ROWS, ["--frequency", "fortnight"], ["fortnight"]),
        ("ds,y\n" + ROWS, ["--hidden", "100000000"], ["hidden 100,000,000", "give at most 4,194,304"]),
        ("ds,y\n" + "".join(f"2020-01-{d:02},\n" for d in range(1, 32)), ["--target", "y"], ["no value at all"]),
        ("ds,y,y\n2020-01-01,1,2\n", [], ["'y' is named twice"]),
        ("ds,y\n" + ROWS, ["--horizon", "0"], ["horizon is 0"]),
        ("ds,y\n" + ROWS, ["--horizon", "-3"], ["horizon is -3"]),
        ("ds,y\n" + ROWS, ["--level", "100"], ["100"]),
        ("ds,y\n" + ROWS, ["--quantile", "5"], ["quantiles is (5.0,)", "each be in [0.005, 0.995]"]),
        ("ds,y\n" + ROWS, ["--hidden", "0"], ["hidden is 0"]),
        ("ds,y\n" + ROWS, ["--dropout", "1"], ["dropout is 1"]),
        ("ds,y\n" + ROWS, ["--season", "1"], ["seasons", "from 2 to"]),
        ("ds,y\n" + ROWS, ["--minutes", "1"], ["--steps and --minutes"]),
        ("ds,y\n" + ROWS, ["--preset", "fast"], ["--preset and --steps each set how long to train"]),
        ("ds,y\n" + ROWS, ["--device", "abacus"], ["device='abacus'"]),
        ("ds,y\n" + ROWS, ["--encoding", "klingon"], ["klingon"]),
        ("ds,y\n" + ROWS, ["--layout", "wide", "--id", "ds"], ["a wide table has no id column"]),
        ("ds,y,p\n2020-01-01,1,5\n2020-01-02,2,5\n2020-01-03,3,5\n", ["--known", "p"], ["2020-01-04", "'p'"]),
        ("ds,y\n" + ROWS, ["--future", "table.csv"], ["--known"]),
        (long_rows("a,2020-01-01,1", "a,2020-01-02,2", ",2020-01-03,3"), [], ["id", "row 4"]),
        ("ds,y\n" + ROWS, ["--output", "forecast.xls"], ["forecast.xls", ".parquet"]),
        ("ds,y\n" + ROWS, ["--output", "nowhere/forecast.csv"], ["there is no folder nowhere"]),
        ("ds,y\n" + ROWS, ["--report", "report.pdf"], ["report.pdf", ".html"]),
        ("ds,y\n" + ROWS, ["--png", "picture.jpg"], ["picture.jpg", ".png"]),
        ("ds,y\n" + ROWS, ["--save", "table.csv"], ["table.csv is a file"]),
        ("ds,y\n" + ROWS, ["--output", "table.csv"], ["table.csv is the table that is read"]),
        ("ds,y\n" + ROWS, ["--checkpoint", "."], ["holds 'table.csv', which is of no checkpoint"]),
        ("ds,y\n" + ROWS, ["--save", "m", "--checkpoint", "m"], ["checkpoint m is in the model's folder m"]),
        ("ds,y\n", ["--tensorboard", "table.csv"], ["table.csv is a file; give a folder"]),
        ("ds,y\n", ["--save", "m", "--tensorboard", "table.csv"], ["table.csv is a file; give a folder"]),
        ("ds,y\n" + ROWS, ["--json", "--output", "-"], ["--json and --output -"]),
        ("ds,y\n" + ROWS, ["--demo"], ["--demo", "drop one"]),
    ],
)  # fmt: skip
def test_refused(
    content: str | None, options: list[str], said: list[str], run: Callable[..., Any], tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "table.csv").write_text(content)
    before = sorted(tmp_path.rglob("*"))
    done = run("forecast", "table.csv", "--horizon", "2", "--steps", "2", *options)
    assert done.exit_code == 2, done.output
    for words in said:
        assert words in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.output
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--preset", "best", "--epochs", "2"],
            "--preset and --epochs each set how long to train: give only one",
        ),
        (
            ["--preset", "fast", "--minutes", "2"],
            "--preset and --minutes each set how long to train: give only one",
        ),
        (
            ["--preset", "instant", "--steps", "1"],
            "--preset and --steps each set how long to train: give only one",
        ),
        (["--preset", "instant", "--model", "lstm"], "preset 'instant' trains nothing, but model 'lstm' has to be"),
    ],
)
def test_a_preset_beside_what_it_settles(
    options: list[str], said: str, run: Callable[..., Any], refused: Callable[..., None], sales: Path
) -> None:
    before = sorted(sales.parent.rglob("*"))
    for command in (["forecast"], ["fit", "--save", "model"]):
        refused(run(*command, "sales.csv", "--horizon", "2", *options), sales.parent, before, said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--preset", "instant", "--hidden", "8"], "so that --hidden would change nothing"),
        (["--model", "pretrained", "--steps", "5"], "so that --steps would change nothing"),
        (["--preset", "instant", "--learning-rate", "0.1", "--steps", "5"], "--preset and --steps each set how long"),
        (["--model", "pretrained", "--learning-rate", "0.1", "--finish", "0"], "--learning-rate and --finish would"),
        (["--preset", "instant", "--tensorboard", "runs", "--layer-norm"], "--layer-norm and --tensorboard would"),
    ],
)
def test_options_of_a_training_where_nothing_is_trained(
    options: list[str], said: str, run: Callable[..., Any], refused: Callable[..., None], sales: Path
) -> None:
    before = sorted(sales.parent.rglob("*"))
    for command in (["forecast"], ["fit", "--save", "model"]):
        refused(run(*command, "sales.csv", "--horizon", "2", *options), sales.parent, before, said)


def test_a_preset_that_is_none(run: Callable[..., Any], sales: Path) -> None:
    done = run("forecast", "sales.csv", "--horizon", "2", "--preset", "slow")
    assert (done.exit_code, "instant" in done.stderr) == (2, True)
    assert [path.name for path in sales.parent.iterdir()] == ["sales.csv"]


def test_a_model_of_the_format_before(run: Callable[..., Any], sales: Path) -> None:
    description = {"kind": "forecast", "blueprint": {"model": "lstm"}, "weights_sha256": "0" * 64}
    head = {"format": 1, "foretell": "0.1.0", "sha256": _digest(description), "model": description}
    (sales.parent / "model").mkdir()
    (sales.parent / "model" / "model.json").write_text(json.dumps(head))
    for command in (["predict", "model", "sales.csv"], ["backtest", "model", "sales.csv"], ["info", "model"]):
        done = run(*command)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("error: model is of format 1, written by foretell 0.1.0")
        assert "fit or train the model again" in done.stderr


def test_another_encoding(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"ds,gr\x81\xe9\n2020-01-01,1\n")
    done = run("forecast", "table.csv", "--horizon", "2")
    assert done.exit_code == 2
    assert "table.csv: row 1 is not UTF-8 text" in done.stderr
    assert "--encoding" in done.stderr


def test_neither_table_nor_horizon(run: Callable[..., Any], sales: Path) -> None:
    done = run("forecast", "--horizon", "2")
    assert (done.exit_code, "--demo" in done.stderr) == (2, True)
    done = run("forecast", str(sales))
    assert (done.exit_code, "--horizon" in done.stderr) == (2, True)


def test_a_folder_that_holds_something_else_is_refused_before_training(run: Callable[..., Any], sales: Path) -> None:
    (sales.parent / "mine").mkdir()
    (sales.parent / "mine" / "thesis.txt").write_text("years of work")
    done = run("fit", "sales.csv", "--horizon", "2", "--steps", "1000000", "--save", "mine")
    assert done.exit_code == 2
    assert "holds something other than a model" in done.stderr
    assert (sales.parent / "mine" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (None, "no-model does not exist"),
        ("{}", "is not a model"),
        ('{"format": 99, "foretell": "9.0"}', "of format 99"),
    ],
)
def test_no_model(model: str | None, said: str, run: Callable[..., Any], sales: Path) -> None:
    if model is not None:
        (sales.parent / "no-model").mkdir()
        (sales.parent / "no-model" / "model.json").write_text(model)
    for command in (["predict", "no-model", "sales.csv"], ["backtest", "no-model", "sales.csv"], ["info", "no-model"]):
        done = run(*command)
        assert done.exit_code == 2, done.output
        assert said in done.stderr
    assert not (sales.parent / "forecast").exists()


def test_more_epochs_than_can_be_counted(run: Callable[..., Any], sales: Path) -> None:
    done = run("forecast", str(sales), "--horizon", "2", "--epochs", "1e308")
    assert (done.exit_code, done.stderr) == (
        2,
        "error: epochs is 1e+308: that is more than 1,000,000,000 steps; give fewer\n",
    )
