"""A table that is read once, for all that is done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell.errors import TableError
from foretell.forecasting.tables import reading, regularise
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.reading import Reading
from foretell.tables.frequency import Frequency

KNOWN = Columns(known=("promo",))


def table(step: str = "1d", rows: int = 20, promo: int = 0) -> pl.DataFrame:
    """`rows` values, and `promo` more rows with nothing but the promotion."""
    times = pl.datetime_range(
        pl.datetime(2024, 1, 1), pl.datetime(2030, 1, 1), step, eager=True
    ).head(rows + promo).alias("ds")  # fmt: skip
    values = [float(i) if i < rows else None for i in range(rows + promo)]
    return pl.DataFrame({"ds": times, "y": values, "promo": [i % 3 for i in range(rows + promo)]})


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, int]]:
    """How often a table's cells were read, and a table was brought to polars, since the test began."""
    counts = {"read_source": 0, "to_polars": 0}
    for module, name in ((regularise, "read_source"), (reading, "to_polars")):
        real = getattr(module, name)

        def counting(*given: Any, _name: str = name, _real: Any = real, **more: Any) -> Any:
            counts[_name] += 1
            return _real(*given, **more)

        monkeypatch.setattr(module, name, counting)
    return lambda: counts


def test_what_was_found_fills_the_columns_in(reads: Callable[[], dict[str, int]]) -> None:
    frame = pl.concat([table().with_columns(shop=pl.lit(name)) for name in ("a", "b")])
    found = Reading.of(frame.to_pandas(), KNOWN)
    assert found.columns == Columns(id="shop", time="ds", target="y", known=("promo",), layout="long")
    assert found.panel.ids == found.observed.ids == ("a", "b")
    assert isinstance(found.kind.table({"x": [1]}), type(frame.to_pandas()))
    assert reads() == {"read_source": 1, "to_polars": 1}


def test_series_without_values_are_not_observed() -> None:
    frame = pl.concat([table().with_columns(shop=pl.lit("a")), table().with_columns(shop=pl.lit("b"), y=None)])
    found = Reading.of(frame, Columns(id="shop", target="y"))
    assert (found.panel.ids, found.observed.ids) == (("a", "b"), ("a",))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("1w", r'one step a week .*, but the model was fitted to one step a day \("D"\)'),
        ("1h", "one step an hour"),
        ("2d", "one step every 2 days"),
        ("1mo", "one step a month"),
        ("15m", "one step every 15 minutes"),
    ],
)
def test_another_frequency_is_told_from_what_was_read(
    step: str, words: str, reads: Callable[[], dict[str, int]]
) -> None:
    with pytest.raises(TableError, match=f"this table has another frequency \\({words}"):
        Reading.like(table(step), Columns(time="ds", target="y"), Frequency("D"))
    assert reads() == {"read_source": 1, "to_polars": 1}


def test_another_frequency_of_numbered_rows() -> None:
    frame = pl.DataFrame({"t": np.arange(0, 60, 3), "y": np.arange(20.0)})
    with pytest.raises(TableError, match="another frequency"):
        Reading.like(frame, Columns(time="t", target="y"), Frequency("1"))


def test_a_fault_that_is_not_the_frequency_is_said_as_it_is() -> None:
    for alias in ("D", "h", "MS"):
        with pytest.raises(TableError, match="no value at all"):
            Reading.like(table().with_columns(y=None), Columns(time="ds", target="y"), Frequency(alias))


def test_values_of_every_other_day_may_stand_in_a_daily_table() -> None:
    frame = table().with_columns(y=pl.when(pl.col("y") % 2 == 0).then("y"))
    found = Reading.like(frame, Columns(time="ds", target="y"), Frequency("D"))
    assert found.panel.series(0).tolist()[:3:2] == [0.0, 2.0]


def test_values_here_and_there_have_no_frequency_of_their_own() -> None:
    found = Reading.like(table(rows=60)[[0, 3, 7, 20, 50]], Columns(time="ds", target="y"), Frequency("D"))
    assert found.panel.history.tolist() == [51]
    with pytest.raises(TableError, match="the frequency cannot be inferred"):
        Reading.like(table(rows=60)[[0, 3, 7, 20, 50]], Columns(time="ds", target="y"), Frequency("h"))


def test_a_model_reads_a_table_that_lacks_some_of_its_columns() -> None:
    said = Columns(id="shop", time="ds", target="y", layout="long")
    found = Reading.like(table().drop("promo"), said, Frequency("D"))
    assert (len(found.panel), found.columns) == (1, said)


def test_looking_ahead_leaves_what_was_read_as_it_is() -> None:
    found = Reading.of(table(promo=2), KNOWN)
    assert found.looking_ahead(None, 2).ahead is found.panel
    with pytest.raises(TableError, match="'promo' has no value for 2024-01-23"):
        found.looking_ahead(None, 3)
    future = pl.DataFrame({"ds": ["2024-01-23"], "promo": [7.0]})
    wider = found.looking_ahead(future, 3)
    assert wider.panel is found.panel
    assert wider.ahead is not None
    np.testing.assert_array_equal(wider.ahead.known["promo"][20:], [2, 0, 7])
    assert found.ahead is None


def test_series_that_only_the_future_names_are_ahead_alone() -> None:
    frame = table().with_columns(unique_id=pl.lit("a")).drop("promo")
    found = Reading.of(frame, Columns()).looking_ahead(pl.DataFrame({"unique_id": ["a", "new"]}), 3)
    assert found.ahead is not None
    assert (found.panel.ids, found.ahead.ids) == (("a",), ("a", "new"))
