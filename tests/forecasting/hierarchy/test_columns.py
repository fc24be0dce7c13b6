"""Levels named in a text or a list, and hierarchies that are none."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from foretell.errors import SettingsError, TableError
from foretell.forecasting.hierarchy.columns import level_columns, with_level_cells
from foretell.forecasting.tables.columns import Columns

LEVELS = ("region", "shop")


def rows(*cells: tuple[Any, Any, Any]) -> pl.DataFrame:
    return pl.DataFrame(cells, schema=["region", "shop", "item"], orient="row").with_columns(y=1.0)


@pytest.mark.parametrize("text", ["region > shop", "region>shop", ["region", "shop"], (" region ", "shop")])
def test_columns_from_the_top_down(text: Any) -> None:
    assert level_columns(text) == LEVELS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("region > ", "names columns from the top down"),
        ("> shop", "names columns from the top down"),
        ("region > shop > region", "goes round in a circle, back to 'region'"),
        (["a", "a"], "goes round in a circle, back to 'a'"),
    ],
)
def test_a_text_that_is_no_hierarchy(text: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        level_columns(text)


def test_series_are_named_by_all_levels_unless_their_id_is() -> None:
    frame = rows(("n", "a", "x"), ("n", "b", "y"))
    read, columns = with_level_cells(frame, Columns(hierarchy=LEVELS))
    assert (columns.id, columns.static, columns.layout) == ("region + shop", ("level region", "level shop"), "long")
    assert read["level shop"].to_list() == ["a", "b"]
    assert with_level_cells(frame, Columns(hierarchy=LEVELS, id="item"))[1].id == "item"
    assert with_level_cells(frame, Columns()) == (frame, Columns())


@pytest.mark.parametrize(
    ("frame", "columns", "said"),
    [
        (rows(("n", "a", "x")), Columns(hierarchy=("regions", "shop")), "no hierarchy column 'regions'; did you mean"),
        (
            rows(("n", "a", "x"), (None, "b", "y")),
            Columns(hierarchy=LEVELS),
            "an orphan: row 3 .*, shop 'b', has no region",
        ),
        (
            rows(("n", "a", "x"), ("n", " ", "y")),
            Columns(hierarchy=LEVELS),
            "an orphan: row 3 .*, region 'n', has no shop",
        ),
        (
            rows(("ann", "bob", "x"), ("bob", "cy", "x"), ("cy", "ann", "x")),
            Columns(hierarchy=LEVELS),
            "goes round in a circle: 'ann' > 'bob' > 'cy' > 'ann'",
        ),
        (
            rows(("n", "a", "x"), ("s", "b", "x")),
            Columns(hierarchy=LEVELS, id="item"),
            "the series 'x' lies in 'n' and 's' of region, .* one parent",
        ),
    ],
)
def test_a_table_that_is_no_hierarchy(frame: pl.DataFrame, columns: Columns, said: str) -> None:
    with pytest.raises(TableError, match=said):
        with_level_cells(frame, columns)


@pytest.mark.parametrize(
    "frame",
    [
        rows(("1", "2", "x"), ("2", "1", "y")),  # numbers are no names
        rows((1, 2, "x"), (2, 1, "y")),
        rows(("n", "n", "x"), ("s", "s", "y")),  # each has one of its own name
        rows(("n", "a", "x"), ("s", "a", "y"), ("n", "b", "z")),
    ],
)
def test_names_that_repeat_without_a_circle(frame: pl.DataFrame) -> None:
    with_level_cells(frame, Columns(hierarchy=LEVELS))
