"""Years with decimals, as R and climatologists write them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from foretell.errors import TableError
from foretell.forecasting.tables.regularise import to_panel
from foretell.tables.times import parse_times


def times(values: list[float] | np.ndarray) -> np.ndarray:
    return parse_times(pl.Series(np.asarray(values, float)), "time").values


@pytest.mark.parametrize("decimals", [2, 4, 9])
def test_months(decimals: int) -> None:
    months = np.arange("1958-03", "1975-06", dtype="datetime64[M]")
    years = months.astype(int) / 12 + 1970
    assert np.array_equal(times(np.round(years, decimals)), months.astype("datetime64[us]"))
    middles = years + 1 / 24
    assert np.array_equal(times(np.round(middles, decimals)), months.astype("datetime64[us]"))


def test_quarters_and_halves() -> None:
    expected = np.array(["1970-01", "1970-04", "1970-07", "1970-10"], "datetime64[M]").astype("datetime64[us]")
    assert np.array_equal(times([1970, 1970.25, 1970.5, 1970.75]), expected)
    halves = np.array(["1970-07", "1971-01", "1971-07"], "datetime64[M]").astype("datetime64[us]")
    assert np.array_equal(times([1970.5, 1971, 1971.5]), halves)


def test_weeks_follow_one_another_across_years() -> None:
    found = times(1970 + np.arange(120) / 52)
    assert found[0] == np.datetime64("1970-01-01")
    assert np.all(np.diff(found) == np.timedelta64(7, "D"))


def test_days_are_dates_or_steps_of_a_year_of_365() -> None:
    days = np.arange("2019-11-01", "2021-03-01", dtype="datetime64[D]")
    first = days.astype("datetime64[Y]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(int)
    into = (days - first.astype("datetime64[D]")).astype(int)
    assert np.array_equal(times(1970 + first.astype(int) + into / length), days.astype("datetime64[us]"))
    found = times(2019 + np.arange(900) / 365)
    assert np.all(np.diff(found) == np.timedelta64(1, "D"))


@pytest.mark.parametrize("values", [[1970.1, 1970.25, 1970.37], [0.25, 0.5, 0.75], [1970.5, 1970.5], [9970.25, 9970.5]])
def test_other_numbers_are_refused(values: list[float]) -> None:
    with pytest.raises(TableError, match="is not a whole number"):
        times(values)


def test_a_series_of_r_is_read_as_it_is() -> None:
    table = pl.DataFrame({"rownames": range(1, 49), "time": 1990 + np.arange(48) / 12, "value": np.arange(48.0)})
    panel, findings = to_panel(table)
    assert (panel.ids, findings.time, findings.frequency) == (("value",), "time", "MS")
    assert panel.starts[0] == np.datetime64("1990-01-01")
    panel, _ = to_panel(pl.DataFrame({"Year": range(1950, 1960), "ice": 0.5, "t": range(1, 11)}))
    assert panel.ids == ("ice",)
    climate = table.drop("rownames").rename({"time": "decimal date"}).with_columns(
        year=pl.Series(1990 + np.arange(48) // 12), month=pl.Series(1 + np.arange(48) % 12)
    )  # fmt: skip
    panel, findings = to_panel(climate)
    assert (panel.ids, findings.time, findings.frequency) == (("value",), "year + month", "MS")
