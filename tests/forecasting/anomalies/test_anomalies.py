"""Planted anomalies are found, once each, and little else is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from foretell import find_anomalies
from foretell.errors import SettingsError, TableError
from foretell.forecasting.tables.columns import Columns

ROWS = 500
PLACES = (120, 200, 290, 333, 410)


def days(rows: int = ROWS) -> np.ndarray:
    return np.datetime64("2024-01-01", "us") + np.arange(rows) * np.timedelta64(1, "D")


def quiet(seed: int = 0, rows: int = ROWS) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, rows)
    return 50 + 10 * np.sin(np.arange(rows) / 7 * 2 * np.pi) + noise


def planted(values: np.ndarray, size: float = 8.0) -> np.ndarray:
    changed = values.copy()
    changed[list(PLACES)] += size * np.array([1, -1, 1, 1, -1])
    return changed


def places(found: Any) -> list[int]:
    return np.searchsorted(days(2 * ROWS), np.array(found.table["ds"])).tolist()


def test_what_was_planted_is_found() -> None:
    found = find_anomalies(pl.DataFrame({"ds": days(), "y": planted(quiet(1))}))
    table = found.table
    assert table.columns == ["unique_id", "ds", "y", "expected", "lower", "upper", "probability", "size"]
    assert set(PLACES) <= set(places(found))
    # One in five hundred is found by chance.
    assert len(table) <= len(PLACES) + 4
    rows = table.filter(pl.col("ds").is_in(days()[list(PLACES)].tolist()))
    np.testing.assert_array_equal(np.sign(rows["size"]), [1, -1, 1, 1, -1])
    assert ((rows["y"] > rows["upper"]) | (rows["y"] < rows["lower"])).all()
    assert rows["size"].abs().is_between(4, 13).all()
    assert (rows["probability"] < 0.002).all()
    np.testing.assert_allclose(rows["expected"], quiet(1)[list(PLACES)], atol=4)
    assert found.judged > ROWS - 30
    assert f"{len(table)} of {found.judged} values are less likely than 0.002" in found.sentence


def test_a_quiet_series_has_next_to_none() -> None:
    table = pl.DataFrame({"ds": days(), "a": quiet(1), "b": quiet(2), "c": quiet(3)})
    assert len(find_anomalies(table).table) <= 8


def test_after_an_anomaly_the_usual_is_usual() -> None:
    walk = 100 + np.random.default_rng(4).normal(0, 1, ROWS).cumsum()
    walk[200] += 15
    found = places(find_anomalies(pl.DataFrame({"ds": days(), "y": walk})))
    assert 200 in found
    assert 201 not in found


def test_a_new_level_is_learned() -> None:
    values = quiet(5)
    values[250:] += 60
    found = places(find_anomalies(pl.DataFrame({"ds": days(), "y": values})))
    assert 250 in found
    assert len([row for row in found if row > 253]) <= 1  # one in five hundred is by chance


def test_a_smaller_probability_finds_less() -> None:
    table = pl.DataFrame({"ds": days(), "y": planted(quiet(), 6)})
    many, few = (set(places(find_anomalies(table, probability=p))) for p in (0.02, 1e-12))
    assert few < many
    assert len(many) > 5


def test_series_have_rows_of_their_own_and_the_type_of_the_table() -> None:
    table = pl.DataFrame({"ds": days(), "a": quiet(1), "b": planted(quiet(2), 12)})
    found = find_anomalies(table.to_pandas(), probability=1e-5)
    assert isinstance(found.table, pd.DataFrame)
    assert set(found.table["unique_id"]) == {"b"}
    nothing = find_anomalies(pl.DataFrame({"ds": days(), "y": quiet(1)}), probability=1e-9)
    assert nothing.table.is_empty()
    assert nothing.table.columns == list(found.table.columns)


def test_gaps_and_names_of_columns() -> None:
    values = planted(quiet(), 12)
    values[150:160] = np.nan
    table = pl.DataFrame({"when": days(), "sold": values, "other": 1.0})
    found = find_anomalies(table, columns=Columns(target="sold"), season=7)
    assert set(PLACES) <= set(places(found))
    assert not set(range(150, 160)) & set(places(found))


def test_a_constant_series_with_one_other_value() -> None:
    values = np.full(200, 7.0)
    values[150] = 9
    assert 150 in places(find_anomalies(pl.DataFrame({"ds": days(200), "y": values})))


@pytest.mark.parametrize("probability", [0, 0.2, -1, True, "rare"])
def test_a_probability_that_makes_no_sense(probability: Any) -> None:
    with pytest.raises(SettingsError, match="probability is"):
        find_anomalies(pl.DataFrame({"ds": days(), "y": quiet()}), probability=probability)


def test_a_table_too_short() -> None:
    with pytest.raises(TableError, match="give a longer table"):
        find_anomalies(pl.DataFrame({"ds": days(30), "y": quiet(0, 30)}))


def test_wild_hours_and_calm_ones_are_told_apart() -> None:
    random = np.random.default_rng(0)
    at = np.arange(24 * 40)
    by_day = (at % 24 >= 8) & (at % 24 < 20)
    values = 100 + np.where(by_day, 10.0, 1.0) * random.standard_normal(len(at))
    night, day = 24 * 30 + 3, 24 * 35 + 12
    values[night] += 12  # twelve spreads of a night, little more than one of a day
    values[day] = 100 + 22
    hours = np.datetime64("2024-01-01", "us") + at * np.timedelta64(1, "h")
    found = find_anomalies(pl.DataFrame({"ds": hours, "y": values}), season=24)
    unlikely = np.flatnonzero(found.scores.unlikely)
    assert night in unlikely
    assert day not in unlikely
    width = found.scores.upper - found.scores.lower
    assert np.nanmedian(width[300:][by_day[300:]]) > 3 * np.nanmedian(width[300:][~by_day[300:]])


def test_what_is_rare_in_a_sparse_series_is_found_and_nothing_else() -> None:
    random = np.random.default_rng(0)
    values = (random.random(480) < 0.03) * 1.0
    hours = np.datetime64("2024-01-01", "us") + np.arange(480) * np.timedelta64(1, "h")
    found = find_anomalies(pl.DataFrame({"ds": hours, "y": values}))
    ones = int((found.table["y"] == 1).sum())
    assert ones >= 5
    assert len(found.table) - ones <= 1  # one in five hundred is by chance
