"""Scoring by several workers: the numbers of one process, whole series, and no row twice after one was killed."""

from __future__ import annotations

import importlib
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from foretell import Forecaster
from foretell.distributed import engines, predict, predict_files
from foretell.distributed.partitions import partition_of
from foretell.errors import SettingsError, TableError, TrainingError


def table() -> pl.DataFrame:
    days = np.arange(40).astype("datetime64[D]").astype("datetime64[us]")
    random = np.random.default_rng(0)
    frames = [pl.DataFrame({"shop": [k] * 40, "day": days, "sold": 10 + k + random.normal(size=40)}) for k in range(23)]
    return pl.concat(frames)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scoring") / "model"
    Forecaster("pretrained", 3, season=7).fit(table()).save(folder)
    return folder


@pytest.fixture
def files(tmp_path: Path) -> str:
    rows = table().sample(fraction=1, shuffle=True, seed=0)  # no file holds a series whole
    (tmp_path / "sales").mkdir()
    rows[:300].write_parquet(tmp_path / "sales" / "a.parquet")
    rows[300:].write_csv(tmp_path / "sales" / "b.csv")
    return str(tmp_path / "sales" / "*")


def in_this_process(call: Any, tasks: Any, _: int = 0) -> Iterator[int]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as each worker does
    try:
        for task in tasks:
            yield call(*task)
    finally:
        torch.set_num_threads(threads)


def results(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "*.parquet").sort("unique_id", "ds")


@pytest.fixture
def expected(model: Path) -> pl.DataFrame:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found: pl.DataFrame = Forecaster.load(model).predict(table())
    finally:
        torch.set_num_threads(threads)
    return found.sort("unique_id", "ds")


def test_workers_and_partitions_change_no_bit(
    model: Path, files: str, expected: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert predict_files(model, files, tmp_path / "two", partitions=5) == len(expected)
    assert len(list((tmp_path / "two").iterdir())) == 5
    assert results(tmp_path / "two").equals(expected)
    monkeypatch.setattr(engines, "_by_processes", in_this_process)
    predict_files(model, files, tmp_path / "none", partitions=11)
    assert results(tmp_path / "none").equals(expected)
    predict_files(model, files, tmp_path / "one", partitions=1)
    assert results(tmp_path / "one").equals(expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none", "one", "sales", "two"]


KILLED_ONCE = """
import os, signal
from pathlib import Path

def task(folder, number):
    mark = Path(folder) / str(number)
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number
"""


def test_a_killed_worker_costs_no_task_and_none_is_done_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The workers import the task, and the folder of the tests is no package for them.
    (tmp_path / "killed_once.py").write_text(KILLED_ONCE)
    monkeypatch.syspath_prepend(tmp_path)
    task = importlib.import_module("killed_once").task
    with engines.started("process", 2, None) as run:
        found = Counter(run(task, [(str(tmp_path), number) for number in range(6)]))
    assert found == Counter(range(6))


def test_workers_that_are_killed_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_ATTEMPTS", 1)
    said = "workers were killed 1 times in a row, with 1 partitions to go"
    with engines.started("process", 1, None) as run, pytest.raises(TrainingError, match=said):
        list(run(signal.raise_signal, [(signal.SIGKILL,)]))


def test_a_partition_depends_on_the_name_alone() -> None:
    assert [partition_of(name, 8) for name in ("a", "b", "tea/north", "")] == [7, 5, 7, 4]
    counts = Counter(partition_of(str(k), 4) for k in range(4000))
    assert min(counts.values()) > 900


def test_ray(model: Path, files: str, expected: pl.DataFrame, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    predict_files(model, files, tmp_path / "ray", engine="ray", partitions=3)
    assert results(tmp_path / "ray").equals(expected)
    with pytest.raises(SettingsError, match=r"no cluster of Ray answers at 127\.0\.0\.1:1"):
        predict_files(model, files, tmp_path / "out", engine="ray", address="127.0.0.1:1")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray Data's own settings
def test_ray_datasets_and_a_killed_worker(model: Path, expected: pl.DataFrame, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")

    def task(number: int) -> int:
        mark = tmp_path / str(number)
        if number == 2 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with engines.started("ray", 2, None) as run:
        assert Counter(run(task, [(number,) for number in range(4)])) == Counter(range(4))
        from ray import data  # noqa: F401 (ray does not import it by itself)

        dataset = ray.data.from_arrow(table().to_arrow())
        parts = predict(dataset, model, partitions=2).to_arrow_refs()
        found = pl.concat([pl.DataFrame(part) for part in ray.get(parts)])
    assert found.sort("unique_id", "ds").equals(expected)


def test_what_is_refused(model: Path, files: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no file matches"):
        predict_files(model, str(tmp_path / "*.none"), tmp_path / "out")
    with pytest.raises(SettingsError, match="is not an empty folder"):
        predict_files(model, files, tmp_path / "sales")
    with pytest.raises(SettingsError, match="--address names a cluster of Ray: add --engine ray"):
        predict_files(model, files, tmp_path / "out", address="ray://host:10001")
    (tmp_path / "sales" / "c.csv").write_text("store,day,sold\n1,2024-01-01,2\n")
    with pytest.raises(TableError, match="column 'shop', by which the model tells series apart, is missing"):
        predict_files(model, files, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]
