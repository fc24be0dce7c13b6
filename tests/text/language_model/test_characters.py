from __future__ import annotations

import numpy as np
import pytest

from foretell.text.language_model.characters import NONE, Characters


def test_there_and_back() -> None:
    text = "Grüße, 世界! \U0001f600\n"
    characters = Characters.of(text)
    numbers = characters.encode(text)
    assert numbers.dtype == np.int32
    assert len(numbers) == len(text)
    assert sorted(set(numbers.tolist())) == list(range(1, len(characters)))
    assert characters.decode(numbers) == text
    assert Characters(characters.symbols).encode(text).tolist() == numbers.tolist()


def test_what_is_not_known() -> None:
    characters = Characters.of("abc")
    assert characters.encode("axbyx").tolist() == [1, NONE, 2, NONE, NONE]
    assert characters.unknown("axbyx\udcff") == "xy\udcff"
    assert characters.unknown("abc") == ""
    assert characters.decode([NONE, 3, NONE]) == "c"
    assert characters.encode("").tolist() == []


@pytest.mark.parametrize("symbols", ["", "ba", "aab"])
def test_symbols_that_will_not_do(symbols: str) -> None:
    with pytest.raises(ValueError, match="ascending order"):
        Characters(symbols)
