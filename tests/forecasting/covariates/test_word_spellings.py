"""Words that mean the same in other spellings."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.forecasting.covariates.word_spellings import are_flags, flag_of, flags_as_numbers, meaning


@pytest.mark.parametrize("word", ["TRUE", "true", "True", " t", "Yes", "y", "1", "on", "WAHR"])
def test_every_spelling_of_yes(word: str) -> None:
    assert flag_of(word) is True
    assert meaning(["FALSE", "TRUE"])(word) == "TRUE"


@pytest.mark.parametrize("word", ["FALSE", "false", "F", "No", "n", "0", "off"])
def test_every_spelling_of_no(word: str) -> None:
    assert flag_of(word) is False
    assert meaning(["yes", "no"])(word) == "no"


def test_letters_that_are_no_flags() -> None:
    assert not are_flags(["f", "n"])
    assert not are_flags(["yes", "no", "maybe"])
    assert are_flags(["TRUE", "True", "0"])
    assert meaning(["yes", "no", "maybe"])("true") is None


def test_words_in_other_letters() -> None:
    meant = meaning(["Sale", "none left", "NONE LEFT"])
    assert (meant("SALE"), meant("none left"), meant("None Left"), meant("sold")) == ("Sale", "none left", None, None)


def test_flags_as_numbers() -> None:
    found = flags_as_numbers(np.array(["True", None, "no"], dtype=object))
    assert found is not None
    np.testing.assert_array_equal(found, [1, np.nan, 0])
    assert flags_as_numbers(np.array(["True", "x"], dtype=object)) is None
