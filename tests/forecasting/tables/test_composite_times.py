"""Times that are spread over several columns."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.errors import TableError
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.future import future_rows
from foretell.forecasting.tables.regularise import to_panel

YEARS = [2000 + i // 12 for i in range(48)]
MONTHS = [i % 12 + 1 for i in range(48)]
NAMES = "January February March April May June July August September October November December".split()  # noqa: SIM905
QUARTERS = [2000 + i // 4 for i in range(16)]
DAYS = [date(2023, 1, 1 + i // 24) for i in range(72)]
HOURS = [i % 24 for i in range(72)]


@pytest.mark.parametrize(
    ("columns", "frequency", "first", "last"),
    [
        ({"Year": YEARS, "Month": MONTHS}, "MS", "2000-01-01", "2003-12-01"),
        ({"month": [NAMES[m - 1] for m in MONTHS], "year": YEARS}, "MS", "2000-01-01", "2003-12-01"),
        ({"yr": YEARS, "mo": [NAMES[m - 1][:3] for m in MONTHS]}, "MS", "2000-01-01", "2003-12-01"),
        ({"year": YEARS[:20], "month": [f"{m:02}" for m in MONTHS[:20]]}, "MS", "2000-01", "2001-08"),
        ({"Year": QUARTERS, "Qtr": [1, 2, 3, 4] * 4}, "QS", "2000-01", "2003-10"),
        ({"year": QUARTERS, "quarter": ["Q1", "Q2", "Q3", "Q4"] * 4}, "QS", "2000-01", "2003-10"),
        ({"year": [2022] * 52, "week": range(1, 53)}, "W-MON", "2022-01-03", "2022-12-26"),
        ({"year": [2023] * 31, "month": [1] * 31, "day": range(1, 32)}, "D", "2023-01-01", "2023-01-31"),
        ({"year": [2023] * 40, "doy": range(1, 41)}, "D", "2023-01-01", "2023-02-09"),
        ({"dteday": DAYS, "hr": HOURS}, "h", "2023-01-01", "2023-01-03T23"),
        ({"date": [str(d) for d in DAYS], "hour": [h + 1 for h in HOURS]}, "h", "2023-01-01", "2023-01-03T23"),
        ({"Date": [f"{d:%d/%m/%Y}" for d in DAYS], "Time": [f"{h:02}.00.00" for h in HOURS]}, "h", "2023-01-01",
         "2023-01-03T23"),
        ({"date": [int(f"{d:%Y%m%d}") for d in DAYS], "time": [time(h) for h in HOURS]}, "h", "2023-01-01",
         "2023-01-03T23"),
        ({"year": [2023] * 72, "month": [1] * 72, "day": [d.day for d in DAYS], "hour": HOURS}, "h", "2023-01-01",
         "2023-01-03T23"),
        ({"date": [DAYS[0]] * 60, "hour": [i // 12 for i in range(60)], "minute": [i % 12 * 5 for i in range(60)]},
         "5min", "2023-01-01", "2023-01-01T04:55"),
    ],
)  # fmt: skip
def test_columns_that_are_a_time_together(columns: dict[str, Any], frequency: str, first: str, last: str) -> None:
    rows = len(next(iter(columns.values())))
    panel, findings = to_panel(pl.DataFrame({**columns, "cnt": [i * i % 7 + 40 for i in range(rows)]}))
    assert (panel.ids, findings.frequency, findings.missing) == (("cnt",), frequency, 0)
    assert findings.time is not None
    assert " + " in findings.time
    assert any("together were read as the time" in note for note in findings.notes)
    times = panel.times(0, rows)
    assert (times[0], times[-1]) == (np.datetime64(first, "us"), np.datetime64(last, "us"))


def test_each_store_has_its_own_hours() -> None:
    table = pl.DataFrame({"store": ["a"] * 72 + ["b"] * 72, "date": DAYS * 2, "hour": HOURS * 2, "sales": range(144)})
    panel, findings = to_panel(table)
    assert (panel.ids, panel.history.tolist(), findings.time) == (("a", "b"), [72, 72], "date + hour")


def test_an_hour_that_tells_of_the_day_is_no_part_of_the_time() -> None:
    days = [date(2023, 1, 1 + i) for i in range(30)]
    table = pl.DataFrame(
        {"store": ["a"] * 30 + ["b"] * 30, "date": days * 2, "hour": [9, 17, 12] * 20, "sales": range(60)}
    )
    _, findings = to_panel(table)
    assert (findings.id, findings.time, findings.frequency) == ("store", "date", "D")


def test_a_part_of_the_time_that_is_said() -> None:
    table = pl.DataFrame({"Year": YEARS, "Month": MONTHS, "v": range(48)})
    for said in ("Year", "Year + Month", "Year+Month"):
        assert to_panel(table, Columns(time=said))[1].time == "Year + Month"
    with pytest.raises(TableError, match="column 'J' was named as part of the time"):
        to_panel(table.rename({"Month": "J"}), Columns(time="Year + J"))


def test_a_month_that_is_none_names_its_row() -> None:
    table = pl.DataFrame({"Year": YEARS, "Month": [*MONTHS[:-1], 13], "v": range(48)})
    with pytest.raises(TableError, match=r"'2003-13' in column 'Year \+ Month', row 49"):
        to_panel(table)


def test_future_values_have_their_time_in_the_same_columns() -> None:
    table = pl.DataFrame({"Year": YEARS, "Month": MONTHS, "v": range(48), "price": [1.0, 2.0] * 24})
    panel, findings = to_panel(table, Columns(known=("price",)))
    future = pl.DataFrame({"Year": [2004], "Month": [1], "price": [3.0]})
    extended = future_rows(panel, future, Columns(time=findings.time, known=("price",)), 1)
    assert extended.known["price"][-1] == 3.0
