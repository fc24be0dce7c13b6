"""Which columns tell the series of a table apart."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.errors import SettingsError
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.identity import possible_ids
from foretell.forecasting.tables.regularise import to_panel
from foretell.forecasting.tables.roles import find_roles
from foretell.tables.delimited import parse_delimited

DAYS = [f"2023-01-{day:02}" for day in range(1, 32)] + [f"2023-02-{day:02}" for day in range(1, 28)]
RANDOM = np.random.default_rng(0)


def counts(rows: int) -> list[int]:
    return RANDOM.permutation(rows).tolist()


@pytest.mark.parametrize("target", ["sales", "y", "demand", "amt", "Umsatz", "units_sold"])
def test_the_target_is_never_the_id_wherever_it_stands(target: str) -> None:
    table = pl.DataFrame({"date": DAYS * 3, target: counts(174), "branch": [1] * 58 + [2] * 58 + [3] * 58})
    roles = find_roles(table, Columns())
    assert (roles.layout, roles.id, roles.targets) == ("long", "branch", (target,))


@pytest.mark.parametrize("codes", [("00000", "00001", "00002"), ("90210", "02139", "94103"), ("10", "20", "30")])
@pytest.mark.parametrize("column", ["shop", "a", "zip"])
def test_codes_written_as_text_are_ids_and_no_times(codes: tuple[str, ...], column: str) -> None:
    table = pl.DataFrame({column: [code for code in codes for _ in DAYS], "date": DAYS * 3, "y": counts(174)})
    roles = find_roles(table, Columns())
    assert (roles.layout, roles.id, roles.time, roles.targets) == ("long", column, "date", ("y",))


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ({"store_nbr": [1, 1, 2, 2]}, {"family": ["tea", "milk"] * 2}, "store_nbr + family"),
        ({"Store": [1, 1, 2, 2]}, {"Dept": [1, 2] * 2}, "Store + Dept"),
        ({"a": [1, 1, 2, 2]}, {"b": [1, 2] * 2}, "a + b"),
    ],
)
def test_several_columns_together_name_a_series(first: dict[str, Any], second: dict[str, Any], name: str) -> None:
    days = 20
    dates = [day for day in DAYS[:days] for _ in range(4)]
    numbers = {"row": range(4 * days), "date": dates}
    parts = {key: cells * days for key, cells in {**first, **second}.items()}
    table = pl.DataFrame({**numbers, **parts, "promo": [0, 1, 1, 0] * days, "sales": counts(4 * days)})
    roles = find_roles(table, Columns())
    assert (roles.layout, roles.id, roles.targets) == ("long", name, ("sales",))
    assert "together name a series" in roles.notes[0]
    panel, findings = to_panel(table)
    one, two = (cells[:1] for cells in (next(iter(first.values())), next(iter(second.values()))))
    assert panel.ids[0] == f"{one[0]}/{two[0]}"
    assert (len(panel), findings.missing) == (4, 0)
    assert find_roles(table, Columns(id=name.replace(" ", ""))).id == name


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["north", "south"], ["store", "date", "sales"]),
        (["north", "south"], ["date", "sales", "shop"]),
        ([1, 2], ["store", "date", "sales"]),
        (["reds", "blues"], ["team", "date", "points"]),
    ],
)
def test_series_that_never_share_a_time_stay_apart(names: list[Any], order: list[str]) -> None:
    series, target = (
        name for name in sorted(order, key=["store", "shop", "team"].count, reverse=True) if name != "date"
    )
    cells = {"date": DAYS, target: counts(58), series: [names[0]] * 29 + [names[1]] * 29}
    panel, findings = to_panel(pl.DataFrame({name: cells[name] for name in order}))
    assert (findings.layout, findings.id, panel.ids) == ("long", series, tuple(str(name) for name in names))
    assert panel.history.tolist() == [29, 29]


@pytest.mark.parametrize(
    "column",
    [
        {"weather": ["sun", "rain"] * 29},
        {"weekday": ["Mon", "Tue"] * 29},
        {"open": ["yes", "no"] * 29},
        {"store": ["north"] * 58},
        {"product": [str(i) for i in range(58)]},
    ],
)
def test_what_only_tells_of_a_day_is_no_id(column: dict[str, list[str]]) -> None:
    table = pl.DataFrame({**column, "date": DAYS, "y": counts(58)})
    assert find_roles(table, Columns()).layout == "wide" or "weather" in column


def test_wide_columns_called_like_things_are_series() -> None:
    table = pl.DataFrame({"date": DAYS, "city": [3, 4] * 29, "airport": [7, 8] * 29})
    assert find_roles(table, Columns()).targets == ("city", "airport")


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ("ds", "'ds' is named as known, but it holds the times"),
        ("store", "'store' is named as known, but it distinguishes the series"),
        ("y", "'y' is named as known, but it holds what is to be forecast"),
    ],
)
def test_a_known_column_is_neither_time_nor_id_nor_target(known: str, message: str) -> None:
    table = pl.DataFrame(
        {"store": ["a"] * 58 + ["b"] * 58, "ds": DAYS * 2, "y": counts(116), "month": [1] * 116, "price": counts(116)}
    )
    with pytest.raises(SettingsError, match=message):
        find_roles(table, Columns(known=(known,)))
    assert find_roles(table, Columns(known=("price",))).known == ("price",)


@pytest.mark.parametrize("column", ["section", "item", "clause", "x"])
@pytest.mark.parametrize("ids", [("1.1", "1.10", "1.2"), ("1E2", "100", "2E2"), ("+7", "7", "7.0"), ("12", "13", "14")])
def test_ids_are_text_as_written(column: str, ids: tuple[str, ...]) -> None:
    rows = [f"{name},{day},{i + 0.5}" for name in ids for i, day in enumerate(DAYS)]
    text = "\n".join([f"{column},date,qty", *rows]).encode()
    table = parse_delimited(text, "t.csv", as_written=partial(possible_ids, said=Columns()))
    assert table["qty"].dtype == pl.Float64
    panel, findings = to_panel(table)
    assert (panel.ids, findings.id) == (ids, column)
    assert panel.history.tolist() == [len(DAYS)] * 3
