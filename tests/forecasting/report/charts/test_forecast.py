"""Pictures of forecasts: any values, any times, and PNG files."""

from __future__ import annotations

import dataclasses
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foretell.errors import SettingsError
from foretell.forecasting.report import BacktestWindow, SeriesView, forecast_chart, plot_forecast, write_png
from foretell.forecasting.report.charts import forecast_charts, inline_svg
from foretell.forecasting.report.charts.forecast import MOST_POINTS, NARROW, WIDE


def draw(view: SeriesView, size: tuple[float, float] = WIDE) -> ElementTree.Element:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ElementTree.fromstring(inline_svg(forecast_chart(view, size), "key", "label"))


def texts(drawing: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in drawing.iter("text")]


@settings(max_examples=30, deadline=None)
@given(st.data(), st.integers(0, 12), st.integers(1, 5), st.booleans())
def test_any_values_can_be_drawn(data: st.DataObject, history: int, horizon: int, dates: bool) -> None:
    times: np.ndarray = np.arange(history + horizon)
    if dates:
        times = np.datetime64("2024-01-01", "us") + times * np.timedelta64(1, "h")
    values = data.draw(arrays(np.float64, history, elements=st.floats()))
    bounds = data.draw(arrays(np.float64, (3, horizon), elements=st.floats()))
    window = BacktestWindow(times[:horizon], bounds[0], {90: (bounds[1], bounds[2])}, bounds[0])
    view = SeriesView("x", times[:history], values, times[history:], bounds[0], {90: (bounds[1], bounds[2])}, (window,))
    drawing = draw(view, NARROW)
    numbers = "".join(element.attrib.get("d", "") for element in drawing.iter())
    assert "nan" not in numbers.lower()
    assert "inf" not in numbers.lower()


@pytest.mark.parametrize("level", [1e300, 1e-300, 1e308])
def test_huge_and_tiny_values_keep_their_shape(view: Callable[..., SeriesView], level: float) -> None:
    plain, scaled = draw(view(level=1.0)), draw(view(level=level))
    assert len(list(plain.iter("path"))) == len(list(scaled.iter("path")))
    assert any("10" in text and ("⁰" in text or "⁶" in text) for text in texts(scaled))


def test_a_single_step_is_a_point_and_a_bar(view: Callable[..., SeriesView]) -> None:
    drawing = draw(view(horizon=1, windows=2))
    styles = [element.attrib.get("style", "") for element in drawing.iter()]
    assert any("var(--chart-forecast)" in style and "stroke-width: 7" in style for style in styles)


def test_a_point_between_gaps_is_drawn(view: Callable[..., SeriesView]) -> None:
    values = np.full(20, np.nan)
    values[7] = 5.0
    alone = dataclasses.replace(view(history=20, windows=0), values=values)
    nothing = dataclasses.replace(alone, values=np.full(20, np.nan))
    assert len(list(draw(alone).iter("use"))) == len(list(draw(nothing).iter("use"))) + 1


def test_long_histories_stay_small(view: Callable[..., SeriesView]) -> None:
    paths = [path.attrib["d"] for path in draw(view(history=20_000, horizon=2_000, windows=3)).iter("path")]
    assert max(path.count("L") for path in paths) <= 4 * MOST_POINTS


def test_integer_times_are_written_as_they_are(view: Callable[..., SeriesView]) -> None:
    base = view(history=40, windows=0)
    integers = dataclasses.replace(
        base, times=np.arange(2**60, 2**60 + 40), forecast_times=np.arange(2**60 + 40, 2**60 + 54)
    )
    assert any(
        text.replace("\N{NARROW NO-BREAK SPACE}", "").startswith("11529215046068") for text in texts(draw(integers))
    )


def test_levels_get_one_band_each(view: Callable[..., SeriesView]) -> None:
    filled = [
        style
        for element in draw(view(windows=0)).iter("path")
        if "fill: var(--chart-forecast)" in (style := element.attrib.get("style", "")) and "fill-opacity" in style
    ]
    assert len(filled) == 3


def test_windows_before_the_history_shown_are_left_out(view: Callable[..., SeriesView]) -> None:
    whole = view(history=100, windows=3)
    cut = dataclasses.replace(whole, times=whole.times[-20:], values=whole.values[-20:])
    assert len(list(draw(whole).iter("path"))) - len(list(draw(cut).iter("path"))) >= 2


def pixels(picture: bytes) -> tuple[int, int]:
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def test_a_png_is_as_large_as_asked_and_the_same_every_time(view: Callable[..., SeriesView], tmp_path: Path) -> None:
    picture = plot_forecast(view(), (6, 3), resolution=50)
    assert pixels(picture)[0] == 300
    assert plot_forecast(view(), (6, 3), resolution=50) == picture
    assert pixels(plot_forecast([view(), view("bus")], (6, 3), resolution=50))[1] > 300
    write_png(view(), tmp_path / "a.png", (6, 3), resolution=50)
    assert (tmp_path / "a.png").read_bytes() == picture
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_names_are_not_mathematics(view: Callable[..., SeriesView]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("$\\frac{$", "a_b^c", "東京", "\x00<b>"):
            assert plot_forecast(view(name), (4, 2), resolution=30)
    figure = forecast_charts([view("$x_1$")])
    assert not any(text.get_parse_math() for text in figure.axes[0].texts)


def test_too_many_panels_are_refused(view: Callable[..., SeriesView]) -> None:
    with pytest.raises(SettingsError, match="1 to 48 series, not 49"):
        plot_forecast([view()] * 49)
    with pytest.raises(SettingsError, match="not 0"):
        plot_forecast([])
