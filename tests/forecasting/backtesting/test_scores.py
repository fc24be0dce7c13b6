"""The metrics against their equations, and what is left out of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from foretell.forecasting.backtesting.scores import coverage, scores

NAN = float("nan")


def frame(ids: list[str], y: list[float], horizon: int, **models: list[float]) -> pl.DataFrame:
    steps = [1 + i % horizon for i in range(len(y))]
    return pl.DataFrame({"unique_id": ids, "step": steps, "y": np.array(y, float), **models})


def training(**series: list[float]) -> pl.DataFrame:
    return pl.DataFrame(
        {"unique_id": [n for n, v in series.items() for _ in v], "y": [float(x) for v in series.values() for x in v]}
    )


def test_the_metrics_by_hand() -> None:
    forecasts = frame(["a", "a", "b", "b"], [10, 20, 4, 8], 2, m=[12, 20, 4, 4], other=[10, 20, 4, 8])
    found = scores(forecasts, training(a=[1, 5, 3, 11], b=[2, 2, 2, 4]), ["m", "other"], 2, 2)
    # Scales over two steps: (2 + 6) / 2 and (0 + 2) / 2.
    assert found.table["m"]["MASE"] == pytest.approx((1 / 4 + 2 / 1) / 2)
    assert found.table["m"]["sMAPE"] == pytest.approx(100 * (2 * 2 / 22 / 2 + 2 * 4 / 12 / 2) / 2)
    assert found.table["m"]["MAE"] == pytest.approx((1 + 2) / 2)
    assert found.table["m"]["RMSE"] == pytest.approx((np.sqrt(2) + np.sqrt(8)) / 2)
    assert found.table["other"] == {"MASE": 0, "sMAPE": 0, "MAE": 0, "RMSE": 0}
    np.testing.assert_allclose(found.by_step["m"], [(2 / 4 + 0) / 2, (0 + 4 / 1) / 2])
    assert found.by_series == {"a": 0.25, "b": 2.0}
    assert found.notes == ()


def test_smape_reaches_200_percent() -> None:
    found = scores(frame(["a"], [-1.0], 1, m=[1.0]), training(a=[1, 2]), ["m"], 1, 1)
    assert found.table["m"]["sMAPE"] == pytest.approx(200)


def test_missing_values_count_nowhere() -> None:
    forecasts = frame(["a"] * 4, [10, NAN, 10, 12], 2, m=[11, 99, 11, 14])
    found = scores(forecasts, training(a=[1, NAN, 2, 4, NAN]), ["m"], 1, 2)
    assert found.table["m"]["MASE"] == pytest.approx((1 + 1 + 2) / 3 / 2)
    np.testing.assert_allclose(found.by_step["m"], [0.5, 1.0])
    nothing = scores(frame(["a"], [NAN], 1, m=[1.0]), training(a=[1, 2]), ["m"], 1, 1)
    assert all(np.isnan(list(nothing.table["m"].values())))
    assert np.isnan(nothing.by_step["m"]).all()


def test_series_without_a_scale_are_left_out_of_mase_and_said() -> None:
    forecasts = frame(["flat", "short", "a"], [5, 1, 3], 1, m=[5, 2, 4])
    found = scores(forecasts, training(flat=[5, 5, 5], short=[1], a=[1, 3]), ["m"], 1, 1)
    assert found.table["m"]["MASE"] == pytest.approx(0.5)
    assert found.table["m"]["MAE"] == pytest.approx(2 / 3)
    np.testing.assert_allclose(found.by_step["m"], [0.5])
    assert found.notes == ("MASE leaves out 2 of 3 series: their training part does not vary from season to season.",)


def test_errors_that_overflow_are_left_out_and_said() -> None:
    forecasts = frame(["huge", "a"], [1e300, 3], 1, m=[-1e300, 4])
    found = scores(forecasts, training(huge=[1e300, 2e300], a=[1, 3]), ["m"], 1, 1)
    assert found.table["m"]["RMSE"] == pytest.approx(1)
    assert found.table["m"]["MASE"] == pytest.approx((2 + 0.5) / 2)
    assert found.notes == ("RMSE leaves out 1 of 2 series: it is not finite.",)


def test_coverage() -> None:
    actual = np.array([[1.0, 2.0], [3.0, NAN]])
    low, high = np.array([[0.0, 2.5], [3.0, 0.0]]), np.array([[2.0, 3.0], [3.0, 9.0]])
    assert coverage(actual, {80: (low, high)}) == {80: pytest.approx(2 / 3)}
    assert coverage(np.full((1, 2), NAN), {80: (low, high)}) == {}
