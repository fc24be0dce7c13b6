"""Common factors: they are what leads the other series, and use no value from after a cutoff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from foretell.forecasting.multivariate.others_past import OthersPast
from foretell.forecasting.panel import Panel, select
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.reading import Reading

Table = Callable[..., pl.DataFrame]
LAG, ROWS = 3, 300


def panel_of(table: pl.DataFrame) -> Panel:
    return Reading.of(table, Columns()).observed


def fitted(panel: Panel, rows: int = 240, horizon: int = LAG) -> OthersPast:
    found = OthersPast.fit(panel, np.full(len(panel), rows), horizon, ())
    assert found is not None
    return found


def added(past: OthersPast, panel: Panel, cutoff: int, horizon: int = LAG) -> NDArray[np.float64]:
    return past.correction(panel, np.arange(len(panel)), np.full(len(panel), cutoff), horizon)


def test_the_leader_is_found_and_the_next_values_of_those_that_follow_it(led: Table) -> None:
    table = led()
    panel = panel_of(table)
    past = fitted(panel)
    leader = panel.ids.index("leader")
    assert np.abs(past.weights).max(1).argmax() == leader or np.abs(past.weights[leader, 0]) > 0.5
    errors, sizes = [], []
    for cutoff in range(250, 297, 5):
        came = np.stack([panel.series(i)[cutoff : cutoff + LAG] for i in range(len(panel))])
        means = np.array([panel.series(i)[:240].mean() for i in range(len(panel))])[:, None]
        errors.append(came - means - added(past, panel, cutoff))
        sizes.append(came - means)
    error, size = (np.abs(np.array(each)).mean((0, 2)) for each in (errors, sizes))
    followers = [i for i in range(len(panel)) if i != leader]
    assert (error[followers] < 0.35 * size[followers]).all()
    assert error[leader] < 1.3 * size[leader]


def test_what_comes_after_a_cutoff_does_not_matter(led: Table) -> None:
    panel = panel_of(led())
    past = fitted(panel)
    changed = panel.values.copy()
    for start in panel.offsets[:-1]:
        changed[start + 260 : start + ROWS] = 1e6
    other = replace(panel, values=changed)
    np.testing.assert_array_equal(added(past, panel, 260), added(past, other, 260))
    assert np.abs(added(past, panel, 260)).max() > 1
    fit_again = OthersPast.fit(other, np.full(len(panel), 240), LAG, ())
    assert fit_again is not None
    np.testing.assert_array_equal(fit_again.effect, past.effect)


def test_series_are_told_by_name_whatever_their_order(led: Table) -> None:
    panel = panel_of(led())
    past = fitted(panel)
    turned = select(panel, np.arange(len(panel))[::-1])
    np.testing.assert_allclose(added(past, turned, 280), added(past, panel, 280)[::-1], rtol=1e-5, atol=1e-6)


def test_an_unknown_series_gets_nothing_and_gives_nothing(led: Table) -> None:
    panel = panel_of(led())
    past = fitted(panel)
    more = panel_of(led().with_columns(stranger=pl.Series(np.arange(float(ROWS)) ** 2)))
    found = added(past, more, 280)
    stranger = more.ids.index("stranger")
    assert not found[stranger].any()
    np.testing.assert_allclose(np.delete(found, stranger, 0), added(past, panel, 280), rtol=1e-6)


def test_steps_beyond_those_that_were_fitted_get_nothing(led: Table) -> None:
    panel = panel_of(led())
    assert not added(fitted(panel), panel, 280, horizon=8)[:, LAG:].any()


def test_gaps_and_late_beginnings(led: Table) -> None:
    table = led()
    holes = np.random.default_rng(0).random(ROWS) < 0.1
    late = np.arange(ROWS) < 100
    table = table.with_columns(
        pl.when(pl.Series(holes)).then(None).otherwise(pl.col("leader")).alias("leader"),
        pl.when(pl.Series(late)).then(None).otherwise(pl.col("follower 0")).alias("follower 0"),
    )
    panel = panel_of(table)
    past = OthersPast.fit(panel, panel.history - 20, LAG, ())
    assert past is not None
    found = past.correction(panel, np.arange(len(panel)), panel.history, LAG)
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 1


@pytest.mark.parametrize("scale", [1e-30, 1e25])
def test_units_do_not_matter(led: Table, scale: float) -> None:
    panel = panel_of(led())
    scaled = replace(panel, values=panel.values * scale)
    found = added(fitted(scaled), scaled, 280) / scale
    np.testing.assert_allclose(found, added(fitted(panel), panel, 280), rtol=1e-3, atol=1e-3)


def test_series_that_never_change_or_are_short_take_no_part(led: Table) -> None:
    table = led(followers=2).with_columns(constant=pl.lit(5.0))
    panel = panel_of(table)
    assert "constant" not in fitted(panel).ids
    alone = panel_of(table.select("day", "leader", "constant"))
    assert OthersPast.fit(alone, alone.history, LAG, ()) is None
    short = panel_of(table[:30])
    assert OthersPast.fit(short, short.history, LAG, ()) is None


def test_series_of_different_times_meet_where_their_times_do(led: Table) -> None:
    wide = led()
    long = wide.unpivot(index="day", variable_name="id")
    late = long.filter((pl.col("id") != "leader") | (pl.col("day") >= wide["day"][40]))
    panel, whole = panel_of(late), panel_of(wide)
    rows = np.array([ROWS - 40 if name == "leader" else ROWS for name in panel.ids])
    past = OthersPast.fit(panel, rows - 40, LAG, ())
    assert past is not None
    found = past.correction(panel, np.arange(len(panel)), rows - 20, LAG)
    expected = added(fitted(whole, ROWS - 40), whole, ROWS - 20)
    order = [whole.ids.index(name) for name in panel.ids]
    for mine, theirs in zip(found, expected[order], strict=True):
        assert np.corrcoef(mine, theirs)[0, 1] > 0.9 or np.abs(mine - theirs).max() < 3


def test_the_cost_is_linear_in_the_number_of_series(led: Table) -> None:
    sizes = [
        sum(a.size for a in (p.effect, p.expected, p.weights)) for p in map(fitted, map(panel_of, (led(5), led(11))))
    ]
    assert sizes[1] <= 2 * sizes[0] + 100


def test_independent_series_have_little_to_say(independent: Table) -> None:
    panel = panel_of(independent())
    past = fitted(panel)
    noise = np.flatnonzero([name in ("s0", "s3") for name in panel.ids])
    found = np.concatenate([added(past, panel, cutoff)[noise] for cutoff in range(240, 300, 5)])
    assert np.abs(found).mean() < 0.5
