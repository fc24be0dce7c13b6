"""Axes for values of any magnitude."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting.report.charts.axes import TimeAxis, decade_ticks, span, unit_of, value_ticks
from foretell.forecasting.report.charts.theme import blank, panel, style
from foretell.forecasting.report.wording import MINUS, THIN, TIMES

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("peak", "name"),
    [
        (0.0, ""),
        (0.02, ""),
        (99_999.0, ""),
        (600_000.0, "thousands"),
        (2.5e6, "millions"),
        (1e300, f"{TIMES} 10³⁰⁰"),
        (1e-300, f"{TIMES} 10⁻³⁰⁰"),
    ],
)
def test_the_unit_keeps_labels_short(peak: float, name: str) -> None:
    assert unit_of([np.array([peak, -peak / 2, np.nan, np.inf])]).name == name


@settings(deadline=None)
@given(st.lists(finite, min_size=1, max_size=5))
def test_scaled_values_are_drawable(values: list[float]) -> None:
    array = np.array(values)
    scaled = unit_of([array]).scaled(array)
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max() < 1e5
    low, high = span([scaled])
    assert low <= scaled.min() <= scaled.max() <= high
    assert low < high


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_lie_within_and_say_where_they_are(low: float, width: float) -> None:
    high = low + width
    places, labels = value_ticks(low, high, 5)
    assert 1 <= len(places) <= 8
    assert len(set(labels)) == len(labels)
    for place, label in zip(places, labels, strict=True):
        assert low <= place <= high
        assert float(label.replace(MINUS, "-").replace(THIN, "")) == pytest.approx(place, abs=1e-6 * (high - low))


@settings(deadline=None)
@given(st.floats(-320, 308), st.floats(0.01, 100))
def test_logarithmic_axes_have_ticks(low: float, width: float) -> None:
    places, labels = decade_ticks(low, low + width, 5)
    assert 2 <= len(places) <= 7
    assert len(labels) == len(places)
    assert all(low <= place <= low + width for place in places)


def test_integers_beyond_a_floats_precision_are_told_apart() -> None:
    start = 2**62
    places = TimeAxis([np.array([start, start + 1])]).place(np.array([start, start + 1]))
    assert places.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("width", "most"), [(9.0, 9), (3.6, 4)])
def test_every_span_of_dates_gets_labels(width: float, most: int) -> None:
    with style(), warnings.catch_warnings():
        warnings.simplefilter("error")
        axes = panel(blank(width, 2), 0.1, 0.1, width - 0.2, 1.5)
        for seconds in np.geomspace(3, 3e9, 150):
            times = np.datetime64("1999-11-30T22:17:03", "us") + np.array([0, seconds * 1e6]).astype("timedelta64[us]")
            time = TimeAxis([times])
            axes.set_xlim(*time.place(times))
            time.dress(axes, most, 9)
            inside = [p for p in axes.get_xticks() if time.place(times)[0] <= p <= time.place(times)[1]]
            assert 1 <= len(inside) <= most + 1


def test_dates_are_days() -> None:
    times = np.array(["1970-01-02", "1970-01-03T12:00"], dtype="datetime64[us]")
    assert TimeAxis([times]).place(times).tolist() == [1.0, 2.5]
