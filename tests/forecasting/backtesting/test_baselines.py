"""The baselines against forecasts made by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foretell.forecasting.backtesting.baselines import baselines
from foretell.forecasting.panel import Panel
from foretell.tables.frequency import Frequency

MakePanel = Callable[..., Panel]
ONE = np.array([0])


def test_naive_and_seasonal_naive_by_hand(make_panel: MakePanel) -> None:
    panel = make_panel([[1, 2, 3, 4, 5, 6], [7, np.nan, 9, 10, np.nan, np.nan, 11]])
    at = np.array([0, 0, 1])
    found = baselines(panel, at, np.array([6, 2, 6]), 4, (3,), panel.history)
    np.testing.assert_array_equal(found["naive"], [[6] * 4, [2] * 4, [10] * 4])
    # Before its beginning a series is taken to have been at its first value; missing values repeat the last one.
    np.testing.assert_array_equal(found["seasonal_naive"], [[4, 5, 6, 4], [1, 1, 2, 1], [10, 10, 10, 10]])


def test_without_a_season_there_is_no_seasonal_naive(make_panel: MakePanel) -> None:
    panel = make_panel([np.arange(30.0)])
    assert list(baselines(panel, ONE, np.array([30]), 2, (), panel.history)) == ["naive", "linear"]


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.one_of(st.just(np.nan), st.floats(-1e300, 1e300)), min_size=1, max_size=25).map(
            lambda v: [1.0, *v, 2.0]
        ),
        min_size=1,
        max_size=3,
    ),
    st.integers(1, 6),
    st.sampled_from([(), (2,), (5, 9)]),
)
@example(values=[[1.0, 0.0, 2.2250738585e-313, 2.0]], horizon=1, seasons=())
@example(values=[[1e-320, 0.0, 1e-300, 1e300, 2.0]], horizon=2, seasons=())
def test_forecasts_are_always_numbers(values: list[list[float]], horizon: int, seasons: tuple[int, ...]) -> None:
    history = np.array([len(v) for v in values])
    panel = Panel(
        ids=tuple(map(str, range(len(values)))),
        frequency=Frequency("1"),
        starts=np.zeros(len(values), np.int64),
        offsets=np.append(0, np.cumsum(history)),
        history=history,
        values=np.concatenate([np.array(v) for v in values]),
    )
    found = baselines(panel, np.arange(len(values)), history, horizon, seasons, history)
    assert ("seasonal_naive" in found) == bool(seasons)
    for forecast in found.values():
        assert forecast.shape == (len(values), horizon)
        assert np.isfinite(forecast).all()
