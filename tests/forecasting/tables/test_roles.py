"""Roles of columns: as said, or found by name and content."""

from __future__ import annotations

import polars as pl
import pytest

from foretell.errors import SettingsError, TableError
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.roles import find_roles

DAYS = ["2001-01-01", "2001-01-02", "2001-01-03"]


def long_table(series: str = "unique_id", time: str = "ds", target: str = "y") -> pl.DataFrame:
    return pl.DataFrame({series: ["a"] * 3 + ["b"] * 3, time: DAYS * 2, target: [1.0, 2, 3, 4, 5, 6]})


@pytest.mark.parametrize(
    ("series", "time", "target"),
    [("unique_id", "ds", "y"), ("shop", "when", "sold"), ("Store", "Date", "Sales"), ("x1", "x2", "x3")],
)
def test_long(series: str, time: str, target: str) -> None:
    roles = find_roles(long_table(series, time, target), Columns())
    assert (roles.layout, roles.id, roles.time, roles.targets) == ("long", series, time, (target,))


def test_long_with_integer_ids() -> None:
    table = long_table().with_columns(unique_id=pl.Series([7, 7, 7, 8, 8, 8])).rename({"unique_id": "branch"})
    assert find_roles(table, Columns()).id == "branch"


def test_wide_although_a_text_column_stands_beside_repeated_rows() -> None:
    table = pl.DataFrame(
        {"day": [*DAYS, DAYS[0]], "kind": ["W", "W", "A", "W"], "bus": [1, 2, 3, 1], "rail": [4, 5, 6, 4]}
    )
    roles = find_roles(table, Columns())
    assert (roles.layout, roles.time, roles.targets) == ("wide", "day", ("bus", "rail"))
    assert "'kind'" in roles.notes[0]
    assert "--known" in roles.notes[0]
    assert find_roles(table, Columns(known=("kind", "bus"))).targets == ("rail",)
    assert find_roles(table, Columns(target="bus")).targets == ("bus",)


def test_several_targets_of_a_wide_table() -> None:
    table = pl.DataFrame({"day": DAYS, "bus": [1, 2, 3], "rail": [4, 5, 6], "total": [5, 7, 9]})
    roles = find_roles(table, Columns(target=("rail", "bus")))
    assert (roles.layout, roles.time, roles.targets) == ("wide", "day", ("rail", "bus"))
    assert "'total'" in roles.notes[0]
    assert find_roles(table, Columns(target=("bus",))).targets == ("bus",)
    with pytest.raises(TableError, match="no target column 'tram'"):
        find_roles(table, Columns(target=("bus", "tram")))
    with pytest.raises(SettingsError, match="'bus' is named as target and as target"):
        find_roles(table, Columns(target=("bus", "bus")))
    with pytest.raises(SettingsError, match="one target column, but 2 are named"):
        find_roles(long_table(), Columns(id="unique_id", target=("y", "ds")))


def test_no_time_column() -> None:
    roles = find_roles(pl.DataFrame({"sales": [1.5, 2, 3]}), Columns())
    assert (roles.layout, roles.time, roles.targets) == ("wide", None, ("sales",))
    assert "numbered" in roles.notes[0]


@pytest.mark.parametrize("names", [["V2", "V3", "V4"], ["0", "1", "2"], DAYS])
def test_one_series_a_row(names: list[str]) -> None:
    table = pl.DataFrame({"V1": ["H1", "H2"], **{name: [1.0, None] for name in names}})
    roles = find_roles(table, Columns())
    assert (roles.layout, roles.id, roles.targets) == ("rows", "V1", tuple(names))


def test_what_is_said_comes_first() -> None:
    table = long_table().with_columns(price=pl.lit(1.0), size=pl.lit("m"), other=pl.lit("2001-01-01"))
    said = Columns(id="unique_id", time="ds", target="y", known=("price",), static=("size",))
    roles = find_roles(table, said)
    assert (roles.known, roles.static) == (("price",), ("size",))
    assert "'other'" in roles.notes[0]


def test_a_mostly_numeric_column_is_a_target() -> None:
    table = pl.DataFrame({"ds": DAYS, "y": ["1", "2", "oops"]})
    assert find_roles(table, Columns()).targets == ("y",)


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (Columns(target="Y_"), TableError, "no target column 'Y_'; did you mean 'y'"),
        (Columns(time="zzz"), TableError, "the columns are unique_id, ds, y"),
        (Columns(known=("unique-id",)), TableError, "no known column 'unique-id'; did you mean 'unique_id'"),
        (Columns(target="y", known=("y",)), SettingsError, "'y' is named as target and as known"),
        (Columns(layout="wide", id="unique_id"), SettingsError, "drop one"),
        (Columns(layout="wide", static=("y",)), TableError, "need long layout"),
    ],
)
def test_what_is_refused(columns: Columns, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        find_roles(long_table(), columns)


def test_no_telling_the_target() -> None:
    table = long_table(target="one").with_columns(two=pl.lit(1))
    with pytest.raises(TableError, match=r"one, two\); name it with --target"):
        find_roles(table, Columns())
    with pytest.raises(TableError, match="no column holds numbers"):
        find_roles(pl.DataFrame({"ds": DAYS, "x": ["a", "b", "c"]}), Columns())
