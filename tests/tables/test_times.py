"""Time stamps: each spelling is read as meant, and what cannot be read is named."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import TableError
from foretell.tables.times import parse_times, time_share

DAYS = ["2001-01-31", "2001-02-01"]


def stamps(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[us]")


@pytest.mark.parametrize(
    ("cells", "expected", "words"),
    [
        (DAYS, DAYS, "ISO dates"),
        (["2001/01/31", " 2001/2/1"], DAYS, "ISO dates"),
        (["2001-01-31 05:00:00", "2001-02-01 06:30:00"], ["2001-01-31T05", "2001-02-01T06:30"], "ISO dates and times"),
        (["2001-01-31T05:00", "2001-02-01T06:30:00.5"], ["2001-01-31T05:00", "2001-02-01T06:30:00.5"], "ISO dates"),
        (["01/31/2001", "02/01/2001"], DAYS, "month/day/year"),
        (["31/01/2001", "01/02/2001"], DAYS, "day/month/year"),
        (["31.01.2001", "1.2.2001"], DAYS, "day/month/year"),
        (["1/31/01 1:00 PM", "1/31/01 12:00 AM"], ["2001-01-31T13", "2001-01-31T00"], "month/day/year"),
        (["20010131", "20010201"], DAYS, "dates as YYYYMMDD"),
        ([20010131, 20010201], DAYS, "dates as YYYYMMDD"),
        (["20010131T050000", "20010201T060000"], ["2001-01-31T05", "2001-02-01T06"], "compact ISO date-times"),
        (["2001-01", "2001-12"], ["2001-01-01", "2001-12-01"], "year and month"),
        (["200101", "200112"], ["2001-01-01", "2001-12-01"], "months as YYYYMM"),
        ([200101, 200112], ["2001-01-01", "2001-12-01"], "months as YYYYMM"),
        (["2001Q1", "2001-Q4"], ["2001-01-01", "2001-10-01"], "year and quarter"),
        (["Q1 2001", "Q4 2001"], ["2001-01-01", "2001-10-01"], "quarter and year"),
        (["2001-W05", "2020W53"], ["2001-01-29", "2020-12-28"], "ISO weeks"),
        (["Jan 2001", "December 2001"], ["2001-01-01", "2001-12-01"], "month's name and year"),
        (["31-Jan-2001", "1-Feb-2001"], DAYS, "day, month's name and year"),
        ([1600000000, 1600003600], ["2020-09-13T12:26:40", "2020-09-13T13:26:40"], "seconds since 1970"),
        ([1600000000.5], ["2020-09-13T12:26:40.5"], "seconds since 1970"),
        ([1600000000000], ["2020-09-13T12:26:40"], "milliseconds since 1970"),
        ([1600000000 * 10**9], ["2020-09-13T12:26:40"], "nanoseconds since 1970"),
        ([datetime(2001, 1, 31)], ["2001-01-31"], "dates and times"),
        ([datetime(2001, 1, 31).date()], ["2001-01-31"], "dates"),
    ],
)  # fmt: skip
def test_spellings(cells: list[object], expected: list[str], words: str) -> None:
    parsed = parse_times(pl.Series(cells), "ds")
    np.testing.assert_array_equal(parsed.values, stamps(*expected))
    assert parsed.values.dtype == "datetime64[us]"
    assert (parsed.words, parsed.zone, parsed.assumed) == (words, None, None)


@pytest.mark.parametrize("cells", [[3, 1, 2], [3.0, 1.0, 2.0], ["3", "1", "2"], [1999, 2000, 2001]])
def test_integer_time(cells: list[object]) -> None:
    parsed = parse_times(pl.Series(cells), "t")
    assert parsed.values.dtype == np.int64
    assert parsed.values.tolist() == [int(cell) for cell in cells]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("cells", "share"),
    [
        (["2024-01-01", "2024-12-31T23:59:59", None], 1.0),
        (["2024-01-01", "tea"], 0.5),
        (["2024-01-01", "1.2.2024", "tea", "milk"], 0.5),
        (["tea"], 0.0),
        ([None], 0.0),
    ],
)
def test_the_share_of_cells_spelled_like_times(cells: list[str | None], share: float) -> None:
    assert time_share(pl.Series(cells, dtype=pl.String)) == share


@given(
    st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), min_size=1, max_size=9),
    st.sampled_from(["%04Y-%m-%d", "%04Y-%m-%d %H:%M:%S", "%04Y-%m-%dT%H:%M:%S"]),
)
def test_short_columns_are_read_as_long_ones_are(times: list[datetime], pattern: str) -> None:
    cells = [f"{time.year:04}" + time.strftime(pattern.removeprefix("%04Y")) for time in times]
    few, many = parse_times(pl.Series(cells), "ds"), parse_times(pl.Series(cells * 5_000), "ds")
    np.testing.assert_array_equal(np.tile(few.values, 5_000), many.values)
    assert few.values.dtype == many.values.dtype
    assert (few.zone, few.words, few.assumed) == (many.zone, many.words, many.assumed)


@pytest.mark.parametrize("cell", ["2001-02-29", "2001-13-01", "2001-01-01 25:00:00", "0000-00-00"])
def test_a_day_that_does_not_exist_is_refused(cell: str) -> None:
    with pytest.raises(TableError, match=f"{cell!r} in column 'ds', row 3"):
        parse_times(pl.Series(["2001-01-01 05:00:00"[: len(cell)], cell]), "ds")


def test_years_only_by_name() -> None:
    np.testing.assert_array_equal(parse_times(pl.Series([1999]), "fiscal_year").values, stamps("1999-01-01"))


@pytest.mark.parametrize(
    ("cells", "zone"),
    [
        (["2001-01-31T05:00Z", "2001-01-31 06:00+00:00"], "UTC"),
        (["2001-01-31 06:00+01:00", "2001-01-31 07:00+0100"], "Etc/GMT-1"),
        (["2001-01-31 10:30+05:30", "2001-01-31 11:30+05:30"], "Asia/Kolkata"),
    ],
)
def test_zones(cells: list[str], zone: str) -> None:
    parsed = parse_times(pl.Series(cells), "ds")
    np.testing.assert_array_equal(parsed.values, stamps("2001-01-31T05", "2001-01-31T06"))
    assert parsed.zone == zone


def test_typed_zone_is_kept_and_times_are_utc() -> None:
    column = pl.Series([datetime(2001, 7, 1, 12)]).dt.replace_time_zone("Europe/Berlin")
    parsed = parse_times(column, "ds")
    assert parsed.zone == "Europe/Berlin"
    np.testing.assert_array_equal(parsed.values, stamps("2001-07-01T10"))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([*DAYS, "soon"], r"'soon' in column 'ds', row 4"),
        (["2001-02-30", *DAYS], r"'2001-02-30' in column 'ds', row 2"),
        (["13/13/2001", "01/01/2001"], r"'13/13/2001' in column 'ds', row 2"),
        (["a", "b"], r"'a' in column 'ds', row 2"),
        ([*DAYS, None], "missing in row 4"),
        ([*DAYS, "NA"], "missing in row 4"),
        ([0.0, 0.5], r"0\.5 in column 'ds', row 3 .*not a whole number"),
        (["2001-01-01 05:00", "2001-01-01 05:00Z"], r"some have none: .* in row 2, .* in row 3 .*such as UTC"),
        ([True, False], "no time stamps"),
        ([2**62 + 1, 2**62 + 2], "row 2 .*is too large a number"),
        ([1.0, 2.0**65], "row 3 .*is too large a number"),
    ],
)
def test_what_is_refused(cells: list[object], message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse_times(pl.Series(cells), "ds")


def test_day_and_month_settled_by_regularity() -> None:
    # The tenth to the twelfth of three months in turn: read the other way round they would jump about.
    days = np.arange("2001-03-02", "2001-03-12", dtype="datetime64[D]")
    cells = [f"{d.astype(object):%d/%m/%Y}" for d in days]
    parsed = parse_times(pl.Series([*cells, "01/04/2001", "02/04/2001"]), "ds")
    np.testing.assert_array_equal(parsed.values[:10], days)
    assert parsed.words == "day/month/year"
    assert "read as day/month/year" in (parsed.assumed or "")


def test_day_and_month_that_nothing_settles() -> None:
    cells = ["01/01/2001", "02/01/2001", "03/01/2001"]
    assert parse_times(pl.Series(cells), "ds").words == "month/day/year"
    assert parse_times(pl.Series([c.replace("/", ".") for c in cells]), "ds").words == "day/month/year"


@given(
    st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%fZ", "%d %b %Y %H:%M:%S.%f", "%Y%m%dT%H%M%S"]),
)
def test_written_and_read_again(times: list[datetime], pattern: str) -> None:
    if "%f" not in pattern:
        times = [time.replace(microsecond=0) for time in times]
    parsed = parse_times(pl.Series([time.strftime(pattern) for time in times]), "ds")
    np.testing.assert_array_equal(parsed.values, np.array(times, "datetime64[us]"))


@given(st.lists(st.text(max_size=12) | st.from_regex(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", fullmatch=True), min_size=1))
def test_any_text_is_read_or_refused(cells: list[str]) -> None:
    try:
        assert len(parse_times(pl.Series(cells), "ds").values) == len(cells)
    except TableError:
        return


@pytest.mark.parametrize(("clock", "step"), [("%H", 3600), ("%H%M", 60), ("%H%M%S", 1)])
def test_dates_and_clocks_in_digits_are_no_epochs(clock: str, step: int) -> None:
    times = [datetime(2020, 3, 15, 22, 58, 58) + timedelta(seconds=step * i) for i in range(30)]
    parsed = parse_times(pl.Series([int(time.strftime("%Y%m%d" + clock)) for time in times]), "ds")
    assert parsed.words.startswith("dates as YYYYMMDDHH")
    assert pl.Series(parsed.values).to_list() == [
        datetime.strptime(time.strftime("%Y%m%d" + clock), "%Y%m%d" + clock) for time in times
    ]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("ticks", [2**63 - 1, 2**62, -(2**63) + 1])
def test_instants_beyond_the_calendar(unit: Literal["ms", "us", "ns"], ticks: int) -> None:
    column = pl.Series("ds", [0, ticks], dtype=pl.Int64).cast(pl.Datetime(unit))
    if unit == "ns":
        assert parse_times(column, "ds").values.astype(np.int64)[1] == ticks // 1000
        return
    with pytest.raises(TableError, match=r"column 'ds', row 3 .*outside the years 1 to 9999"):
        parse_times(column, "ds")


@pytest.mark.parametrize("days", [2**31 - 1, -(2**31), 2_932_897, -719_163])
def test_dates_beyond_the_calendar(days: int) -> None:
    column = pl.Series("ds", [0, days], dtype=pl.Int32).cast(pl.Date)
    with pytest.raises(TableError, match=r"column 'ds', row 3 .*outside the years 1 to 9999"):
        parse_times(column, "ds")


def test_the_first_and_the_last_day_of_the_calendar() -> None:
    column = pl.Series("ds", [-719_162, 2_932_896], dtype=pl.Int32).cast(pl.Date)
    assert parse_times(column, "ds").values.astype(str).tolist() == [
        "0001-01-01T00:00:00.000000", "9999-12-31T00:00:00.000000",
    ]  # fmt: skip
