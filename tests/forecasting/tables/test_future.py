"""Known-future values: from the same table or one of their own, for every step of the horizon."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from foretell.errors import SettingsError, TableError
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.future import check_future, future_rows
from foretell.forecasting.tables.regularise import to_panel

KNOWN = Columns(known=("kind", "price"))


def panel() -> Panel:
    days = ["2001-01-01", "2001-01-02", "2001-01-03"]
    table = pl.DataFrame(
        {
            "unique_id": ["a"] * 3 + ["b"] * 2, "ds": days + days[:2], "y": [1, 2, None, 4, 5],
            "kind": ["W", "U", "A", "W", "A"], "price": [1, 2, 3, 4, 5],
        }
    )  # fmt: skip
    return to_panel(table, KNOWN)[0]


def test_rows_of_the_same_table() -> None:
    check_future(panel(), 0)
    with pytest.raises(TableError, match="'kind' has no value for 2001-01-03 in series 'b'"):
        check_future(panel(), 1)
    with pytest.raises(TableError, match="'kind' has no value for 2001-01-04 in series 'a'"):
        check_future(panel(), 2)


def test_a_long_table_of_their_own() -> None:
    future = pl.DataFrame(
        {
            "unique_id": ["b", "b", "a", "z"], "ds": ["2001-01-04", "2001-01-03", "2001-01-04", "2001-01-04"],
            "kind": ["U", "A", "U", "U"], "price": [7, 6, 8, 9],
        }
    )  # fmt: skip
    extended = future_rows(panel(), future, Columns(), 2)
    assert extended.offsets.tolist() == [0, 4, 8]
    assert extended.history.tolist() == [2, 2]
    assert extended.known["kind"].tolist() == ["W", "U", "A", "U", "W", "A", "A", "U"]
    assert extended.known["price"].tolist() == [1, 2, 3, 8, 4, 5, 6, 7]
    np.testing.assert_array_equal(extended.values, [1, 2, np.nan, np.nan, 4, 5, np.nan, np.nan])


def test_a_table_shared_by_all_series() -> None:
    future = pl.DataFrame({"ds": ["2001-01-03", "2001-01-04"], "kind": ["A", "U"], "price": ["6", "7"]})
    extended = future_rows(panel(), future, Columns(), 2)
    assert extended.known["kind"].tolist() == ["W", "U", "A", "U", "W", "A", "A", "U"]
    assert extended.known["price"].tolist() == [1, 2, 6, 7, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("future", "message"),
    [
        ({"ds": ["2001-01-03"], "kind": ["A"], "price": [1]}, "'kind' has no value for 2001-01-04 in series 'a'"),
        (
            {"ds": ["2001-01-03", "2001-01-04"], "kind": ["A", "A"], "price": [1, None]},
            "'price' has no value for 2001-01-04",
        ),
        ({"ds": ["2001-01-03"], "kindd": ["A"], "price": [1]}, "no known column 'kind'; did you mean 'kindd'"),
        ({"ds": ["2001-01-03", "2001-01-04"], "kind": ["A", "A"], "price": ["1", "x"]}, "'price', row 3"),
        ({"ds": [3, 4], "kind": ["A", "A"], "price": [1, 2]}, "must be dates"),
        ({"ds": ["2001-01-03", "2001-01-03"], "kind": ["A", "U"], "price": [1, 1]}, "two values of 'kind'"),
        ({"ds": ["2001-01-03 05:00"], "kind": ["A"], "price": [1]}, "off the grid of series 'a'"),
        ({"x": ["?"], "kind": ["A"], "price": [1]}, "no column of time stamps"),
        (
            {"unique_id": ["z", "z"], "ds": ["2001-01-03", "2001-01-04"], "kind": ["A", "A"], "price": [1, 2]},
            "'kind' has no value for 2001-01-04 in series 'a'",
        ),
    ],
)
def test_what_is_refused(future: dict[str, list[object]], message: str) -> None:
    with pytest.raises(TableError, match=message):
        future_rows(panel(), pl.DataFrame(future), Columns(), 2)


def test_without_known_columns() -> None:
    plain, _ = to_panel(pl.DataFrame({"ds": ["2001-01-01", "2001-01-02"], "y": [1, 2]}))
    check_future(plain, 5)
    with pytest.raises(SettingsError, match="--known"):
        future_rows(plain, pl.DataFrame({"ds": ["2001-01-03"]}), Columns(), 1)


def flagged(column: pl.Series) -> Panel:
    days = [f"2023-01-{day:02}" for day in range(1, 11)]
    table = pl.DataFrame({"ds": days, "y": range(10), "promo": column})
    return to_panel(table, Columns(known=("promo",)))[0]


@pytest.mark.parametrize("history", [["TRUE", "FALSE"], ["yes", "no"], ["True", "false"], [1, 0], [True, False]])
@pytest.mark.parametrize("future", [["True", "False"], ["Y", "n"], ["1", "0"], [1, 0], [1.0, 0.0], [True, False]])
def test_yes_and_no_in_any_spelling(history: list[object], future: list[object]) -> None:
    before = flagged(pl.Series(history * 5))
    after = pl.DataFrame({"ds": ["2023-01-11", "2023-01-12"], "promo": future})
    encoded = Covariates.fit(before).encode_steps(future_rows(before, after, Columns(known=("promo",)), 2))
    np.testing.assert_array_equal(encoded[-2:], encoded[:2])


def test_words_that_the_history_never_had() -> None:
    before = flagged(pl.Series(["sale", "plain"] * 5))
    after = pl.DataFrame({"ds": ["2023-01-11", "2023-01-12"], "promo": ["Sale", "gala"]})
    said = Columns(known=("promo",))
    with pytest.warns(
        UserWarning, match=r"'gala'; the history has 'plain', 'sale'. 1 of 2 future cells count as unknown"
    ):
        future_rows(before, after, said, 2)
    with pytest.raises(TableError, match="'gala', 'ball'; the history has 'plain', 'sale'"):
        future_rows(before, after.with_columns(promo=pl.Series(["gala", "ball"])), said, 2)
