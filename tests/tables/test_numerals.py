"""Numbers as people write them: points, commas, thousands, and marks for what is missing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.tables.numerals import MISSING, is_text, read_numbers, text_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("cells", "values", "decimal"),
    [
        (["1", "-2.5", " 3e2 ", "+4"], [1, -2.5, 300, 4], None),
        (["1,5", "2,25"], [1.5, 2.25], ","),
        (["1.234,5", "7"], [1234.5, 7], ","),
        (["1,234.5", "7"], [1234.5, 7], "."),
        (["12,345,678", "9"], [12345678, 9], "."),
        (["1.5", "NA", None, " n/a "], [1.5, NAN, NAN, NAN], None),
    ],
)
def test_spellings(cells: list[str | None], values: list[float], decimal: str | None) -> None:
    read = read_numbers(pl.Series(cells, dtype=pl.String))
    np.testing.assert_array_equal(read.values, values)
    assert (read.decimal, len(read.wrong), read.ambiguous) == (decimal, 0, False)


def test_what_is_no_number_is_pointed_out() -> None:
    read = read_numbers(pl.Series(["1.5", "closed", None, "2.5", "1.2.3"]))
    assert read.wrong.tolist() == [1, 4]
    np.testing.assert_array_equal(read.values, [1.5, NAN, NAN, 2.5, NAN])


def test_a_comma_that_may_mean_either_is_not_guessed() -> None:
    column = pl.Series(["1,234", "5,678"])
    read = read_numbers(column)
    assert read.ambiguous
    assert read.wrong.tolist() == [0, 1]
    settled = read_numbers(column, decimal=",")
    assert settled.values.tolist() == [1.234, 5.678]
    assert not settled.ambiguous


def test_columns_that_are_numbers_already() -> None:
    np.testing.assert_array_equal(read_numbers(pl.Series([1, None, 3])).values, [1, NAN, 3])
    assert read_numbers(pl.Series([True, False])).values.tolist() == [1, 0]
    assert np.isnan(read_numbers(pl.Series([None, None])).values).all()


def test_missing_marks_are_null_in_any_case_of_letters() -> None:
    marks = [*MISSING, *(mark.upper() for mark in MISSING), "  "]
    assert text_of(pl.Series(marks)).null_count() == len(marks)
    assert text_of(pl.Series([" nant ", "0"])).to_list() == ["nant", "0"]


def test_what_is_text() -> None:
    assert is_text(pl.Series(["a"]))
    assert is_text(pl.Series(["a"], dtype=pl.Categorical))
    assert not is_text(pl.Series([1]))


@given(st.lists(st.floats(-1e12, 1e12).map(lambda value: round(value, 4)), min_size=1))
def test_either_style_reads_back_what_was_written(values: list[float]) -> None:
    english = [f"{value:,.4f}" for value in values]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    for cells in (english, german):
        read = read_numbers(pl.Series(cells))
        assert not len(read.wrong)
        np.testing.assert_array_equal(read.values, values)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["5\u202f001,05", "12"], [5001.05, 12]),
        (["5\u00a0001.5", "1\u2009234\u2009567"], [5001.5, 1234567]),
        (["5 001", "12,5"], [5001, 12.5]),
        (["1'234.50", "1\u2019234"], [1234.5, 1234]),
        (["$5,000.94", "$12"], [5000.94, 12]),
        (["$1,000", "$2,000"], [1000, 2000]),
        (["1.234,50 \u20ac", "-3 \u20ac"], [1234.5, -3]),
        (["-$5", "$-5", "($5.50)"], [-5, -5, -5.5]),
        (["EUR 5", "EUR 6.5"], [5, 6.5]),
        (["R$5", "R$ 6"], [5, 6]),
        (["\u20b91,00,000", "\u20b95"], [100_000, 5]),
        (["5%", "6.5 %"], [5, 6.5]),
        (["\u22125", "\u20136"], [-5, -6]),
        (["1", ".", "..", "-", "\u2014", "?"], [1, None, None, None, None, None]),
    ],
)
def test_what_spreadsheets_put_around_numbers(cells: list[str], expected: list[float | None]) -> None:
    read = read_numbers(pl.Series(cells))
    assert not len(read.wrong)
    assert [None if np.isnan(value) else value for value in read.values] == expected


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        (["$5", "\u20ac6", "$7"], [1]),
        (["5%", "6", "7%"], [0, 2]),
        (["5 kg", "6"], [0]),
        (["ABC 5", "ABC 6"], [0, 1]),
        (["1 23", "1 234"], [0]),
        ([".", "-"], [0, 1]),
    ],
)
def test_what_may_be_no_number_stays_wrong(cells: list[str], wrong: list[int]) -> None:
    assert read_numbers(pl.Series(cells)).wrong.tolist() == wrong
