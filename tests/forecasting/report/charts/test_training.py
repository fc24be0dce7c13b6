"""Charts of losses, gradients and errors by step, in ordinary and in hopeless runs."""

from __future__ import annotations

import warnings
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foretell.forecasting.report.charts import error_by_step_chart, gradient_chart, inline_svg, loss_chart
from foretell.forecasting.report.charts.scores import model_styles
from foretell.forecasting.report.charts.training import smoothed

anything = arrays(np.float64, st.integers(0, 50), elements=st.floats())


@settings(max_examples=25, deadline=None)
@given(anything, st.lists(st.tuples(st.integers(1, 60), st.floats()), max_size=4), st.none() | st.floats())
def test_any_training_can_be_drawn(
    values: np.ndarray, evaluations: list[tuple[int, float]], clip: float | None
) -> None:
    best = evaluations[-1][0] if evaluations else None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in (loss_chart(values, sorted(evaluations), best), gradient_chart(values, clip)):
            ElementTree.fromstring(inline_svg(figure, "key", "label"))


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.text(max_size=4), arrays(np.float64, 3, elements=st.floats()), min_size=1, max_size=6))
def test_any_errors_can_be_drawn(errors: dict[str, np.ndarray]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ElementTree.fromstring(inline_svg(error_by_step_chart(errors, [next(iter(errors))]), "key", "label"))


def test_the_clip_line_and_the_best_step_are_drawn() -> None:
    norms = np.geomspace(10, 0.1, 200)
    assert "stroke-dasharray" in inline_svg(gradient_chart(norms, 1.0), "a", "b")
    assert "stroke-dasharray" not in inline_svg(gradient_chart(norms, None), "a", "b")
    marked = inline_svg(loss_chart(norms, [(100, 1.0), (200, 0.5)], 100), "a", "b")
    unmarked = inline_svg(loss_chart(norms, [(100, 1.0), (200, 0.5)], None), "a", "b")
    assert marked.count("var(--chart-backtest)") > unmarked.count("var(--chart-backtest)") == 0


def test_models_differ_by_more_than_colour() -> None:
    styles = model_styles(["lstm", *"abcdefgh"], ["lstm"])
    assert styles[0] == ("lstm", "forecast", ())
    assert len({(colour, dashes) for _, colour, dashes in styles}) == 9
    assert len({dashes for _, _, dashes in styles[1:5]}) == 4


def test_smoothing_leaves_out_what_is_missing() -> None:
    values = np.full(200, 2.0)
    values[[0, 50, 51]] = np.nan
    assert smoothed(values) == pytest.approx(np.full(200, 2.0))
    assert smoothed(np.empty(0)).shape == (0,)
    assert np.isnan(smoothed(np.array([np.nan]))).all()
