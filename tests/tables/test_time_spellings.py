"""Spellings of times that people bring, each with the times that it means."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from foretell.errors import TableError
from foretell.tables.times import parse_times, time_share

MONTHS = ["2019-01-01", "2019-02-01"]
QUARTERS = ["2010-01-01", "2010-04-01"]
MONDAYS = ["2019-12-30", "2020-01-06"]
CLOCK = ["2019-01-31T05:00", "2019-01-31T06:00"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["Jan-19", "Feb-19"], MONTHS),
        (["Jan 19", "Feb 19"], MONTHS),
        (["Jan '19", "Feb '19"], MONTHS),
        (["JAN19", "FEB19"], MONTHS),
        (["January, 2019", "February, 2019"], MONTHS),
        (["Jan/2019", "Feb/2019"], MONTHS),
        (["2019 Jan", "2019 Feb"], MONTHS),
        (["2019M01", "2019M02"], MONTHS),
        (["2019:1", "2019:2"], MONTHS),
        (["2019.1", "2019.2"], MONTHS),
        (["01.2019", "02.2019"], MONTHS),
        (["Januar 2019", "Februar 2019"], MONTHS),
        (["janv. 2019", "févr. 2019"], MONTHS),
        (["enero de 2019", "febrero de 2019"], MONTHS),
        (["1-Jan-19", "1-Feb-19"], MONTHS),
        (["01JAN2019", "01FEB2019"], MONTHS),
        (["1. März 2019", "2. Mai 2019"], ["2019-03-01", "2019-05-02"]),
        (["Jan 1, 2019", "February 1st, 2019"], MONTHS),
        (["Tue, 01 Jan 2019", "Fri, 01 Feb 2019"], MONTHS),
        (["Tuesday 2019-01-01", "Friday 2019-02-01"], MONTHS),
        (["Thu Jan 31 05:00:00 2019", "Thu Jan 31 06:00:00 2019"], CLOCK),
        (["31JAN2019:05:00:00", "31JAN2019:06:00:00"], CLOCK),
        (["2019-01-31 05", "2019-01-31 06"], CLOCK),
        (["2019-01-31T05h", "2019-01-31T06h"], CLOCK),
        (["31.01.2019 05:00 - 31.01.2019 06:00", "31.01.2019 06:00 - 31.01.2019 07:00"], CLOCK),
        (["31/01/2019 23:00", "31/01/2019 24:00"], ["2019-01-31T23:00", "2019-02-01T00:00"]),
        (["1984-85", "1994-95"], ["1984-01-01", "1994-01-01"]),
        (["FY10 Q1", "FY10 Q2"], QUARTERS),
        (["FY2010-Q1", "FY2010-Q2"], QUARTERS),
        (["FY10Q1", "FY10Q2"], QUARTERS),
        (["Q1 FY10", "Q2 FY10"], QUARTERS),
        (["Q1 10", "Q2 10"], QUARTERS),
        (["Q1'10", "Q2'10"], QUARTERS),
        (["Q1/2010", "Q2/2010"], QUARTERS),
        (["Qtr 1, 2010", "Qtr 2, 2010"], QUARTERS),
        (["1Q2010", "2Q2010"], QUARTERS),
        (["1Q10", "2Q10"], QUARTERS),
        (["1st quarter 2010", "2nd quarter 2010"], QUARTERS),
        (["2010 1Q", "2010 2Q"], QUARTERS),
        (["2010:Q1", "2010:Q2"], QUARTERS),
        (["10Q1", "10Q2"], QUARTERS),
        (["2010H1", "2010H2"], ["2010-01-01", "2010-07-01"]),
        (["H1 2010", "H2 2010"], ["2010-01-01", "2010-07-01"]),
        (["2020-W01-1", "2020-W02-1"], MONDAYS),
        (["2020W011", "2020W021"], MONDAYS),
        (["2020-W01-7", "2020-W02-7"], ["2020-01-05", "2020-01-12"]),
        (["2020W01", "2020W02"], MONDAYS),
        (["2020 week 1", "2020 week 2"], MONDAYS),
        (["W1 2020", "W2 2020"], MONDAYS),
        (["KW 01/2020", "KW 02/2020"], MONDAYS),
        (["2019-12-30/2020-01-05", "2020-01-06/2020-01-12"], MONDAYS),
        (["2019-001", "2019-032"], MONTHS),
        (["FY2018", "FY2019"], ["2018-01-01", "2019-01-01"]),
        (["2017/18", "2018/19", "2019/20"], ["2017-01-01", "2018-01-01", "2019-01-01"]),
    ],
)
def test_spelling(cells: list[str], expected: list[str]) -> None:
    parsed = parse_times(pl.Series(cells), "ds")
    np.testing.assert_array_equal(parsed.values, np.array(expected, "datetime64[us]"))


@pytest.mark.parametrize(
    ("years", "first"),
    [(range(49, 61), 1949), (range(19, 25), 2019), (range(60, 70), 1960), (range(30, 35), 2030), ((99, 0, 1), 1999)],
)
def test_years_of_two_digits_are_one_run_that_has_mostly_been(years: range, first: int) -> None:
    for pattern in ("Jan-{:02}", "1-Jan-{:02}", "Q1 {:02}", "01/31/{:02}"):
        parsed = parse_times(pl.Series([pattern.format(year) for year in years]), "ds")
        found = parsed.values.astype("datetime64[Y]").astype(int) + 1970
        assert found.tolist() == list(range(first, first + len(years)))


@pytest.mark.parametrize("cells", [["1-11", "1-12", "2-01"], ["1-Nov", "1-Dec", "2-Jan"], ["2-01", "1-12", "1-11"]])
def test_months_of_numbered_years_follow_each_other_from_2001(cells: list[str]) -> None:
    times = parse_times(pl.Series(cells), "Month")
    months = np.array(["2001-11", "2001-12", "2002-01"], "datetime64[M]").astype("datetime64[us]")
    assert np.array_equal(times.values, months if cells[0][0] == "1" else months[::-1])
    assert (
        times.assumed == f"Times such as {cells[0]} were taken for the months of numbered years, and year 1 for 2001."
    )


@pytest.mark.parametrize(
    "cells",
    [["11/98", "12/98", "1/99"], ["11-98", "12-98", "01-99"], ["98-11", "98-12", "99-01"], ["1/99", "12/98", "11/98"]],
)
def test_months_of_years_of_two_digits_follow_each_other(cells: list[str]) -> None:
    months = np.array(["1998-11", "1998-12", "1999-01"], "datetime64[M]").astype("datetime64[us]")
    found = parse_times(pl.Series(cells), "month").values
    assert np.array_equal(found, months if "11" in cells[0] else months[::-1])
    assert time_share(pl.Series(cells)) == 0.0  # nothing says so but the column's name


def test_decimals_are_no_times() -> None:
    assert time_share(pl.Series(["1.2345", "0.8547", "12.3456", "4711.2", "2500.1"])) == 0.0
    assert time_share(pl.Series(["2024.01", "1.2024", "12.1999"])) == 1.0


def test_fiscal_years_are_said_to_be_taken_for_those_of_the_calendar() -> None:
    assert "FY10 Q1" in str(parse_times(pl.Series(["FY10 Q1", "FY10 Q2"]), "ds").assumed)
    assert parse_times(pl.Series(["2010 Q1", "2010 Q2"]), "ds").assumed is None
    assert "2017/18" in str(parse_times(pl.Series(["2017/18", "2018/19", "2019/20"]), "ds").assumed)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["2020-W53", "2021-W52", "2021-W53"], r"'2021-W53' in column 'ds', row 4 .*which has 52 weeks"),
        (["2020-W53-1", "2021-W53-1"], r"'2021-W53-1' in column 'ds', row 3 .*which has 52 weeks"),
        (["W52 2021", "W54 2020"], r"'W54 2020' in column 'ds', row 3 .*no week"),
        (["Jan-19", "Feb-19", "Smarch-19"], r"'Smarch-19' in column 'ds', row 4"),
        (["Q1 10", "Q5 10"], r"'Q5 10' in column 'ds', row 3"),
        (["19-Jan", "20-Jan"], r"'19-Jan' in column 'ds', row 2 .*names no year"),
        (["1-Jan", "2-Jan", "3-Jan"], r"'1-Jan' in column 'ds', row 2 .*names no year"),
        (["3/4", "5/6"], r"'3/4' in column 'ds', row 2 .*not understood"),
        (["11/98", "1/99"], r"'11/98' in column 'ds', row 2 .*not understood"),
        (["1-01", "1-03"], r"'1-01' in column 'ds', row 2 .*not understood"),
        (["Jan", "Feb"], r"'Jan' in column 'ds', row 2 .*names no year"),
        (["2020-366", "2021-366"], r"'2021-366' in column 'ds', row 3"),
        (["20230101", "20230102", "n.d."], r"'n.d.' in column 'ds', row 4 .*whole numbers such as 20230101"),
        (["2019-01-31 05:00 XYZ", "2019-01-31 06:00 XYZ"], r"'2019-01-31 05:00 XYZ' in column 'ds', row 2"),
        (["2019-01-31 24:30"], r"'2019-01-31 24:30' in column 'ds', row 2"),
    ],
)
def test_what_is_refused(cells: list[str], message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse_times(pl.Series(cells), "ds")


def test_long_columns_read_as_short_ones() -> None:
    days = np.datetime64("2000-01-01", "us") + np.arange(5_000) * np.timedelta64(1, "D")
    cells = pl.Series(days).dt.strftime("%d-%b-%Y %I:%M %p")
    np.testing.assert_array_equal(parse_times(cells, "ds").values, days)
