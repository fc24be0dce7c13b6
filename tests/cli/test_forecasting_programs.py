"""`--python` on forecasting commands: the program that is printed gives the numbers of the command."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import polars as pl
import pytest

from foretell import Forecaster
from foretell.cli import app, forecasting_programs
from foretell.cli.declared_options import with_defaults
from foretell.cli.signature import arguments_of, groups_of
from foretell.declaration import MESSAGES, Declared

SMALL = ("--steps", "4", "--hidden", "8", "--layers", "1", "--input-steps", "21")
LSTM = ("--model", "lstm", *SMALL)
INSTANT = ("-n", "7", "--preset", "instant")


@pytest.fixture
def same(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`same(*arguments)`: the command and the program that it prints write the same files; returns the program."""

    def check(*arguments: str) -> str:
        before = {path.name for path in tmp_path.iterdir()}
        program = str(run(*arguments, "--python").stdout)
        assert {path.name for path in tmp_path.iterdir()} == before, "--python does nothing else"
        done = run(*arguments, "--quiet")
        assert done.exit_code == 0, done.output
        other, top = tmp_path / "other", str(tmp_path)
        shutil.copytree(tmp_path, other, ignore=lambda folder, names: {*names} - before if folder == top else set())
        monkeypatch.chdir(other)
        exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})
        monkeypatch.chdir(tmp_path)
        written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
        written = [path for path in written if path.parts[0] not in before | {"other"}]
        assert written
        for path in written:
            assert (other / path).exists(), path
            if path.name not in ("model.json", "report.html"):  # which tell the time of training
                assert (other / path).read_bytes() == (tmp_path / path).read_bytes(), path
        for path in {tmp_path / path.parts[0] for path in written}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(other)
        return program

    return check


@pytest.fixture
def model(sales: Path) -> Path:
    folder = sales.parent / "model"
    Forecaster("pretrained", 7).fit(pl.read_csv(sales).drop("holiday").drop_nulls()).save(folder)
    return folder


def test_forecast(same: Callable[..., str], sales: Path) -> None:
    assert sales.exists()
    program = same("forecast", "sales.csv", "-n", "7", "--known", "holiday", "--samples", "5", "--seed", "3", *SMALL)
    assert 'columns = Columns(known=("holiday",))' in program
    assert "seed=3" in program
    assert 'Path("forecast").mkdir(exist_ok=True)' in program


def test_forecast_of_ids_that_look_like_numbers_with_values_known_ahead(
    same: Callable[..., str], tmp_path: Path
) -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 2, 29), eager=True)
    for name, shown in (("past", days[:50]), ("plans", days[50:57])):
        rows = [f"{shop};{day};{k % 7},5;{k % 3}" for shop in ("007", "010") for k, day in enumerate(shown)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["shop;day;sold;offer", *rows]), encoding="utf-16")
    options = ("--id", "shop", "--time", "day", "--target", "sold", "--known", "offer", "--future", "plans.csv")
    one = ("--encoding", "utf-16", "-o", "it's.csv", "--level", "60", "--quantile", "0.1", "--no-non-negative")
    program = same("forecast", "past.csv", "-n", "7", *options, *one, *LSTM)
    assert "levels=[60]" in program
    assert '"it\'s.csv"' in program


def test_forecast_of_weekly_totals(same: Callable[..., str], sales: Path) -> None:
    assert sales.exists()
    weekly = ("--target", "sold", "--frequency", "W", "--aggregate", "sum")
    program = same("forecast", "sales.csv", "-n", "2", *weekly, *INSTANT[2:], "-o", "f.csv")
    assert 'columns = Columns(target="sold", frequency="W", aggregate="sum")' in program


def test_epochs_are_counted_for_the_table(same: Callable[..., str], sales: Path) -> None:
    options = ("--model", "lstm", "--epochs", "2", *SMALL[2:], "-o", "f.csv")
    assert "steps: 2 passes over this table." in same("forecast", str(sales), "-n", "7", *options)


