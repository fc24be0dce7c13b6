"""The calendar within a program: that of the networks, to the last bit that matters."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from foretell.forecasting.covariates.calendar import calendar_features, calendar_names
from foretell.forecasting.exported.calendar_program import calendar_program
from foretell.tables.frequency import Frequency


@pytest.mark.parametrize("alias", ["s", "min", "h", "D", "MS", "QS"])
def test_it_equals_the_calendar_of_the_networks(alias: str) -> None:
    frequency = Frequency.parse(alias)
    days = np.random.default_rng(0).integers(-300_000, 2_000_000, 400)  # from the year 1148 to 7445
    ends = ["1600-02-29", "1899-12-31", "1900-03-01", "1969-12-31", "1970-01-01", "2000-02-29", "2024-12-31"]
    dates = np.append(days.astype("datetime64[D]"), np.array(ends, dtype="datetime64[D]"))
    times = dates.astype("datetime64[us]") + np.arange(len(dates)) * np.timedelta64(3_723_000_001, "us")
    ticks = torch.from_numpy(times.astype(np.int64))
    found = calendar_program(ticks, calendar_names(frequency))
    np.testing.assert_allclose(found.numpy(), calendar_features(times, frequency), atol=1e-6)
