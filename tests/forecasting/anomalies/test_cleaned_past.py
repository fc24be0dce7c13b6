"""What is replaced in the past of later values: anomalies, but neither their echoes nor new levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.anomalies.cleaned_past import CleanedPast
from foretell.forecasting.panel import Panel
from foretell.tables.frequency import Frequency


def past(*lengths: int, seasons: tuple[int, ...] = (7,)) -> CleanedPast:
    rows = sum(lengths)
    panel = Panel(
        ids=tuple(f"s{k}" for k in range(len(lengths))),
        frequency=Frequency.parse("1d"),
        starts=np.array(["2024-01-01"] * len(lengths), dtype="datetime64[us]"),
        offsets=np.cumsum([0, *lengths]),
        history=np.array(lengths),
        values=np.arange(float(rows)),
    )
    return CleanedPast.of(panel, seasons)


def flags(rows: int, *places: int) -> NDArray[np.bool_]:
    found = np.zeros(rows, dtype=bool)
    found[list(places)] = True
    return found


def test_an_echo_a_season_later_or_at_once_is_not_replaced() -> None:
    cleaned = past(30).after(flags(30, 10, 11, 17, 20), np.full(30, -1.0))
    assert np.flatnonzero(cleaned.values() == -1).tolist() == [10, 20]
    # If it is still unlikely without what it might have echoed, it is an anomaly itself.
    again = cleaned.after(flags(30, 10, 11, 20), np.full(30, -2.0))
    assert np.flatnonzero(again.values() == -1).tolist() == [10, 20]
    assert np.flatnonzero(again.values() == -2).tolist() == [11]


def test_what_turns_out_likely_is_put_back() -> None:
    cleaned = past(30).after(flags(30, 10, 20), np.full(30, -1.0)).after(flags(30, 20), np.full(30, -2.0))
    assert np.flatnonzero(cleaned.values() == -1).tolist() == [20]


def test_three_in_a_row_are_a_new_level() -> None:
    cleaned, expected = past(30), np.full(30, -1.0)
    for _ in range(3):
        cleaned = cleaned.after(flags(30, 10, 11, 12, 20), expected)
    assert np.flatnonzero(cleaned.found).tolist() == [10, 11, 12, 20]
    assert np.flatnonzero(cleaned.values() == -1).tolist() == [20]


def test_series_do_not_echo_one_another() -> None:
    cleaned = past(10, 20).after(flags(30, 9, 10, 16), np.full(30, -1.0))
    assert np.flatnonzero(cleaned.values() == -1).tolist() == [9, 10, 16]


def test_suspects_are_left_out_beside_what_was_found() -> None:
    cleaned = past(30).after(flags(30, 10), np.full(30, -1.0))
    values = cleaned.values_without(flags(30, 10, 15), np.full(30, -2.0))
    assert (values[10], values[15], values[16]) == (-1.0, -2.0, 16.0)
