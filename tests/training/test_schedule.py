from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.training.schedule import END, START, rate_factor

shares = st.floats(0, 1)
warm_ups = st.floats(0, 0.95)


@given(shares, warm_ups, st.sampled_from(["one-cycle", "constant", "cosine"]))
def test_the_rate_stays_between_nothing_and_the_peak(progress: float, warm_up: float, schedule: str) -> None:
    assert 0 <= rate_factor(schedule, progress, warm_up=warm_up) <= 1  # type: ignore[arg-type]


@given(shares, shares, warm_ups)
def test_one_cycle_rises_until_the_peak_and_falls_after_it(a: float, b: float, warm_up: float) -> None:
    low, high = sorted((a, b))
    first, second = (rate_factor("one-cycle", p, warm_up=warm_up) for p in (low, high))
    if high <= warm_up:
        assert first <= second + 1e-12
    elif low >= warm_up:
        assert first >= second - 1e-12


@given(st.floats(0.01, 0.95))
def test_one_cycle_starts_low_peaks_and_ends_lower(warm_up: float) -> None:
    assert rate_factor("one-cycle", 0, warm_up=warm_up) == pytest.approx(START)
    assert rate_factor("one-cycle", warm_up, warm_up=warm_up) == pytest.approx(1)
    assert rate_factor("one-cycle", 1, warm_up=warm_up) == pytest.approx(END)


@given(shares, shares)
def test_cosine_only_falls_and_constant_is_constant(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert rate_factor("cosine", low) >= rate_factor("cosine", high)
    assert rate_factor("constant", a) == 1


def test_progress_out_of_range_is_taken_as_its_end() -> None:
    assert rate_factor("one-cycle", 1.5) == rate_factor("one-cycle", 1.0)
    assert rate_factor("cosine", -1) == 1
