"""Tables whose columns are called otherwise than those of the model."""

from __future__ import annotations

import polars as pl
import pytest

from foretell.errors import SettingsError, TableError
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.renamed_columns import with_names_of

LONG = Columns(id="shop", time="day", target="sold", layout="long")
WIDE = Columns(time="day", target=("bus", "rail"), layout="wide")
TABLE = pl.DataFrame({"store": ["a"], "date": ["2024-01-01"], "units": [1.0], "sold": [9.0]})


def test_time_id_and_target_are_renamed() -> None:
    found = with_names_of(TABLE, Columns(id="store", time="date", target="units"), LONG)
    assert found.columns == ["shop", "day", "sold"]
    assert found["sold"].to_list() == [1.0]  # the column of that name is not the one that was meant


def test_names_that_are_those_of_the_model_change_nothing() -> None:
    table = TABLE.rename({"store": "shop", "date": "day"})
    assert with_names_of(table, Columns(id="shop", time="day", target="sold", layout="long"), LONG) is table
    assert with_names_of(table, Columns(), LONG) is table


def test_a_table_of_future_values_may_lack_them() -> None:
    future = pl.DataFrame({"date": ["2024-01-02"], "price": [2]})
    said = Columns(id="store", time="date", target="units")
    assert with_names_of(future, said, LONG, future=True).columns == ["day", "price"]


@pytest.mark.parametrize(
    ("said", "model", "words"),
    [
        (Columns(frequency="W"), LONG, "the frequency was settled"),
        (Columns(layout="wide"), LONG, "fitted to a long table, so that this one cannot be wide"),
        (Columns(target=("a", "b")), LONG, "one target, but 2 are named"),
        (Columns(id="store"), WIDE, "without an id column: leave 'store' out"),
        (Columns(target="units"), WIDE, "by the names of their columns: 'bus', 'rail'; leave the targets out"),
        (Columns(time="year + month"), LONG, "fitted to the time 'day', and reads no other"),
    ],
)
def test_what_the_model_has_settled(said: Columns, model: Columns, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        with_names_of(TABLE, said, model)


def test_the_same_targets_of_a_wide_table() -> None:
    table = pl.DataFrame({"day": ["2024-01-01"], "bus": [1], "rail": [2]})
    assert with_names_of(table, Columns(target=("rail", "bus")), WIDE) is table


def test_a_column_that_is_absent() -> None:
    with pytest.raises(TableError, match="there is no id column 'stor'; did you mean 'store'"):
        with_names_of(TABLE, Columns(id="stor"), LONG)
