"""Tables with one series per row and several columns that describe it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from foretell.errors import TableError
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.regularise import to_panel


def steps(names: list[str], rows: int) -> dict[str, list[float]]:
    return {name: [float(10 * row + i) for row in range(rows)] for i, name in enumerate(names)}


def test_days_that_are_counted_with_names_before_them() -> None:
    names = {"id": ["F0_S1", "F1_S1"], "item_id": ["F0", "F1"], "store_id": ["S1", "S1"]}
    panel, findings = to_panel(pl.DataFrame({**names, **steps([f"d_{i}" for i in range(1, 9)], 2)}))
    assert (findings.layout, findings.id, panel.ids) == ("rows", "id", ("F0_S1", "F1_S1"))
    assert panel.series(1).tolist() == [float(i) for i in range(10, 18)]
    assert any("'item_id', 'store_id'" in note for note in findings.notes)


def test_described_columns_may_be_static() -> None:
    names = {"id": ["F0_S1", "F1_S1"], "item_id": ["F0", "F1"]}
    table = pl.DataFrame({**names, **steps([f"d_{i}" for i in range(1, 9)], 2)})
    panel, _ = to_panel(table, Columns(static=("item_id",)))
    assert panel.static["item_id"].tolist() == ["F0", "F1"]
    with pytest.raises(TableError, match=r"cannot have known columns \(item_id\)"):
        to_panel(table, Columns(known=("item_id",)))


@pytest.mark.parametrize(
    ("header", "frequency", "first"),
    [
        ([str(year) for year in range(1960, 1970)], "YS", "1960-01-01"),
        ([f"{year} [YR{year}]" for year in range(1960, 1970)], "YS", "1960-01-01"),
        ([f"X{year}" for year in range(1960, 1970)], "YS", "1960-01-01"),
        ([f"1/{day}/20" for day in range(22, 32)], "D", "2020-01-22"),
        ([f"X1.{day}.20" for day in range(22, 32)], "D", "2020-01-22"),
        ([f"2020-{month:02}-01" for month in range(1, 11)], "MS", "2020-01-01"),
        ([f"2020-{month:02}" for month in range(1, 11)], "MS", "2020-01-01"),
        ([f"sales_2020_{month:02}" for month in range(1, 11)], "MS", "2020-01-01"),
        ([f"2020{month:02}" for month in range(1, 11)], "MS", "2020-01-01"),
        ([f"202001{day}" for day in range(10, 20)], "D", "2020-01-10"),
        ([f"{2018 + i // 4}Q{i % 4 + 1}" for i in range(10)], "QS", "2018-01-01"),
    ],
)
def test_headers_that_are_times(header: list[str], frequency: str, first: str) -> None:
    names = {
        "Country Name": ["Aruba", "Chad", "Chad"], "Country Code": ["ABW", "TCD", "TCD"],
        "Indicator Name": ["GDP", "GDP", "Rain"], "Lat": [12.5, -5.0, -5.0],
    }  # fmt: skip
    panel, findings = to_panel(pl.DataFrame({**names, **steps(header, 3)}))
    assert (findings.layout, findings.frequency) == ("rows", frequency)
    assert findings.id == "Country Name + Indicator Name"
    assert panel.ids == ("Aruba/GDP", "Chad/GDP", "Chad/Rain")
    assert panel.starts[0] == np.datetime64(first, "us")
    assert panel.history.tolist() == [10, 10, 10]


def test_a_part_of_the_name_may_be_missing() -> None:
    names = {"Province/State": [None, "Hubei", "Hebei"], "Country/Region": ["Italy", "China", "China"]}
    panel, _ = to_panel(pl.DataFrame({**names, **steps([f"1/{day}/20" for day in range(22, 32)], 3)}))
    assert set(panel.ids) in ({"Italy", "Hubei", "Hebei"}, {"Italy", "Hubei/China", "Hebei/China"})


def test_two_rows_of_one_name_are_named() -> None:
    table = pl.DataFrame({"name": ["a", "b", "a"], **steps(["2020", "2021", "2022", "2023"], 3)})
    with pytest.raises(TableError, match=r"rows 2 and 4 .* have the same name 'a'"):
        to_panel(table)


def test_features_that_are_counted_are_no_steps() -> None:
    days = [f"2023-01-{day:02}" for day in range(1, 21)]
    table = pl.DataFrame({"date": days, **steps(["x_1", "x_2", "x_3", "x_4"], 20)})
    assert to_panel(table)[1].layout == "wide"
