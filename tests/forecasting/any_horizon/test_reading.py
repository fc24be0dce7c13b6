"""What of the seasons and of the past a network is told."""

from __future__ import annotations

import pytest

from foretell.errors import SettingsError
from foretell.forecasting.any_horizon.reading import Reading


@pytest.mark.parametrize(
    ("seasons", "read"),
    [((), (1, 0)), ((12,), (12, 0)), ((24, 168), (24, 168)), ((24, 168, 8766), (24, 168))],
)
def test_two_seasons_are_read_and_others_kept_apart(seasons: tuple[int, ...], read: tuple[int, int]) -> None:
    reading = Reading.of(seasons)
    assert reading.seasons == read
    assert reading.further == seasons[2:]


@pytest.mark.parametrize("seasons", [(), (12,), (24, 168), (500,), (48, 2000), (400_000, 900_000)])
@pytest.mark.parametrize("window", [None, 2, 20_000])
def test_a_forecast_reaches_back_over_its_window_and_three_seasons(
    seasons: tuple[int, ...], window: int | None
) -> None:
    reading = Reading.of(seasons, window)
    assert reading.window == window or window is None
    assert reading.reach >= 3 * max(reading.seasons)
    assert reading.reach >= reading.window > 0


@pytest.mark.parametrize("wrong", [(0, 0, 5), (1, -1, 5), (1, 0, 0), (1_000_001, 0, 5), (2, 1_000_001, 5)])
def test_what_no_network_reads(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(SettingsError, match="from 1 to 1,000,000"):
        Reading(*wrong)
    for further in ((0,), (30, 1_000_001)):
        with pytest.raises(SettingsError, match="from 1 to 1,000,000"):
            Reading(4, 12, 240, further)
