"""The linear regression within a program."""

from __future__ import annotations

import numpy as np
import torch

from foretell.forecasting.blending.linear import LinearRegression
from foretell.forecasting.exported.linear_program import LinearProgram

from ..conftest import panel_of

NAN = float("nan")


def test_it_forecasts_as_the_regression_does() -> None:
    random = np.random.default_rng(0)
    wave = 10 + np.sin(np.arange(60) / 2) + 0.1 * random.normal(size=60)
    pasts = [wave, np.where(random.random(60) < 0.3, NAN, wave), np.full(60, 3.0), wave[:7], wave[:1]]
    pasts[1][0] = 5.0
    panel = panel_of(pasts)
    regression = LinearRegression.fit(panel, panel.history, 5, (7,))
    expected = regression.forecast(panel, np.arange(len(pasts)), panel.history, 8)  # longer than it was fitted for
    values = np.full((len(pasts), 60), NAN)
    for row, past in zip(values, pasts, strict=True):
        row[60 - len(past) :] = past
    found = LinearProgram(regression)(torch.from_numpy(values), 8)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10)
