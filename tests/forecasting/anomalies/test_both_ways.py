"""Values are judged by what came before them and by what lies on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from foretell import find_anomalies
from foretell.forecasting.anomalies.both_ways import BothWays
from foretell.forecasting.anomalies.one_step import one_step_quantiles
from foretell.forecasting.filling.both_sides import reversed_in_time
from foretell.forecasting.pretrained.shipped import shipped
from foretell.forecasting.tables.columns import Columns

ROWS, ODD = 400, 250
PROBABILITY = 0.002


def walk(seed: int = 0, rows: int = ROWS) -> np.ndarray:
    return 100 + np.random.default_rng(seed).normal(0, 1, rows).cumsum()


def scores(values: np.ndarray, probability: float = PROBABILITY) -> Any:
    days = np.datetime64("2024-01-01", "us") + np.arange(len(values)) * np.timedelta64(1, "D")
    return find_anomalies(pl.DataFrame({"ds": days, "y": values}), probability=probability).scores


def test_a_spike_is_clearer_between_its_neighbours_than_from_its_past() -> None:
    values = walk(1)
    values[ODD] = values[ODD - 1 : ODD + 2 : 2].mean() + 4.5
    alone, between = scores(values[: ODD + 1]).chance[ODD], scores(values).chance[ODD]
    assert between < 0.1 * alone
    assert between < PROBABILITY


@pytest.mark.parametrize("size", [6.0, -9.0])
def test_a_new_level_is_found_though_either_side_is_usual(size: float) -> None:
    values = walk(2)
    values[ODD:] += size
    found = np.flatnonzero(scores(values).unlikely)
    assert ODD in found
    assert len(found) <= 3  # one in five hundred is by chance


def test_anomalies_lie_outside_of_their_intervals_and_nothing_else_does() -> None:
    values = walk(3)
    values[[120, ODD, 330]] += [7, -6, 3]
    values[300:] += 8
    found = scores(values)
    judged = ~np.isnan(found.chance)
    outside = (values > found.upper) | (values < found.lower)
    np.testing.assert_array_equal(outside[judged], found.unlikely[judged])
    assert found.unlikely.sum() >= 3
    assert (found.lower[judged] < found.expected[judged]).all()
    assert (found.upper[judged] > found.expected[judged]).all()


def test_the_last_values_are_judged_by_what_came_before_them(make_panel: Any) -> None:
    panel = make_panel([walk(4, 200), walk(5, 100)], alias="D")
    judged = BothWays.of(panel, ()).judged(np.ones(300, dtype=bool))
    late = np.r_[184:200, 284:300]
    assert np.flatnonzero(~judged.two_sided).tolist() == [*range(16), *range(184, 216), *range(284, 300)]
    np.testing.assert_array_equal(judged.chance(panel.values)[late], judged.before.chance(panel.values)[late])
    both = np.flatnonzero(judged.two_sided)
    # Both sides together are nearer: most walks lie between their neighbours.
    errors = [np.abs(panel.values - each.median)[both].mean() for each in (judged.before, judged.around)]
    assert errors[1] < 0.85 * errors[0]


def test_backwards_each_series_is_read_from_its_end(make_panel: Any) -> None:
    panel = make_panel([walk(6, 60), walk(7, 40)], alias="D")
    ways = BothWays.of(panel, (7,))
    np.testing.assert_array_equal(ways.backwards, [*range(59, -1, -1), *range(99, 59, -1)])
    back = ways.back.grid[ways.backwards]
    assert np.isnan(back[[57, 58, 59, 97, 98, 99]]).all()
    alone = one_step_quantiles(shipped(), reversed_in_time(make_panel([walk(7, 40)], alias="D")), (7,))
    np.testing.assert_allclose(back[60:], alone[::-1], rtol=1e-4)


@pytest.mark.parametrize("probability", [0.02, 0.1])
def test_as_many_are_found_as_are_asked_for(probability: float) -> None:
    found = scores(walk(10, 1000), probability)
    share = found.unlikely.sum() / (~np.isnan(found.chance)).sum()
    assert 0.5 * probability < share < 1.5 * probability


def test_rows_ahead_change_nothing() -> None:
    days = np.datetime64("2024-01-01", "us") + np.arange(100) * np.timedelta64(1, "D")
    table = pl.concat(
        pl.DataFrame({"id": name, "ds": days, "y": walk(seed, 100), "open": np.arange(100.0) % 2})
        for name, seed in (("first", 8), ("second", 9))
    )
    ahead = pl.when(pl.col("ds") <= days[90]).then(pl.col("y"))
    given = [find_anomalies(each) for each in (table.filter(pl.col("ds") <= days[90]), table.with_columns(y=ahead))]
    known = find_anomalies(table.with_columns(y=ahead), columns=Columns(known=("open",)))
    for found in (given[1], known):
        np.testing.assert_array_equal(found.scores.chance, given[0].scores.chance)
        assert found.table.equals(given[0].table)
