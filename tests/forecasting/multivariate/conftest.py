"""Series that move together, and others that do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

LAG = 3
ROWS = 300
DAYS = pl.date_range(date(2022, 1, 1), date(2022, 1, 1) + timedelta(ROWS - 1), eager=True).alias("day")


def _led(followers: int = 5, seed: int = 0) -> pl.DataFrame:
    """A leader without any pattern, and series that follow it three days later, each in its own units and direction."""
    random = np.random.default_rng(seed)
    news = random.standard_normal(ROWS + LAG)
    series = {"leader": 50 + 5 * news[LAG:]}
    for k in range(followers):
        size = 10.0 * (k - (followers - 1) / 2 or 1)
        series[f"follower {k}"] = 500 + size * news[:-LAG] + random.standard_normal(ROWS)
    return pl.DataFrame({"day": DAYS, **series})


def _independent(count: int = 6, seed: int = 1) -> pl.DataFrame:
    """Series that know nothing of each other: noise, walks and weekly patterns."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal((count, ROWS))
    week = 3 * np.sin(2 * np.pi * np.arange(ROWS) / 7)
    kinds = (noise, noise.cumsum(1), noise + week)
    return pl.DataFrame({"day": DAYS, **{f"s{k}": 100 + kinds[k % 3][k] for k in range(count)}})


@pytest.fixture(scope="session")
def led() -> Callable[..., pl.DataFrame]:
    return _led


@pytest.fixture(scope="session")
def independent() -> Callable[..., pl.DataFrame]:
    return _independent
