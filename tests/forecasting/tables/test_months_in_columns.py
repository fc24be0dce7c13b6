"""Tables with a row per year and a column per month or quarter."""

from __future__ import annotations

import calendar
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from foretell import Forecaster
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.regularise import to_panel

MONTHS = [name for name in calendar.month_abbr if name]
YEARS = range(1990, 1996)


def by_month(names: list[str], year: str = "Year") -> pl.DataFrame:
    """A table whose values count the months, without those of the last two."""
    values = {name: [12.0 * k + m for k in range(6)] for m, name in enumerate(names)}
    values[names[-1]][-1] = values[names[-2]][-1] = None  # type: ignore[call-overload]
    return pl.DataFrame({year: list(YEARS), **values})


@pytest.mark.parametrize(
    ("names", "year"),
    [
        (MONTHS, "Year"),
        ([name.upper() for name in calendar.month_name if name], "year"),
        (["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"], "Jahr"),
        (["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."], "Année"),
    ],
)
def test_months_are_steps_of_one_series(names: list[str], year: str) -> None:
    panel, findings = to_panel(by_month(names, year).with_columns(Annual=pl.lit(5.0)))
    assert (panel.ids, findings.frequency, panel.starts[0]) == (("value",), "MS", np.datetime64("1990-01-01"))
    assert panel.values.tolist() == [float(i) for i in range(70)]
    assert findings.notes[0] == "Each row was read as the 12 months of a year. Ignored other columns: 'Annual'."


def test_quarters_and_words_that_name_series() -> None:
    quarters = {f"Q{q}": np.arange(12.0) + q for q in (1, 2, 3, 4)}
    table = pl.DataFrame({"land": ["a", "b"] * 6, "year": np.repeat(np.arange(2000, 2006), 2), **quarters})
    panel, findings = to_panel(table)
    assert (panel.ids, findings.frequency, findings.id) == (("a", "b"), "QS", "land")
    assert panel.values[:5].tolist() == [1, 2, 3, 4, 3]


def test_other_tables_stay_as_they_are() -> None:
    table = by_month(MONTHS)
    assert to_panel(table, Columns(target="Jan"))[0].ids == ("Jan",)
    unknown = table.with_columns(Year=pl.Series([1990.0, 1991, 1992, 1993, 1994, float("nan")]))
    assert len(to_panel(unknown)[0].ids) > 1
    assert len(to_panel(table.drop("Mar"))[0].ids) == 11
    assert to_panel(table.rename({"Year": "size"}).with_columns(size=pl.Series(range(6))))[1].frequency == "1"


def test_a_model_reads_newer_years(tmp_path: Path) -> None:
    fitted = Forecaster("pretrained", 3).fit(by_month(MONTHS))
    forecast = fitted.predict()
    assert forecast["ds"].cast(pl.String).to_list() == ["1995-11-01", "1995-12-01", "1996-01-01"]
    fitted.save(tmp_path / "model")
    newer = by_month(MONTHS).with_columns(pl.col("Nov").fill_null(70.0))
    ahead = Forecaster.load(tmp_path / "model").predict(newer)
    assert ahead["ds"].cast(pl.String).to_list() == ["1995-12-01", "1996-01-01", "1996-02-01"]
