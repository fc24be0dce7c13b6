"""A folder with tables, beside one that no tool may touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from foretell import Forecaster
from foretell.forecasting.settings import OF_GIVEN_LENGTH, ForecastSettings


def sales(days: int = 60) -> pl.DataFrame:
    """Three shops; the price is known in advance, and says what is sold."""
    time = np.datetime64("2024-01-01") + np.arange(days)
    random = np.random.default_rng(0)
    frames = []
    for number, shop in enumerate(("Ann's", "Bob's", "Cy's")):
        price = random.normal(size=days)
        week = np.sin(np.arange(days) / 7 * 2 * np.pi)
        sold = 20 + number + 3 * week - 2 * price + 0.1 * random.normal(size=days)
        rows = {"shop": [shop] * days, "day": time.astype("datetime64[us]"), "sold": sold, "price": price}
        frames.append(pl.DataFrame(rows))
    return pl.concat(frames)


@pytest.fixture(scope="session")
def priced_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agents") / "model"
    settings = ForecastSettings(hidden=8, training=OF_GIVEN_LENGTH)
    known = Forecaster("gru", 4, known=["price"], season=7, settings=settings)
    known.settings = ForecastSettings(hidden=8, windows=3, training=known.settings.training.for_epochs(1, 5))
    known.fit(sales()).save(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    sales().drop("price").write_csv(allowed / "sales.csv")
    (tmp_path / "outside").mkdir()
    sales().drop("price").write_csv(tmp_path / "outside" / "secret.csv")
    return allowed
