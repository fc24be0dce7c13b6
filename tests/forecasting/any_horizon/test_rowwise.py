"""Row by row: the same bits in a batch of any size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from foretell import Forecaster
from foretell.forecasting.any_horizon.rowwise import RowwiseLinear, by_rows
from foretell.forecasting.settings import OF_GIVEN_LENGTH, ForecastSettings


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize(("inputs", "outputs"), [(64, 24), (96, 52), (280, 96), (3, 1)])
def test_a_row_of_a_product_is_the_same_in_any_batch(inputs: int, outputs: int, threads: int) -> None:
    torch.manual_seed(0)
    layer, x = RowwiseLinear(inputs, outputs), torch.randn(1500, inputs)
    before = torch.get_num_threads()
    try:
        with torch.no_grad():
            torch.set_num_threads(1)
            whole = layer(x)
            torch.testing.assert_close(whole, F.linear(x, layer.weight, layer.bias))
            torch.set_num_threads(threads)
            for rows in (1, 2, 3, 4, 5, 7, 11, 18, 33, 257, 1023, 1025):
                assert torch.equal(layer(x[:rows]), whole[:rows]), rows
            assert torch.equal(layer(x[:6].unflatten(0, (2, 1, 3))).flatten(0, 2), whole[:6])
    finally:
        torch.set_num_threads(before)


def test_training_uses_the_product_of_torch() -> None:
    layer, x = RowwiseLinear(5, 3, bias=False), torch.randn(2, 5)
    assert torch.equal(layer(x), F.linear(x, layer.weight))
    layer(x).sum().backward()
    assert layer.weight.grad is not None


def test_functions_of_rows_are_the_same_in_any_batch() -> None:
    def function(a: Tensor, b: Tensor, c: Tensor | None) -> Tensor:
        assert c is None
        return torch.cat([F.softplus(a + b), (a * b).asinh().mean(-1, keepdim=True)], -1)

    torch.manual_seed(0)
    a, b = torch.randn(700, 1, 7), torch.randn(5, 7)
    with torch.no_grad():
        whole = by_rows(function, a, b, None)
        assert whole.shape == (700, 5, 8)
        torch.testing.assert_close(whole, function(a, b, None))
        for rows in (1, 2, 13, 64, 500):
            assert torch.equal(by_rows(function, a[:rows], b, None), whole[:rows])
    assert torch.equal(by_rows(function, a, b, None), function(a, b, None))  # with gradients


def table(random: np.random.Generator, series: int, horizon: int) -> pl.DataFrame:
    """Series of many lengths, with missing values, covariates and what is known of the horizon."""
    parts = []
    for k in range(series):
        steps = int(random.choice([1, 2, 3, 9, 30, 57, 120]))
        values = 10 + k + 3 * np.sin(np.arange(steps) / 7 * 2 * np.pi) + random.normal(size=steps)
        if k % 3 == 0:
            values[:-1] = np.where(random.random(steps - 1) < 0.2, np.nan, values[:-1])
        rows: dict[str, Any] = {
            "shop": [f"s{k:03}"] * (steps + horizon),
            "day": (np.datetime64("2024-01-01") + np.arange(steps + horizon)).astype("datetime64[us]"),
            "sold": [*values.tolist(), *[None] * horizon],
            "price": np.cos(np.arange(steps + horizon) + k),
            "region": ["north" if k % 2 else "south"] * (steps + horizon),
        }
        parts.append(pl.DataFrame(rows, strict=False).with_columns(pl.col("sold").cast(pl.Float64).fill_nan(None)))
    return pl.concat(parts)


@pytest.mark.parametrize("model", ["pretrained", "lstm", "gru", "auto"])
def test_a_forecast_on_one_thread_is_the_same_whichever_series_share_the_table(model: str) -> None:
    random = np.random.default_rng(1)
    rows = table(random, 21, 5)
    covariates: dict[str, Any] = {"known": ["price"], "static": ["region"]}
    if model == "pretrained":
        rows, covariates = rows.drop("price", "region"), {}
    settings = ForecastSettings(hidden=24, training=replace(OF_GIVEN_LENGTH, steps=2))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        forecaster = Forecaster(model, 5, settings=settings, **covariates).fit(rows)
        whole = forecaster.predict(rows).sort("unique_id", "ds")
        for size in (1, 2, 3, 8, 17):
            some = random.choice(rows["shop"].unique().sort().to_numpy(), size, replace=False).tolist()
            part = forecaster.predict(rows.filter(pl.col("shop").is_in(some))).sort("unique_id", "ds")
            assert part.equals(whole.filter(pl.col("unique_id").is_in(some)))
    finally:
        torch.set_num_threads(before)
