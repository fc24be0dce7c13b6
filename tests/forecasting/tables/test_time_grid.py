"""Tables whose times are not plain days: what is found in them, and the dates that follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from foretell.errors import SettingsError, TableError
from foretell.forecasting.panel import Panel
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.frames import to_polars
from foretell.forecasting.tables.future import future_rows
from foretell.forecasting.tables.nixtla import TableKind
from foretell.forecasting.tables.regularise import to_panel
from foretell.tables.clock import Clock
from foretell.tables.files import read_table, write_table


def table(times: Any, values: Any = None, name: str = "date") -> pl.DataFrame:
    return pl.DataFrame({name: times, "y": np.arange(len(times)) if values is None else values})


def texts(alias: str, periods: int, start: str = "2019-01-01", pattern: str = "%Y-%m-%d", **options: Any) -> list[str]:
    return list(pd.date_range(start, periods=periods, freq=alias, **options).strftime(pattern))


def answer(panel: Panel, steps: int = 5) -> pl.DataFrame:
    """The times after the history, as a forecast of a polars table shows them."""
    rows = int(panel.history[0])
    ahead = panel.times(0, rows + steps)[rows:][None]
    frame: pl.DataFrame = TableKind().forecast_table([panel.ids[0]], steps, {"ds": ahead}, {}, panel.clock)
    return frame


def days_after(panel: Panel, steps: int = 5) -> list[str]:
    return answer(panel, steps)["ds"].dt.strftime("%Y-%m-%d").to_list()


@pytest.mark.parametrize(
    ("rule", "alias"),
    [
        *((alias, alias) for alias in ("BME", "BMS", "BQE", "BQS", "BYE", "ME", "B")),
        (pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat"), "D@MON-SAT"),
        (pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu"), "D@MON-THU+SUN"),
    ],
)
def test_the_dates_that_follow(rule: Any, alias: str) -> None:
    days = texts(rule, 65)
    panel, findings = to_panel(table(days[:60]))
    assert findings.frequency == alias
    assert days_after(panel) == days[60:]
    assert not np.isnan(panel.values).any()


@pytest.mark.parametrize("day", ["29", "30", "31"])
@pytest.mark.parametrize("months", [1, 3])
def test_the_same_day_of_months_or_the_last(day: str, months: int) -> None:
    days = [str((pd.Timestamp(f"2019-01-{day}") + pd.DateOffset(months=months * i)).date()) for i in range(65)]
    panel, _ = to_panel(table(days[:60]))
    assert days_after(panel) == days[60:]
    given, _ = to_panel(table(days[:60]), Columns(frequency="MS" if months == 1 else "QS"))
    assert days_after(given) == days[60:]


def test_trading_days_at_the_end_of_months() -> None:
    days = texts("BME", 60)
    traded = [{"2021-05-31": "2021-05-28", "2019-03-29": "2019-03-28"}.get(day, day) for day in days]
    panel, findings = to_panel(table(traded))
    assert findings.frequency == "BME"
    assert days_after(panel, 1) == ["2024-01-31"]
    assert "2 of 60 time stamps" in findings.notes[0]
    assert "up to 3 days (2021-05-28 to 2021-05-31)" in findings.notes[0]


def test_jitter_is_said() -> None:
    times = pd.date_range("2024-05-01", periods=100, freq="200ms").to_numpy().astype("datetime64[us]")
    jittered = times + np.random.default_rng(0).integers(-3_000, 3_000, 100).astype("timedelta64[us]")
    panel, findings = to_panel(table(jittered))
    assert findings.frequency == "200ms"
    np.testing.assert_array_equal(panel.times(0, 100), times)
    assert (
        "of 100 time stamps are slightly off a regular grid and were moved onto it, by up to 2.9" in findings.notes[0]
    )
    assert to_panel(table(jittered), Columns(frequency="200ms"))[0].starts == panel.starts


def test_jitter_of_one_time_alone() -> None:
    hours = texts("h", 50, pattern="%Y-%m-%d %H:%M:%S")
    hours[20] = hours[20][:-2] + "07"
    panel, findings = to_panel(table(hours))
    assert (findings.frequency, findings.missing) == ("h", 0)
    assert findings.notes[0].startswith("1 of 50 time stamps")
    assert f"by up to 7 seconds ({hours[20]} to" in findings.notes[0]
    assert len(panel.values) == 50


def test_office_hours() -> None:
    hours = pd.date_range("2023-01-02", "2023-04-01", freq="h")
    hours = hours[(hours.day_of_week < 5) & (hours.hour >= 9) & (hours.hour <= 17)]
    panel, findings = to_panel(table(hours.strftime("%Y-%m-%d %H:%M").tolist()))
    assert findings.frequency == "h@MON-FRI/09:00-17:00"
    assert "Monday to Friday 09:00 to 17:00: nothing is forecast in between. Give --frequency h" in findings.notes[-1]
    assert panel.frequency.seasons == (9, 45)
    after = answer(panel, 10)["ds"].dt.strftime("%a %H").to_list()
    assert after == [*(f"Mon {hour:02}" for hour in range(9, 18)), "Tue 09"]


def test_every_day_on_request() -> None:
    days = [day for day in texts("D", 100) if pd.Timestamp(day).day_of_week != 6]
    assert to_panel(table(days))[0].frequency.alias == "D@MON-SAT"
    panel, findings = to_panel(table(days), Columns(frequency="D"))
    assert (findings.frequency, findings.notes) == ("D", [])
    assert np.isnan(panel.values).sum() == findings.missing > 10
    with pytest.raises(TableError, match=r"2019-04-14 in row .* is off the grid .*Monday to Saturday"):
        to_panel(table([*days, "2019-04-14"]), Columns(frequency="D@MON-SAT"))


def test_closed_days_with_empty_rows() -> None:
    days = texts("D", 100)
    values = [None if pd.Timestamp(day).day_of_week == 6 else float(i) for i, day in enumerate(days)]
    panel, findings = to_panel(table(days, values))
    assert (findings.frequency, findings.missing) == ("D@MON-SAT", 0)
    assert len(panel.values) == 86
    weekdays = [None if pd.Timestamp(day).day_of_week > 4 else float(i) for i, day in enumerate(days)]
    assert to_panel(table(days, weekdays))[1].frequency == "B"
    assert to_panel(table(days, weekdays), Columns(frequency="D"))[1].missing == 28
    # A few days do not tell.
    assert to_panel(table(days[:10], weekdays[:10]))[1].frequency == "D"


def test_office_hours_in_a_zone() -> None:
    hours = pd.date_range("2022-09-01", "2022-12-01", freq="h", tz="Europe/Berlin")
    hours = hours[(hours.day_of_week < 5) & (hours.hour >= 9) & (hours.hour <= 17)]
    for cells in (hours.strftime("%Y-%m-%d %H:%M:%S%z").tolist(), hours.as_unit("us")):
        panel, findings = to_panel(pl.from_pandas(pd.DataFrame({"date": cells, "y": range(len(hours))}))[:-20])
        assert (findings.frequency, findings.missing) == ("h@MON-FRI/09:00-17:00", 0)
        assert panel.clock == Clock("Europe/Berlin", wall=True)
        assert answer(panel, 20)["ds"].to_list() == hours[-20:].to_pydatetime().tolist()


def test_weekly_days_of_a_zone_held_back_by_holidays() -> None:
    days = pd.date_range("2022-01-07 16:00", periods=60, freq="W-FRI", tz="America/New_York")
    moved = [day - pd.Timedelta(days=1) if i in (20, 40) else day for i, day in enumerate(days)]
    panel, findings = to_panel(table([day.strftime("%Y-%m-%d %H:%M:%S%z") for day in moved]))
    assert (findings.frequency, findings.time_zone) == ("W-FRI", "America/New_York")
    assert "2 of 60 time stamps" in findings.notes[-1]
    assert answer(panel, 1)["ds"].dt.strftime("%a %H:%M").item() == "Fri 16:00"


BERLIN = pd.date_range("2022-09-20", periods=1000, freq="h", tz="Europe/Berlin")


@pytest.mark.parametrize("pattern", ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z"])
def test_offsets_over_a_clock_change(pattern: str) -> None:
    panel, findings = to_panel(table(BERLIN[:968].strftime(pattern).tolist()))
    assert (findings.frequency, findings.missing, findings.time_zone) == ("h", 0, "Europe/Berlin")
    assert panel.clock == Clock("Europe/Berlin")
    forecast = answer(panel, 32)
    assert forecast["ds"].to_list() == BERLIN[968:].to_pydatetime().tolist()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_table(pl.from_pandas(pd.DataFrame({"ds": BERLIN, "y": range(1000)})), tmp_path / "f.csv")
    panel, findings = to_panel(read_table(tmp_path / "f.csv"))
    assert (findings.frequency, findings.missing, findings.time_zone) == ("h", 0, "Europe/Berlin")
    np.testing.assert_array_equal(panel.clock.answer(panel.times(0, 1000))[0], BERLIN.tz_convert(None).to_numpy())


def test_known_values_of_the_future_under_one_offset() -> None:
    history = table(BERLIN[:968].strftime("%Y-%m-%dT%H:%M:%S%z").tolist()).with_columns(promo=pl.lit(1.0))
    panel, _ = to_panel(history, Columns(known=("promo",)))
    for zone in ("Europe/Berlin", "UTC", "America/New_York"):
        ahead = BERLIN[968:978].tz_convert(zone).strftime("%Y-%m-%d %H:%M:%S%z").tolist()
        future = pl.DataFrame({"date": ahead, "promo": np.arange(10.0)})
        extended = future_rows(panel, future, Columns(), 10)
        np.testing.assert_array_equal(extended.known["promo"][968:], np.arange(10.0))
    with pytest.raises(TableError, match=r"'promo' has no value for 2022-10-30 17:00:00\+01:00"):
        future_rows(panel, future, Columns(), 11)


def test_days_of_a_zone_keep_it() -> None:
    days = pd.date_range("2022-10-01", periods=60, freq="D", tz="Europe/Berlin")
    for cells in (days.strftime("%Y-%m-%dT%H:%M:%S%z").tolist(), days.tz_convert("Europe/Berlin").as_unit("us")):
        source = pl.from_pandas(pd.DataFrame({"date": cells, "y": range(60)}))[:50]
        panel, findings = to_panel(source)
        assert (findings.frequency, findings.time_zone) == ("D", "Europe/Berlin")
        assert answer(panel, 10)["ds"].to_list() == days[50:].to_pydatetime().tolist()


def test_known_days_of_the_future_in_any_zone() -> None:
    days = pd.date_range("2022-10-01", periods=60, freq="D", tz="Europe/Berlin")
    history = pl.from_pandas(pd.DataFrame({"date": days, "y": range(60), "promo": 1.0}))
    panel, _ = to_panel(history[:50], Columns(known=("promo",)))
    ahead = [days[50:].strftime(pattern).tolist() for pattern in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z")]
    for cells in (*ahead, days[50:].tz_convert("UTC").strftime("%Y-%m-%d %H:%M:%S%z").tolist()):
        extended = future_rows(panel, pl.DataFrame({"date": cells, "promo": np.arange(10.0)}), Columns(), 10)
        np.testing.assert_array_equal(extended.known["promo"][50:], np.arange(10.0))


def test_errors_show_the_stamp_as_it_was_written() -> None:
    cells = BERLIN[:100].strftime("%Y-%m-%dT%H:%M:%S%z").tolist()
    with pytest.raises(TableError, match=r"the time 2022-09-20T03:00:00\+0200 appears twice"):
        to_panel(table([*cells, cells[3]]))
    with pytest.raises(TableError, match=r"the time 31\.01\.2019 appears twice"):
        to_panel(table(["30.01.2019", "31.01.2019", "31.01.2019"]))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/London", "America/Chicago", "Australia/Sydney"])
@pytest.mark.parametrize("step", ["h", "15min"])
@pytest.mark.parametrize("newest_first", [False, True])
def test_hours_that_stand_twice_in_autumn(zone: str, step: str, newest_first: bool) -> None:
    start = "2023-03-25" if zone.startswith("Australia") else "2022-10-25"
    times = pd.date_range(start, periods=1400, freq=step, tz=zone)
    cells = times.strftime("%Y-%m-%d %H:%M").tolist()
    known = table(cells[:1380])
    panel, findings = to_panel(known[::-1] if newest_first else known)
    assert (findings.frequency, findings.missing, findings.time_zone) == (step, 0, None)
    np.testing.assert_array_equal(panel.values, np.arange(1380))
    assert any("clocks were put back" in note for note in findings.notes)
    assert answer(panel, 20)["ds"].dt.strftime("%Y-%m-%d %H:%M").to_list() == cells[1380:]


def test_hours_that_stand_twice_for_another_reason() -> None:
    cells = texts("h", 100, "2022-10-25", "%Y-%m-%d %H:%M")
    with pytest.raises(TableError, match=r"2022-10-26 02:00 appears twice"):
        to_panel(table([*cells, "2022-10-26 02:00"]))


def test_known_future_hours_without_an_offset_follow_those_told_apart() -> None:
    times = pd.date_range("2022-10-25", periods=200, freq="h", tz="Europe/Berlin")
    cells = times.strftime("%Y-%m-%d %H:%M").tolist()
    panel, _ = to_panel(table(cells[:190]).with_columns(promo=pl.lit(1.0)), Columns(known=("promo",)))
    future = pl.DataFrame({"date": cells[190:], "promo": np.arange(10.0)})
    np.testing.assert_array_equal(future_rows(panel, future, Columns(), 10).known["promo"][190:], np.arange(10.0))


def test_counts_of_days_by_request() -> None:
    serials = table(list(range(45000, 45050)))
    assert to_panel(serials)[0].frequency.alias == "D"
    assert to_panel(serials, Columns(frequency="1"))[0].frequency.alias == "1"
    with pytest.raises(SettingsError, match="holds dates"):
        to_panel(table(texts("D", 9)), Columns(frequency="1"))


@pytest.mark.parametrize("frequency", ["M", "Q", "W", "D", "h", "Y"])
def test_periods_in_parquet(frequency: str, tmp_path: Path) -> None:
    index = pd.period_range("2018-01", periods=40, freq=frequency)
    path = tmp_path / "p.parquet"
    pd.DataFrame({"y": np.arange(35.0)}, index=index[:35]).to_parquet(path)
    panel, findings = to_panel(read_table(path))
    assert findings.series == 1
    assert answer(panel)["ds"].to_list() == index[35:].to_timestamp().to_pydatetime().tolist()
    pd.DataFrame({"month": index[:35], "y": np.arange(35.0)}).to_parquet(path)
    assert to_panel(read_table(path))[0].starts == panel.starts
    assert to_polars(pa.table({"month": pa.array(index[:35])}))["month"].dtype == pl.Datetime("us")


def test_periods_in_csv(tmp_path: Path) -> None:
    for frequency in ("M", "Q", "W", "D"):
        index = pd.period_range("2018-01", periods=40, freq=frequency, name="period")
        path = tmp_path / "p.csv"
        pd.DataFrame({"y": np.arange(35.0)}, index=index[:35]).to_csv(path)
        panel, _ = to_panel(read_table(path))
        assert answer(panel)["ds"].to_list() == index[35:].to_timestamp().to_pydatetime().tolist()


@pytest.mark.parametrize("name", ["month", "Week", "quarter", "period"])
def test_text_that_is_plainly_the_time_is_refused_rather_than_numbered(name: str) -> None:
    with pytest.raises(TableError, match=rf"'phase 1' in column '{name}', row 2 .*is not understood"):
        to_panel(table([f"phase {i}" for i in range(1, 9)], name=name))


def test_week_numbers_under_any_usual_name() -> None:
    days = [day.isocalendar() for day in pd.date_range("2018-01-01", periods=90, freq="7D")]
    weeks = [100 * day.year + day.week for day in days]
    for name in ("yearweek", "YearWeek", "yyyyww", "calendar_week", "week"):
        panel, findings = to_panel(table(weeks[:85], name=name))
        assert findings.frequency == "W-MON"
        assert days_after(panel, 1) == ["2019-08-19"]


def test_a_year_off_a_grid_of_several_years_is_named() -> None:
    years = [*range(1565, 1825, 5), 1821]
    with pytest.raises(TableError, match=r"1821-01-01 in row 54 .* off the grid .* one step every 5 years"):
        to_panel(pl.DataFrame({"Year": years, "y": np.arange(53.0)}))
