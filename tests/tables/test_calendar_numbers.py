"""Numbers as times: dates, months, weeks and quarters in digits, serial dates, epochs and plain counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import product

import numpy as np
import pytest

from foretell.errors import TableError
from foretell.tables.calendar_numbers import times_of_floats, times_of_integers
from foretell.tables.parsed_times import ParsedTimes

DAYS = [date(2023, 1, 1) + timedelta(days=i) for i in range(200)]
WEEKS = [(date(2018, 1, 1) + timedelta(weeks=i)).isocalendar() for i in range(153)]


def read(values: list[int], name: str = "t", **options: bool) -> ParsedTimes:
    return times_of_integers(np.array(values), name, np.arange(len(values)), **options)


def stamps(*texts: object) -> np.ndarray:
    return np.array([str(text) for text in texts], "datetime64[us]")


@pytest.mark.parametrize("name", ["yearweek", "yyyyww", "date", "t"])
def test_weeks(name: str) -> None:
    parsed = read([100 * week.year + week.week for week in WEEKS], name)
    assert parsed.words == "weeks as YYYYWW"
    np.testing.assert_array_equal(parsed.values, stamps(*(date(2018, 1, 1) + timedelta(weeks=i) for i in range(153))))


def test_a_week_53_that_the_year_does_not_have_is_named() -> None:
    cells = [100 * week.year + week.week for week in WEEKS]
    with pytest.raises(TableError, match=r"201853 in column 'week', row 7 .*is not a week"):
        read([*cells[:5], 201853, *cells[5:]], "week")


@pytest.mark.parametrize("name", ["quarter", "period", "t"])
@pytest.mark.parametrize("scale", [10, 100])
def test_quarters(name: str, scale: int) -> None:
    parsed = read([year * scale + quarter for year, quarter in product(range(2010, 2024), range(1, 5))], name)
    assert parsed.words == ("quarters as YYYYQ" if scale == 10 else "quarters as YYYYQQ")
    np.testing.assert_array_equal(parsed.values[:5], stamps("2010-01", "2010-04", "2010-07", "2010-10", "2011-01"))


def test_months_and_quarters_of_one_year_are_told_by_name() -> None:
    assert read([202301, 202302, 202303, 202304], "month").words == "months as YYYYMM"
    assert read([202301, 202302, 202303, 202304], "t").words == "months as YYYYMM"
    assert read([202301, 202302, 202303, 202304], "fiscal_quarter").words == "quarters as YYYYQQ"
    assert read([202301, 202302, 202303, 202304], "iso_week").words == "weeks as YYYYWW"
    assert read([20231, 20232, 20233, 20234], "quarter").words == "quarters as YYYYQ"


def test_months_with_gaps_and_newest_first() -> None:
    months = [year * 100 + month for year, month in product(range(2019, 2023), range(1, 13)) if month != 8]
    assert read(months, "t").words == "months as YYYYMM"
    np.testing.assert_array_equal(read(months[::-1], "t").values[:1], stamps("2022-12-01"))


def test_dates_within_years() -> None:
    cells = [2022000 + int(f"{(date(2022, 1, 1) + timedelta(days=i)):%j}") for i in range(365)]
    parsed = read([*cells, 2023001, 2023002], "t")
    assert parsed.words == "dates as YYYYDDD"
    np.testing.assert_array_equal(parsed.values[[31, 365]], stamps("2022-02-01", "2023-01-01"))


@pytest.mark.parametrize("wrong", [20230229, 20230732, 20231301, 99991231, 2023031])
def test_the_odd_number_among_dates_is_named(wrong: int) -> None:
    cells = [int(f"{day:%Y%m%d}") for day in DAYS]
    cells[59] = wrong
    with pytest.raises(TableError, match=rf"{wrong} in column 'date', row 61 .*is not a date, though nearly all"):
        read(cells, "date")
    with pytest.raises(TableError, match=r"row 4 .*is not a date"):
        read([20230101, 20230102, wrong], "t")


def test_the_odd_number_among_months_is_named() -> None:
    cells = [year * 100 + month for year, month in product(range(2019, 2023), range(1, 13))]
    with pytest.raises(TableError, match=r"201913 in column 't', row 14 .*is not a month"):
        read([*cells[:12], 201913, *cells[12:]])


@pytest.mark.parametrize(
    "cells",
    [
        range(20230101, 20230301), range(201801, 201950), range(45000, 45200), range(50), range(20230, 20260),
        range(202301, 202331), range(10_000, 20_000, 7),
    ],
)  # fmt: skip
def test_counts_stay_counts(cells: range) -> None:
    parsed = read(list(cells), "t")
    assert parsed.words == "integers"
    assert parsed.values.tolist() == list(cells)


def test_counts_by_request() -> None:
    assert read([20230101, 20230102], "date", counts=True).words == "integers"


@pytest.mark.parametrize("name", ["date", "Order Date", "ds", "Datum", "week", "day"])
def test_serial_dates(name: str) -> None:
    parsed = read(list(range(45000, 45200)), name)
    assert parsed.words == "a spreadsheet's serial dates"
    np.testing.assert_array_equal(parsed.values[[0, -1]], stamps("2023-03-15", "2023-09-30"))
    assert "45000 is 2023-03-15" in str(parsed.assumed)
    assert "--frequency" in str(parsed.assumed)


def test_serial_dates_that_are_even_as_months_only() -> None:
    first = date(1899, 12, 30)
    cells = [(date(2020 + i // 12, i % 12 + 1, 1) - first).days for i in range(40)]
    np.testing.assert_array_equal(read(cells, "t").values[:2], stamps("2020-01-01", "2020-02-01"))


def test_serial_dates_with_a_clock() -> None:
    cells = np.round(45000 + np.arange(48) / 24, 6)
    parsed = times_of_floats(cells, "t", np.arange(48))
    start = datetime(2023, 3, 15)
    np.testing.assert_array_equal(parsed.values, stamps(*((start + timedelta(hours=i)).isoformat() for i in range(48))))
