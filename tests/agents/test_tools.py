"""The tools: what they answer and write, and that they touch nothing outside of their folder."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from foretell import Forecaster
from foretell.agents import tools
from foretell.agents.allowed_folder import AllowedFolder
from foretell.agents.questions import (
    AnomalyQuestion,
    BacktestQuestion,
    ExplainQuestion,
    ForecastQuestion,
    LookQuestion,
)
from foretell.errors import SettingsError, TableError
from foretell.json_options import from_options
from foretell.strict_json import strict
from tests.agents.conftest import sales

_WRITES: list[str] | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _WRITES is None:
        return
    if event == "open" and isinstance(arguments[0], str | bytes) and isinstance(arguments[2], int):
        if arguments[2] & 0o3:  # for writing
            _WRITES.append(str(arguments[0]))
    elif event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.link"):
        _WRITES.extend(str(path) for path in arguments[:2] if isinstance(path, str) or hasattr(path, "__fspath__"))


sys.addaudithook(_audit)


@contextmanager
def writes() -> Iterator[list[str]]:
    """The paths that Python writes, renames and deletes within the block."""
    global _WRITES
    _WRITES = found = []
    try:
        yield found
    finally:
        _WRITES = None


@pytest.fixture
def work(folder: Path) -> tools.Work:
    return tools.Work(AllowedFolder(folder), "cpu", lambda _share, _what: None)


def cells(answer: Any) -> str:
    return json.dumps(strict(answer))


def test_a_look(work: tools.Work) -> None:
    gaps = sales().drop("price").filter(~pl.col("day").dt.day().is_in([11, 12]))
    gaps.write_parquet(work.folder.folder / "gaps.parquet")
    found = tools.look_at_table(work, from_options(LookQuestion, {"table": "gaps.parquet"}))
    assert (found["path"], found["shape"], found["horizon"]) == ("gaps.parquet", [len(gaps), 3], 14)
    assert found["series"] == {
        "count": 3, "shortest": 60, "longest": 60, "first": "2024-01-01", "last": "2024-02-29",
    }  # fmt: skip
    assert found["frequency"]["alias"] == "D"
    assert found["findings"]["gaps"] == 12
    assert [season["length"] for season in found["findings"]["seasons"]] == [7]
    assert {column["name"]: column["role"] for column in found["columns"]} == {
        "shop": "id", "day": "time", "sold": "target",
    }  # fmt: skip
    assert "Ann" not in cells(found)
    found = tools.look_at_table(work, from_options(LookQuestion, {"table": "gaps.parquet", "rows": 2}))
    assert [row["shop"] for row in found["rows"]] == ["Ann's", "Ann's"]


def test_a_forecast_and_a_saved_model(work: tools.Work) -> None:
    asked = {"table": "sales.csv", "output": "f.parquet", "horizon": 5, "level": 90, "save": "model"}
    found = tools.forecast(work, from_options(ForecastQuestion, asked))
    assert (found["path"], found["shape"], found["model"]) == ("f.parquet", [15, 5], "model")
    assert found["columns"] == ["unique_id", "ds", "pretrained", "pretrained-lo-90", "pretrained-hi-90"]
    assert [row["model"] for row in found["backtest"]["scores"]][:2] == ["pretrained", "naive"]
    assert "Ann" not in cells(found)
    written = pl.read_parquet(work.folder.folder / "f.parquet")
    expected = Forecaster.load(work.folder.folder / "model", "cpu").predict(
        pl.read_csv(work.folder.folder / "sales.csv")
    )
    assert written.equals(expected.with_columns(pl.col("ds").cast(written["ds"].dtype)))
    asked = {"table": "sales.csv", "output": "g.csv", "model": "model", "horizon": 2, "rows": 1}
    found = tools.forecast(work, from_options(ForecastQuestion, asked))
    assert (found["shape"], found["levels"], found["rows"][0]["unique_id"]) == ([6, 5], [90], "Ann's")
    assert "backtest" not in found
    with pytest.raises(SettingsError, match=r"g\.csv is there already"):
        tools.forecast(work, from_options(ForecastQuestion, asked))
    with pytest.raises(SettingsError, match="option 'known' was settled when the model was fitted"):
        tools.forecast(work, from_options(ForecastQuestion, {**asked, "output": "h.csv", "known": ["price"]}))


def test_a_backtest(work: tools.Work) -> None:
    asked = {"table": "sales.csv", "horizon": 5, "windows": 2, "output": "tested.csv"}
    found = tools.backtest(work, from_options(BacktestQuestion, asked))
    assert (found["backtest"]["windows"], found["backtest"]["series"], found["shape"][0]) == (2, 3, 30)
    assert pl.read_csv(work.folder.folder / "tested.csv").columns[:4] == ["unique_id", "ds", "cutoff", "y"]
    with pytest.raises(SettingsError, match="horizon is missing: say how many steps to forecast"):
        tools.backtest(work, from_options(BacktestQuestion, {"table": "sales.csv"}))


def test_an_explanation_and_a_backtest_of_a_saved_model(work: tools.Work, priced_model: Path) -> None:
    shutil.copytree(priced_model, work.folder.folder / "model")
    sales().write_csv(work.folder.folder / "priced.csv")
    found = tools.explain(work, from_options(ExplainQuestion, {"table": "priced.csv", "model": "model"}))
    assert [effect["column"] for effect in found["effects"]] == ["price"]
    found = tools.backtest(work, from_options(BacktestQuestion, {"table": "priced.csv", "model": "model"}))
    assert (found["backtest"]["windows"], "path" in found) == (3, False)


def test_anomalies(work: tools.Work) -> None:
    table = sales().drop("price")
    table[40, "sold"] = 1000.0
    table.write_csv(work.folder.folder / "odd.csv")
    found = tools.anomalies(work, from_options(AnomalyQuestion, {"table": "odd.csv", "output": "found.csv"}))
    assert found["anomalies"] == found["shape"][0] >= 1
    assert found["sentence"].startswith(f"{found['anomalies']} of {found['judged']} values")
    assert "1000" not in cells(found)
    assert pl.read_csv(work.folder.folder / "found.csv")["y"][0] == 1000


def test_all_that_is_written_lies_in_the_folder(work: tools.Work, folder: Path) -> None:
    asked = {"table": "sales.csv", "output": "f.csv", "horizon": 3, "save": "model"}
    with writes() as found:
        tools.forecast(work, from_options(ForecastQuestion, asked))
        tools.look_at_table(work, from_options(LookQuestion, {"table": "f.csv", "target": "pretrained"}))
    assert len(found) > 4
    elsewhere = [path for path in found if Path(path).is_absolute() and not Path(path).is_relative_to(folder)]
    assert elsewhere == []
    assert sorted(path.name for path in folder.iterdir()) == ["f.csv", "model", "sales.csv"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["allowed", "outside"]


@pytest.mark.parametrize("name", ["../outside/secret.csv", "link.csv"])
def test_what_lies_outside_is_no_table(work: tools.Work, folder: Path, name: str) -> None:
    (folder / "link.csv").symlink_to(folder.parent / "outside" / "secret.csv")
    with pytest.raises(TableError, match="lies outside of the folder"):
        tools.look_at_table(work, from_options(LookQuestion, {"table": name}))
    asked = {"table": "sales.csv", "future": name, "output": "f.csv", "horizon": 3}
    with pytest.raises(TableError, match="lies outside of the folder"):
        tools.forecast(work, from_options(ForecastQuestion, asked))