def test_forecast_of_a_query_into_a_database(run: Callable[..., Any], same: Callable[..., str], sales: Path) -> None:
    import sqlite3

    with sqlite3.connect(sales.parent / "sales.db") as database:
        database.execute("CREATE TABLE sales (day TEXT, sold REAL)")
        rows = pl.read_csv(sales).drop_nulls().select("day", "sold").rows()
        database.executemany("INSERT INTO sales VALUES (?, ?)", rows)
    database.close()
    of = ("--sql", "SELECT * FROM sales", "--database", "sqlite:///sales.db")
    program = same("forecast", *of, *INSTANT, "-o", "f.csv")
    assert 'table = read_query("SELECT * FROM sales", "sqlite:///sales.db")' in program
    program = run("forecast", *of, *INSTANT, "--out-table", "f", "--replace-rows", "--python").stdout
    assert 'write_rows(forecast, "f", "sqlite:///sales.db", replace=True)' in program
    exec(compile(program, "program.py", "exec"), {})
    with sqlite3.connect(sales.parent / "sales.db") as database:
        assert database.execute("SELECT count(*) FROM f").fetchone() == (7,)
    database.close()


def test_fit(same: Callable[..., str], sales: Path) -> None:
    program = same("fit", "sales.csv", "-n", "7", "--save", "m", "--windows", "2", "--season", "7", *LSTM)
    assert "forecaster.backtest(windows=2)" in program
    assert "write_table" not in program
    assert sales.exists()


def test_several_processes_are_started_by_torchrun(run: Callable[..., Any], sales: Path) -> None:
    program = run("fit", str(sales), "-n", "7", "--devices", "2", "--python").stdout
    assert "# torchrun --standalone --nproc-per-node=2 program.py" in program
    compile(program, "program.py", "exec")


def test_predict_backtest_and_explain(same: Callable[..., str], model: Path) -> None:
    assert model.exists()
    assert 'forecaster = Forecaster.load("model")' in same("predict", "model", "sales.csv", "--samples", "3")
    assert "forecaster.predict()" in same("predict", "model", "-o", "f.csv")
    pl.read_csv("sales.csv").rename({"day": "when"}).write_csv("renamed.csv")
    assert "with_names_of(table" in same("predict", "model", "renamed.csv", "--time", "when", "-o", "f.csv")
    assert "write_png" in same("predict", "model", "sales.csv", "-o", "f.parquet", "--png", "f.png")
    assert "forecaster.backtest(table, windows=2)" in same("backtest", "model", "sales.csv", "--windows", "2")


def test_update(same: Callable[..., str], model: Path) -> None:
    rows = pl.read_csv(model.parent / "sales.csv").drop("holiday").drop_nulls()
    later = rows[-5:].with_columns(day=pl.col("day").str.to_date().dt.offset_by("5d").cast(pl.String))
    later.write_csv(model.parent / "since.csv")
    assert 'forecaster.save("newer")' in same("update", "model", "since.csv", "--out", "newer")


def test_predict_by_workers(run: Callable[..., Any]) -> None:
    program = run("predict", "m", "s/*.csv", "--engine", "process", "--workers", "3", "--out", "f", "--python").stdout
    assert 'predict_files("m", "s/*.csv", "f", engine="process", workers=3)' in program
    compile(program, "program.py", "exec")


def test_cross_validate(same: Callable[..., str], sales: Path) -> None:
    assert sales.exists()
    program = same("cross-validate", "sales.csv", *INSTANT, "--windows", "2", "--step-size", "3", "--refit")
    assert "n_windows=2, step_size=3, refit=True" in program
    same("cross-validate", "sales.csv", *INSTANT, "--report", "report.html")


def test_explain(run: Callable[..., Any], sales: Path) -> None:
    assert run("fit", "sales.csv", "-n", "7", "--known", "holiday", "--save", "m", *LSTM).exit_code == 0
    assert run("explain", "m", "sales.csv", "-o", "e.csv").exit_code == 0
    names: dict[str, Any] = {}
    exec(run("explain", "m", "sales.csv", "--python").stdout, names)
    assert names["effects"].write_csv() == (sales.parent / "e.csv").read_text()


def test_anomalies(same: Callable[..., str], sales: Path) -> None:
    text = sales.read_text()
    day = text.splitlines()[100]
    sales.write_text(text.replace(day, f"{day.partition(',')[0]},900,no"))
    assert 'Columns(target="sold")' in same("anomalies", "sales.csv", "--season", "7", "--target", "sold")


