"""Rows finer than the steps of a table: sales, events and uneven measurements become series."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell import Forecaster
from foretell.errors import SettingsError, TableError
from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.reading import Reading
from foretell.forecasting.tables.regularise import to_panel
from foretell.tables.frequency import Frequency

DAY = timedelta(days=1)


def read(rows: list[tuple[Any, ...]], names: str = "ds,y", **columns: Any) -> tuple[Panel, str]:
    """Return the panel of a table of rows, and its notes."""
    panel, findings = to_panel(pl.DataFrame(rows, schema=names.split(","), orient="row"), Columns(**columns))
    return panel, " ".join(findings.notes)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("sum", [9.0, 0.0, 4.0]),
        ("mean", [3.0, np.nan, 4.0]),
        ("median", [2.0, np.nan, 4.0]),
        ("min", [1.0, np.nan, 4.0]),
        ("max", [6.0, np.nan, 4.0]),
        ("first", [6.0, np.nan, 4.0]),
        ("last", [2.0, np.nan, 4.0]),
        ("count", [3.0, 0.0, 1.0]),
    ],
)
def test_rows_of_one_day_become_one_value(how: str, expected: list[float]) -> None:
    rows = [(date(2024, 1, 1), 6.0), (date(2024, 1, 1), 1.0), (date(2024, 1, 1), 2.0), (date(2024, 1, 3), 4.0)]
    panel, notes = read(rows, aggregate=how, frequency="D")
    np.testing.assert_array_equal(panel.values, expected)
    assert "4 rows became 2: of the rows within one step the" in notes
    assert ("a step without a row counts as 0" in notes) == (how in ("sum", "count"))


def test_alike_sales_are_added_up_and_empty_cells_are_no_sales() -> None:
    day = datetime(2024, 1, 1, 9)
    rows = [(day, 5.0), (day, 5.0), (day + DAY, None), (day + 2 * DAY, 1.0), (day + 3 * DAY, 2.0)]
    panel, _ = read(rows, aggregate="sum", frequency="D")
    np.testing.assert_array_equal(panel.values, [10, np.nan, 1, 2])
    assert panel.starts[0] == np.datetime64("2024-01-01")


def test_days_become_weeks_and_months_without_those_covered_in_part() -> None:
    days = [(date(2024, 1, 3) + i * DAY, 1.0) for i in range(100)]  # Wednesday, to 2024-04-11
    weeks, notes = read(days, aggregate="sum", frequency="W")
    assert weeks.values.tolist() == [7.0] * 13
    assert weeks.starts[0] == np.datetime64("2024-01-14")
    assert "The first step, 2024-01-07, is covered only in part and was left out." in notes
    assert "The last step, 2024-04-14, is covered only in part and was left out." in notes
    months, _ = read([(date(2024, 1, 1) + i * DAY, float(i)) for i in range(100)], aggregate="mean", frequency="MS")
    assert months.values.tolist() == [15.0, 45.0, 75.0, 95.0]


def test_days_of_shops_that_close_in_the_evening_are_covered() -> None:
    opening = [datetime(2024, 1, 1, 9) + i * DAY + timedelta(hours=h) for i in range(10) for h in range(i % 3, 9)]
    panel, notes = read([(time, 1.0) for time in opening], aggregate="sum", frequency="D")
    assert panel.values.tolist() == [float(9 - i % 3) for i in range(10)]
    assert "covered only in part" not in notes


def test_series_that_sell_no_more_go_on_with_zeros_to_the_end_of_the_table() -> None:
    rows = [(name, date(2024, 1, 1) + i * DAY, 2.0) for name, days in (("a", 9), ("b", 3)) for i in range(days)]
    panel, _ = read(rows, "id,ds,y", aggregate="sum", frequency="D")
    assert panel.history.tolist() == [9, 9]
    assert panel.values[9:].tolist() == [2.0] * 3 + [0.0] * 6
    panel, _ = read(rows, "id,ds,y", aggregate="mean", frequency="D")
    assert panel.history.tolist() == [9, 3]


def test_future_rows_of_known_columns_stay_future() -> None:
    rows = [(datetime(2024, 1, 1, 12 * (i % 2)) + i // 2 * DAY, 1.0, float(i)) for i in range(20)]
    ahead = [(date(2024, 1, 11) + i * DAY, None, 50.0 + i) for i in range(3)]
    rows += [(datetime(day.year, day.month, day.day), y, price) for day, y, price in ahead]
    panel, _ = read(rows, "ds,y,price", aggregate="sum", frequency="D", known=("price",))
    assert panel.history.tolist() == [10]
    np.testing.assert_array_equal(panel.values, [2.0] * 10 + [np.nan] * 3)
    assert np.asarray(panel.known["price"]).tolist() == [0.5 + 2 * i for i in range(10)] + [50.0, 51.0, 52.0]


def test_words_get_the_first_of_their_step() -> None:
    rows = [(date(2024, 1, 1) + i // 2 * DAY, float(i), word) for i, word in enumerate([None, "a", "b", "c", "d", "d"])]
    panel, _ = read(rows, "ds,y,kind", aggregate="mean", frequency="D", past=("kind",))
    assert list(panel.past["kind"]) == ["a", "b", "d"]


def test_wide_tables_and_zones() -> None:
    times = pl.datetime_range(
        datetime(2024, 3, 30), datetime(2024, 4, 1, 23), "1h", time_zone="Europe/Berlin", eager=True
    )
    frame = pl.DataFrame({"ds": times, "one": 1.0, "two": 2.0})
    panel, _ = to_panel(frame, Columns(aggregate="sum", frequency="D"))
    assert panel.ids == ("one", "two")
    assert panel.values.tolist() == [24.0, 23.0, 24.0, 48.0, 46.0, 48.0]  # clocks are put forward on the 31st


def test_uneven_measurements_become_even_ones() -> None:
    random = np.random.default_rng(0)
    minutes = np.sort(random.choice(60 * 48, 600, replace=False))
    rows = [(datetime(2024, 1, 1) + timedelta(minutes=int(m)), float(m)) for m in minutes]
    with pytest.raises(TableError, match="combine the rows within each step with --aggregate mean or sum"):
        read(rows, frequency="h")
    panel, _ = read(rows, frequency="h", aggregate="mean")
    assert panel.values.tolist() == [minutes[minutes // 60 == hour].mean() for hour in range(48)]


def test_a_few_contradictions_are_averaged_and_many_refused() -> None:
    rows = [(date(2024, 1, 1) + i * DAY, float(i)) for i in range(200)]
    panel, notes = read([*rows, (date(2024, 1, 3), 4.0)])
    assert panel.values[:4].tolist() == [0.0, 1.0, 3.0, 3.0]
    assert "1 rows repeat the time of another with other values: their mean was taken" in notes
    again = [(day, y + 1) for day, y in rows[:5]]
    with pytest.raises(TableError, match=r"appears twice with different values .* --aggregate sum, mean or last"):
        read(rows + again)
    panel, _ = read(rows + again, aggregate="last")
    assert panel.values[:6].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 5.0]


def test_a_model_reads_newer_rows_as_it_read_its_own(tmp_path: Any) -> None:
    random = np.random.default_rng(1)
    times = [datetime(2024, 1, 1) + timedelta(hours=int(h)) for h in np.sort(random.integers(0, 24 * 60, 2_000))]
    sales = pl.DataFrame({"sold at": times, "euros": random.integers(1, 9, 2_000)})
    fitted = Forecaster("pretrained", 3, frequency="D", aggregate="sum").fit(sales)
    fitted.save(tmp_path / "model")
    assert Forecaster.load(tmp_path / "model").columns.aggregate == "sum"
    by_day = sales.group_by(pl.col("sold at").dt.truncate("1d")).agg(pl.col("euros").sum()).sort("sold at")
    expected = Forecaster("pretrained", 3, frequency="D").fit(by_day).predict()
    assert fitted.predict().equals(expected)
    assert Forecaster.load(tmp_path / "model").predict(sales).equals(expected)
    reading = Reading.like(sales, fitted.columns, Frequency("D"))
    assert reading.panel.values.tolist() == by_day["euros"].to_list()


def test_ways_that_do_not_exist_are_refused() -> None:
    with pytest.raises(SettingsError, match="aggregate is 'total': it must be one of sum, mean"):
        Forecaster(aggregate="total")  # type: ignore[arg-type]


def test_sales_are_one_series_unless_a_column_is_named() -> None:
    random = np.random.default_rng(2)
    days = [date(2024, 1, 1) + i // 20 * DAY for i in range(1_000)]
    sales = pl.DataFrame({"date": days, "order_id": np.arange(1_000) // 3, "euros": random.integers(1, 9, 1_000)})
    sales = sales.with_columns(shop=pl.Series(random.choice(["north", "south"], 1_000)))
    one, findings = to_panel(sales, Columns(aggregate="sum", frequency="D"))
    assert one.ids == ("euros",)
    assert "All rows are of one series; name the column that distinguishes several with --id." in findings.notes
    two, _ = to_panel(sales, Columns(id="shop", aggregate="sum", frequency="W"))
    assert sorted(two.ids) == ["north", "south"]
    assert two.values.sum() == sales.filter(pl.col("date") < date(2024, 2, 19))["euros"].sum()  # whole weeks


def test_days_of_several_shops_become_weeks_of_each() -> None:
    rows = [(shop, date(2024, 1, 1) + i * DAY, 1.0) for shop in ("north", "south") for i in range(28)]
    panel, _ = read(rows, "shop,ds,sold", aggregate="sum", frequency="W")
    assert panel.ids == ("north", "south")
    assert panel.values.tolist() == [7.0] * 8


def test_rows_without_numbers_are_counted() -> None:
    random = np.random.default_rng(3)
    times = [datetime(2024, 1, 1) + timedelta(minutes=int(m)) for m in np.sort(random.integers(0, 10_080, 500))]
    events = pl.DataFrame({"when": times, "what": random.choice(["fire", "flood"], 500)})
    panel, _ = to_panel(events, Columns(aggregate="count", frequency="D"))
    assert panel.ids == ("count",)
    assert panel.values.tolist() == events.group_by(pl.col("when").dt.date()).len().sort("when")["len"].to_list()
    fitted = Forecaster("pretrained", 2, frequency="D", aggregate="count").fit(events)
    assert fitted.predict(events).equals(fitted.predict())
