"""Numbers, times and names as a reader sees them."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.forecasting.report.wording import (
    DASH,
    MINUS,
    THIN,
    TIMES,
    column,
    count,
    difference,
    escape,
    fixed,
    moments,
    number,
    percent,
    plain,
    printable,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5119, "0.512"),
        (1.0, "1.00"),
        (28412.4, f"28{THIN}412"),
        (1234.0, "1234"),
        (-3.14159, f"{MINUS}3.14"),
        (0.0, "0"),
        (-0.0, "0"),
        (math.nan, DASH),
        (math.inf, "∞"),
        (1e300, f"1.00{THIN}{TIMES}{THIN}10³⁰⁰"),
        (-2.5e-300, f"{MINUS}2.50{THIN}{TIMES}{THIN}10⁻³⁰⁰"),
        (1234567.0, f"1{THIN}234{THIN}567"),
    ],
)
def test_a_number_has_three_significant_digits_or_all_its_whole_ones(value: float, text: str) -> None:
    assert number(value) == text


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_is_the_number(value: float) -> None:
    plainly = number(value).replace(THIN, "").replace(MINUS, "-")
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    if TIMES in plainly:
        mantissa, power = plainly.split(TIMES)
        plainly = f"{mantissa}e{power[2:].translate(superscripts)}"
    if math.isfinite(float(plainly)):  # the largest float rounds up to no float
        assert float(plainly) == pytest.approx(value, rel=0.006)


def test_small_words() -> None:
    assert fixed(-0.001, 2) == "0.00"
    assert percent(0.9291) == f"93{THIN}%"
    assert percent(math.nan) == DASH
    assert count(1, "window") == "1 window"
    assert count(3, "window") == "3 windows"
    assert [plain(value) for value in (1.0, 0.1, 100.0, 0.05)] == ["1", "0.1", "100", "0.05"]


def test_a_column_shares_its_decimals() -> None:
    assert column(np.array([1.0, 12.345, math.nan])) == ["1.00", f"{12.345:.2f}", DASH]
    assert column(np.array([1e300, 1.0]))[1] == "1.000"
    assert column(np.empty(0)) == []


def test_times_are_no_longer_than_they_need_be() -> None:
    day = np.datetime64("2024-02-29", "us")
    assert moments(np.array([day])) == ["2024-02-29"]
    assert moments(np.array([day, day + np.timedelta64(90, "m")])) == ["2024-02-29 00:00", "2024-02-29 01:30"]
    assert moments(np.array([day + np.timedelta64(1, "us")])) == ["2024-02-29 00:00:00.000001"]
    assert moments(np.array([-3, 2**62])) == [f"{MINUS}3", f"{2**62:,}".replace(",", THIN)]


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec=None, categories=None), max_size=40))
def test_escaped_text_survives_utf8_and_xml(text: str) -> None:
    escaped = escape(text)
    assert not set("<>\"'") & set(escaped)
    assert escaped.encode("utf-8").decode("utf-8") == escaped
    inside = ElementTree.fromstring(f'<a b="{escaped}">{escaped}</a>').text or ""
    assert inside == printable(text)


def test_a_difference_has_its_sign_and_none_is_none() -> None:
    assert difference(0.25) == f"+{percent(0.25)}"
    assert difference(-0.25) == f"{MINUS}{percent(0.25)}"
    assert difference(0.004) == difference(-0.004) == difference(0.0) == "same"
