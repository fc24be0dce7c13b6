from __future__ import annotations

import json
from typing import Any

import pytest

from foretell import SettingsError
from foretell.caption import CaptionSettings
from foretell.field_types import from_plain, to_plain


def test_from_dict() -> None:
    settings = CaptionSettings(size=96, attention=True)
    assert from_plain(CaptionSettings, to_plain(settings)) == settings
    assert from_plain(CaptionSettings, json.loads(json.dumps(to_plain(settings)))) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 0), ("size", 8), ("size", 65), ("size", 10**6), ("channels", 0), ("hidden", 0), ("batch_size", 0),
        ("longest", 0), ("dropout", 1.0), ("dropout", -0.1), ("forgotten", 1.0),
        ("mistaken", 1.0), ("smoothing", -0.1), ("pale", 1.0), ("shift", -1), ("shift", 64),
        ("vocabulary", 10), ("vocabulary", 10**9),
    ],
)  # fmt: skip
def test_values_that_make_no_sense(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=name):
        CaptionSettings(**{name: value})
