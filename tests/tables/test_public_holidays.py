"""Holidays by the name of a place, and names that are none."""

from __future__ import annotations

from datetime import date

import pytest

from foretell.errors import MissingExtraError, SettingsError
from foretell.tables.public_holidays import public_holidays


@pytest.mark.parametrize(
    ("place", "day"),
    [
        ("US", date(2024, 11, 28)),
        ("us", date(2024, 7, 4)),
        ("DE-BY", date(2024, 11, 1)),
        ("FR", date(2024, 5, 1)),
        ("NYSE", date(2024, 3, 29)),
    ],
)
def test_holidays(place: str, day: date) -> None:
    pytest.importorskip("holidays")
    found = public_holidays(place, 2024, 2024)
    assert found[day]
    assert {holiday.year for holiday in found} == {2024}


def test_a_region_has_holidays_of_its_own() -> None:
    pytest.importorskip("holidays")
    assert date(2024, 11, 1) not in public_holidays("DE-BE", 2024, 2024)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("germany", r"'germany'; did you mean DE \(Germany\)"),
        ("XQ", "'XQ'; did you mean"),
        ("DE-BX", "'DE-BX'; regions of DE are .*DE-BY"),
        ("NYSEE", "did you mean .*NYSE"),
        ("12345678", "give the code of a country"),
    ],
)
def test_a_place_that_does_not_exist(place: str, said: str) -> None:
    pytest.importorskip("holidays")
    with pytest.raises(SettingsError, match=said):
        public_holidays(place, 2024, 2024)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "holidays", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'foretell\[holidays\]'"):
        public_holidays("US", 1901, 1901)
