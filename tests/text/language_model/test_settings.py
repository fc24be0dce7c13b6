from __future__ import annotations

from typing import Any

import pytest

from foretell.errors import SettingsError
from foretell.field_types import from_plain, to_plain
from foretell.text.language_model.settings import LanguageSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cell", "rnn"),
        ("hidden", 0),
        ("layers", -1),
        ("embedding", 0),
        ("streams", 0),
        ("chunk", 0),
        ("dropout", 1.0),
        ("dropout", float("nan")),
        ("recurrent_dropout", -0.1),
        ("validation", 0.6),
        ("validation", -0.1),
        ("epochs", 0),
    ],
)
def test_values_that_make_no_sense(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"{name} is "):
        LanguageSettings(**{name: value})


def test_to_a_dictionary_and_back() -> None:
    settings = LanguageSettings(cell="gru", chunk=7)
    assert from_plain(LanguageSettings, to_plain(settings)) == settings
