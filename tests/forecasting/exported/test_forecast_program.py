"""The program of a forecaster: its numbers from raw values, whatever networks and columns it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from numpy.typing import NDArray

from foretell import Forecaster
from foretell.errors import ExportError
from foretell.forecasting.exported.forecast_program import forecast_program
from foretell.forecasting.settings import ForecastSettings
from foretell.training.settings import TrainingSettings

NAN = float("nan")
HORIZON = 6
DAY = np.timedelta64(1, "D")


def pasts(steps: int = 90) -> list[NDArray[np.float64]]:
    """Series of many kinds and lengths, which end on the same day."""
    random = np.random.default_rng(0)
    wave = 20 + 5 * np.sin(2 * np.pi * np.arange(steps) / 7) + random.normal(size=steps)
    gaps = np.where((np.arange(steps) > 30) & (np.arange(steps) < 41), NAN, 3 * wave)
    return [wave, gaps, random.poisson(1, steps).astype(float), 1e6 + wave[:37], -wave[:5], wave[:2], wave[:1]]


def table(with_columns: bool = False) -> pl.DataFrame:
    frames = []
    for k, past in enumerate(pasts()):
        days = np.datetime64("2024-02-01") + np.arange(-len(past), HORIZON if with_columns else 0) * DAY
        random = np.random.default_rng(k)
        values = np.append(past, np.full(len(days) - len(past), NAN))
        columns = {"unique_id": [f"s{k}"] * len(days), "ds": days.astype("datetime64[us]"), "y": values}
        if with_columns:
            columns |= {"price": random.normal(size=len(days)), "promotion": random.choice(["a", "b", "c"], len(days))}
            wind = np.where(random.random(len(days)) < 0.2, NAN, random.normal(size=len(days)))
            wind[len(past) - 1] = 1.0  # known up to the last value
            columns |= {"wind": wind, "sky": random.choice(["clear", "cloudy"], len(days))}
            columns |= {"size": np.full(len(days), float(k)), "town": ["x" if k % 2 else "y"] * len(days)}
        frames.append(pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None)))
    return pl.concat(frames)


def padded(forecaster: Forecaster) -> torch.Tensor:
    panel = forecaster.panel
    rows = int(panel.history.max())
    values = np.full((len(panel), rows), NAN)
    for i, history in enumerate(panel.history):
        values[i, rows - history :] = panel.values[panel.offsets[i] : panel.offsets[i] + history]
    return torch.from_numpy(values)


def assert_the_same(found: torch.Tensor, forecaster: Forecaster) -> None:
    assert forecaster.prediction is not None
    expected = forecaster.prediction.quantiles
    size = np.abs(expected).max((1, 2), keepdims=True)
    np.testing.assert_allclose(found.numpy() / size, expected / size, atol=1e-5)


def test_without_training() -> None:
    forecaster = Forecaster("pretrained", HORIZON, season=7, levels=(50, 90)).fit(table())
    forecaster.predict()
    program = forecast_program(forecaster)
    values = padded(forecaster)
    with torch.inference_mode():
        assert_the_same(program.module(values), forecaster)
        # A series is the same alone, and with nothing before it.
        alone = program.module(values[3:4, -40:])
        assert forecaster.prediction is not None
        np.testing.assert_allclose(alone[0].numpy(), forecaster.prediction.quantiles[3], rtol=1e-6)
    assert [column.name for column in program.columns] == ["values"]
    facts = program.document()
    names = [f"pretrained{end}" for end in ("-lo-90", "-lo-50", "", "-hi-50", "-hi-90")]
    assert facts["columns"] == names
    assert (facts["horizon"], facts["frequency"], facts["season"]) == (HORIZON, "D", [7])


def columns_of(forecaster: Forecaster, rows: int) -> dict[str, NDArray[Any]]:
    """All inputs of the program beside the values, by name."""
    panel, members = forecaster.panel, forecaster.fitted_model.members
    covariates = members.networks[0].covariates if members.networks else members.known["final"].regressors.covariates  # type: ignore[index]

    def spread(column: Any, past: bool) -> Any:
        """A column of the panel (rows,) as (B, T), or as (B, H) after the history."""
        found: Any = np.zeros((len(panel), rows if past else HORIZON), column.dtype)
        for i, history in enumerate(panel.history):
            start = panel.offsets[i]
            if past:
                found[i, rows - history :] = column[start : start + history]
            else:
                found[i] = column[start + history : start + history + HORIZON]
        return found

    codes = covariates.known["promotion"].codes(panel.known["promotion"])  # type: ignore[union-attr, arg-type]
    end = np.datetime64("2024-02-01", "us").astype(np.int64)
    day = 86_400_000_000
    columns = {
        "first_step": np.full(len(panel), end // day),
        "times": np.tile(end + np.arange(-rows, 0) * day, (len(panel), 1)),
        "future_times": np.tile(end + np.arange(HORIZON) * day, (len(panel), 1)),
        "known_price": spread(panel.known["price"], True),
        "known_promotion": spread(codes, True),
        "future_price": spread(panel.known["price"], False),
        "future_promotion": spread(codes, False),
    }
    if covariates.past:
        skies = covariates.past["sky"].codes(panel.past["sky"])  # type: ignore[union-attr, arg-type]
        columns |= {"past_wind": spread(panel.past["wind"], True), "past_sky": spread(skies, True)}
    if covariates.static:
        towns = covariates.static["town"].codes(panel.static["town"])  # type: ignore[union-attr, arg-type]
        columns |= {"static_size": panel.static["size"].astype(float), "static_town": towns}
    return columns


def test_a_trained_network_with_calendar_and_covariates() -> None:
    settings = ForecastSettings(hidden=8, members=2, training=TrainingSettings(steps=3))
    forecaster = Forecaster(
        "gru",
        HORIZON,
        season=7,
        known=("price", "promotion"),
        past=("wind", "sky"),
        static=("size", "town"),
        settings=settings,
    )
    given = table(with_columns=True)
    forecaster.fit(given)
    forecaster.predict(given)
    assert forecaster.fitted_model.members.known is None  # the columns have no effect
    program = forecast_program(forecaster)
    values = padded(forecaster)
    columns = columns_of(forecaster, values.shape[1])
    del columns["first_step"]
    assert [column.name for column in program.columns[1:]] == list(columns)
    with torch.inference_mode():
        found = program.module(values, **{name: torch.from_numpy(column) for name, column in columns.items()})
    assert_the_same(found, forecaster)
    by_name = {column["name"]: column for column in program.document()["inputs"]}
    assert by_name["static_town"]["codes"] == {1: "x", 2: "y"}


@pytest.mark.parametrize(("model", "by_weekday"), [("pretrained", False), ("pretrained", True), ("auto", False)])
def test_the_effect_of_known_columns(model: str, by_weekday: bool) -> None:
    sign = pl.when(pl.col("ds").dt.weekday() < 4).then(1).otherwise(-1 if by_weekday else 1)
    level = pl.col("y").abs().mean().over("unique_id")
    promoted = level * sign * (pl.col("promotion") == "a") + 0.3 * level * pl.col("price").clip(0)
    others: dict[str, Any] = {"past": ("wind", "sky"), "static": ("size", "town")} if model == "auto" else {}
    columns = ["unique_id", "ds", "y", "price", "promotion", *(name for kind in others.values() for name in kind)]
    regular = pl.col("unique_id").is_in(["s0", "s1", "s3"])
    given = table(with_columns=True).with_columns(pl.col("y") + promoted).filter(regular).select(columns)
    settings = ForecastSettings(hidden=8, training=TrainingSettings(steps=2))
    forecaster = Forecaster(model, HORIZON, season=7, known=("price", "promotion"), **others, settings=settings).fit(
        given
    )
    forecaster.predict(given)
    effects = forecaster.fitted_model.members.known
    assert effects is not None
    assert effects["final"].regressors.season == (7 if by_weekday else 1)
    program = forecast_program(forecaster)
    values = padded(forecaster)
    inputs = columns_of(forecaster, values.shape[1])
    asked = [column.name for column in program.columns[1:]]
    unused = {"first_step"} if not by_weekday else set()
    unused |= {"times", "future_times"} if model == "pretrained" else set()
    assert asked == [name for name in inputs if name not in unused]
    with torch.inference_mode():
        found = program.module(values, **{name: torch.from_numpy(inputs[name]) for name in asked})
    assert_the_same(found, forecaster)


def test_a_strided_convolution_is_refused() -> None:
    settings = ForecastSettings(hidden=8, conv_stride=2, training=TrainingSettings(steps=1))
    forecaster = Forecaster("gru", HORIZON, season=7, settings=settings).fit(table())
    with pytest.raises(ExportError, match="stride 2, which cannot be exported exactly: fit one without conv_stride"):
        forecast_program(forecaster)
