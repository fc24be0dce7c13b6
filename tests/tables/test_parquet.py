"""Parquet: whatever is in a file becomes a table or a clear error, and no file takes the process along."""

from __future__ import annotations

import io
from datetime import date

import polars as pl
import pytest

from foretell.errors import TableError
from foretell.tables import parquet, trial
from foretell.tables.parquet import read_parquet
from foretell.tables.trial import process_kept


def packed(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


TABLE = pl.DataFrame({"id": ["a", "b"], "ds": [date(2024, 1, 1)] * 2, "y": [1.5, None]})


def test_a_sound_file() -> None:
    assert read_parquet(packed(TABLE), "t.parquet").equals(TABLE)


@pytest.mark.parametrize("damage", [slice(0, -1), slice(0, 60), slice(0, 4)])
def test_a_file_cut_short(damage: slice) -> None:
    with pytest.raises(
        TableError, match=r"^t\.parquet: the Parquet file is damaged or cut short \(.+\); fetch it again"
    ):
        read_parquet(packed(TABLE)[damage], "t.parquet")


def test_no_rows() -> None:
    with pytest.raises(TableError, match=r"t\.parquet: it holds no rows of values"):
        read_parquet(packed(TABLE[:0]), "t.parquet")


def test_a_reader_that_breaks_down_leaves_this_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_TRIAL", "import os; os.abort()")
    with pytest.raises(TableError, match="damaged or cut short"):
        read_parquet(packed(TABLE), "t.parquet")


def test_a_reader_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_TRIAL", "import time; time.sleep(600)")
    monkeypatch.setattr(trial, "_PATIENCE", 0.2)
    with pytest.raises(TableError, match=r"^t\.parquet: .* damaged .* \(its reader had not ended after 0 seconds\)"):
        read_parquet(packed(TABLE), "t.parquet")


def test_within_a_block_one_process_reads_all_sound_files(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    make = trial._Process

    def counted() -> trial._Process:
        started.append(make())
        return started[-1]

    monkeypatch.setattr(trial, "_Process", counted)
    with process_kept(), process_kept():
        for _ in range(3):
            assert read_parquet(packed(TABLE), "t.parquet").equals(TABLE)
        assert len(started) == 1
        # A file that is refused takes its process along, and so does whatever else ends it.
        with pytest.raises(TableError, match=r"t\.parquet: it holds no rows of values"):
            read_parquet(packed(TABLE[:0]), "t.parquet")
        assert read_parquet(packed(TABLE), "t.parquet").equals(TABLE)
        assert len(started) == 2
        started[-1]._process.kill()
        assert read_parquet(packed(TABLE), "t.parquet").equals(TABLE)
        assert len(started) == 3
        assert [process._process.poll() is None for process in started] == [False, False, True]
        monkeypatch.setattr(trial, "_LARGE", 10)
        assert read_parquet(packed(TABLE), "t.parquet").equals(TABLE)
        assert len(started) == 3
    assert started[-1]._process.poll() == 0


def test_where_no_other_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert read_parquet(packed(TABLE), "t.parquet").equals(TABLE)
    with pytest.raises(TableError, match="damaged or cut short"):
        read_parquet(packed(TABLE)[:-1], "t.parquet")


def test_a_small_file_of_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(pl.DataFrame({"y": pl.repeat(0.0, 1_000_000, eager=True)}))
    monkeypatch.setattr(parquet, "_ROOM", 1000)
    monkeypatch.setattr(trial, "_complaint", lambda *_: None)
    with pytest.raises(TableError, match=r"t\.parquet: its [0-9,]+ bytes unpack to 1,000,000 cells"):
        read_parquet(data, "t.parquet")
