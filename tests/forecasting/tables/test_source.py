"""Columns as arrays: ids, targets and covariates, and the row and value of what cannot be read."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import TableError
from foretell.forecasting.panel import absent_like
from foretell.forecasting.tables.columns import Roles
from foretell.forecasting.tables.source import (
    differ,
    is_missing,
    read_covariate,
    read_ids,
    read_source,
    read_target,
)

NAN = float("nan")


def numbered(column: pl.Series) -> np.ndarray:
    return np.arange(len(column))


def test_a_long_table() -> None:
    table = pl.DataFrame(
        {
            "shop": ["b", "a", "b"],
            "ds": ["2024-01-02", "2024-01-01", None],
            "y": [1.0, None, 3.0],
            "kind": ["W", "", "A"],
        }
    )
    with pytest.raises(TableError, match="row 4"):
        read_source(table, Roles("long", "shop", "ds", ("y",), ("kind",)))
    source = read_source(table[:2], Roles("long", "shop", "ds", ("y",), ("kind",)))
    assert source.names == ("b", "a")
    assert source.owner.tolist() == [0, 1]
    np.testing.assert_array_equal(source.values, [[1], [NAN]])
    assert source.known["kind"].tolist() == ["W", None]
    turned = source.take(np.array([1, 0]))
    assert (turned.owner.tolist(), turned.numbers.tolist()) == ([1, 0], [1, 0])
    assert turned.known["kind"].tolist() == [None, "W"]


def test_blank_rows_are_passed_over_and_rows_keep_their_numbers() -> None:
    table = pl.DataFrame({"ds": ["2024-01-01", None, "2024-01-02"], "y": [1.0, None, 2.0]})
    source = read_source(table, Roles("wide", None, "ds", ("y",)))
    assert source.numbers.tolist() == [0, 2]
    with pytest.raises(TableError, match="nothing but blank rows"):
        read_source(table[1:2], Roles("wide", None, "ds", ("y",)))


def test_without_times_the_rows_of_each_series_are_counted() -> None:
    table = pl.DataFrame({"shop": ["a", "b", "a", "a", "b"], "y": range(5)})
    source = read_source(table, Roles("long", "shop", None, ("y",)))
    assert source.times.tolist() == [0, 0, 1, 2, 1]


def test_one_series_a_row() -> None:
    table = pl.DataFrame({"V1": ["H1", "H2"], "V2": [1.0, 4.0], "V3": [2.0, None]})
    source = read_source(table, Roles("rows", "V1", None, ("V2", "V3")))
    assert (source.names, source.owner.tolist(), source.times.tolist()) == (("H1", "H2"), [0, 0, 1, 1], [0, 1, 0, 1])
    np.testing.assert_array_equal(source.values, [[1], [2], [4], [NAN]])


@given(st.lists(st.sampled_from(["a", " a", "b ", "c"]), min_size=1))
def test_short_and_long_columns_of_ids_read_alike(cells: list[str]) -> None:
    column = pl.Series("id", cells)
    names, owner = read_ids(column, numbered(column))
    assert [names[i] for i in owner] == [cell.strip() for cell in cells]
    longer = pl.concat([column] * 5000)
    long_names, long_owner = read_ids(longer, numbered(longer))
    assert long_names == names
    assert long_owner.tolist() == owner.tolist() * 5000


def test_ids_that_became_floats_are_whole_again_and_missing_ones_are_named() -> None:
    assert read_ids(pl.Series([7.0, 11.0]), np.arange(2))[0] == ("7", "11")
    for cells in (["a", " ", "b"], ["a", None, "b"]):
        with pytest.raises(TableError, match="missing in row 3"):
            read_ids(pl.Series("id", cells), np.arange(3))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "closed"], "column 'y', row 3 .*: 'closed' is not a number"),
        (["1,234", "5,678"], "row 2 .*: '1,234' may mean thousands or a decimal comma"),
        (["1", "inf"], r"row 3 .*: the value is infinite \(inf\)"),
        (["1", "-1.7e308"], "row 3 .*: the value is too large to compute with"),
    ],
)
def test_targets_that_cannot_be_read(cells: list[str], message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_target(pl.Series("y", cells), np.arange(2))


def test_a_covariate_is_numbers_or_words_but_not_both() -> None:
    assert read_covariate(pl.Series(["1", "2.5", ""]), np.arange(3))[:2].tolist() == [1, 2.5]
    assert read_covariate(pl.Series(["1", "sale", "NA"]), np.arange(3)).tolist() == ["1", "sale", None]
    with pytest.raises(TableError, match=r"'price', row 2 .* infinite"):
        read_covariate(pl.Series("price", [np.inf]), np.arange(1))


@pytest.mark.parametrize("column", [np.array([1.0, NAN, 2.0]), np.array(["a", None, "b"], dtype=object)])
def test_missing_cells_of_both_kinds(column: np.ndarray) -> None:
    assert is_missing(column).tolist() == [False, True, False]
    absent = absent_like(column, 3)
    assert (absent.dtype, is_missing(absent).all()) == (column.dtype, True)
    assert differ(column, column).tolist() == [False] * 3
    assert differ(column, absent).tolist() == [True, False, True]


@pytest.mark.parametrize("cells", [[[1], [2]], [b"\xff", b"a"]])
def test_columns_of_neither_numbers_nor_text(cells: list[object]) -> None:
    with pytest.raises(TableError, match=r"id column 'x' holds .* values, neither numbers nor text"):
        read_ids(pl.Series("x", cells), np.arange(2))
    with pytest.raises(TableError, match="covariate column 'x' holds"):
        read_covariate(pl.Series("x", cells), np.arange(2))


def test_ids_that_are_beyond_integers() -> None:
    assert read_ids(pl.Series([1.0, 2.0**64, float("inf")]), np.arange(3))[0] == ("1", str(2.0**64), "inf")


def test_many_targets_are_read_at_once() -> None:
    table = pl.DataFrame(
        {"ds": ["2001-01-01", "2001-01-02"], "a": [1, None], "b": [0.5, float("nan")], "c": [2**60, 1]}
    )
    values = read_source(table, Roles("wide", None, "ds", ("c", "a", "b"))).values
    assert values[0].tolist() == [2.0**60, 1, 0.5]
    assert np.isnan(values[1]).tolist() == [False, True, True]
    with pytest.raises(TableError, match=r"column 'b', row 3 .*infinite"):
        read_source(table.with_columns(b=pl.Series([0.5, float("inf")])), Roles("wide", None, "ds", ("a", "b")))