def test_fill(same: Callable[..., str], sales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretell.forecasting.filling.filling._HIDDEN", 8)
    lines = sales.read_text().splitlines()
    sales.write_text("\n".join(lines[:60] + lines[62:]) + "\n")
    program = same("fill", "sales.csv", "--level", "90", "--target", "sold")
    assert "found = fill(table, levels=[90], columns=columns)" in program


def test_the_demo(run: Callable[..., Any]) -> None:
    program = run("forecast", "--demo", "--python").stdout
    assert 'read_series(datasets.path("chicago_ridership"), columns)' in program
    assert 'Forecaster("auto", 14, columns=columns)' in program
    compile(program, "program.py", "exec")


def test_every_command_has_a_program_or_no_option_to_print_it() -> None:
    functions = {name: name.replace("-", "_") for name in app._FORECASTING}
    without = {name for name, function in functions.items() if not hasattr(forecasting_programs, function)}
    assert without == set(app._WITHOUT_PROGRAM)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("forecast", "sales.csv"), "no horizon was given"),
        (("forecast", "-n", "7"), "no table was given"),
        (("forecast", "sales.csv", *INSTANT, "--hidden", "8"), "--hidden would change nothing"),
        (("forecast", "-", "-n", "7", "--epochs", "1"), "--python needs it in a file"),
    ],
)
def test_what_cannot_be_has_no_program(
    run: Callable[..., Any], refused: Callable[..., None], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused(run(*arguments, "--python"), tmp_path, [], said)


BESIDE: dict[str, dict[str, Any]] = {
    "database": {"table": None, "sql": "SELECT 1"},
    "sql": {"table": None, "database": "sqlite:///x.db"},
    "replace_rows": {"out_table": "t"},
    "samples_output": {"samples": 3},
    "workers": {"engine": "ray"},
    "address": {"engine": "ray"},
    "out": {"engine": "ray"},
    "average": {"steps": 5},
    "quote_formulas": {"output": "f.csv"},
}
"""What an option needs beside it."""
OWN = {"holidays": ["US"], "hierarchy": "a > b", "probability": 0.01, "schedule": "cosine", "clip_norm": 2.0}
IGNORED = {"demo", "epochs"}
"""Those whose value decides what else is read; see above."""
REFUSED = {"cross_validate": {"checkpoint", "tensorboard"}, "export": set()}
"""Those that a command does not take."""


@pytest.mark.parametrize(
    "name", ["forecast", "fit", "predict", "backtest", "cross_validate", "explain", "anomalies", "fill", "export"]
)
def test_every_option_changes_the_program(name: str) -> None:
    command = getattr(import_module(f"foretell.cli.{name}"), name)
    program = getattr(forecasting_programs, name)
    base: dict[str, Any] = {"table": "sales.csv", "model": "m", "horizon": 7, "out": "m.onnx"}
    groups = groups_of(command).values()
    fields = [field for group in groups for field, _ in with_defaults(group) if field.setting is not None]
    fields = [field for field in fields if field.setting.group != MESSAGES]
    own = {field.name for field in fields}
    base = {n: value for n, value in base.items() if n in own and (n != "model" or "horizon" not in own)}
    base |= {} if name == "export" else {"out": None}
    looked_at = 0
    for field in fields:
        if field.name in IGNORED | REFUSED.get(name, set()):
            continue
        beside = base | {n: v for n, v in BESIDE.get(field.name, {}).items() if n in own | {"table"}}
        changed = beside | {field.name: OWN.get(field.name, _another(field, beside))}
        without = base if field.name in ("sql", "database") else beside
        texts = [program(**arguments_of(command, dict(values))) for values in (without, changed)]
        assert texts[0] != texts[1], field.name
        looked_at += 1
    assert looked_at > 2


def _another(field: Declared, values: dict[str, Any]) -> Any:
    """A value of an option that is neither its default nor what it is given already."""
    hint, taken = field.hint, {values.get(field.name), field.default}
    if get_origin(hint) in (Union, UnionType):
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is tuple:
        kind = get_args(hint)[0]
        return [{int: 60, float: 0.3}.get(kind, "x")]
    if get_origin(hint) is Literal:
        return next(choice for choice in get_args(hint) if choice not in taken)
    choices: dict[Any, Any] = {bool: (True, False), int: (6, 9), float: (0.5, 0.25), Path: (Path("x.html"),)}
    return next(choice for choice in choices.get(hint, ("x", "y")) if choice not in taken)
