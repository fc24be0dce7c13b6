"""Numbers as people read them."""

from __future__ import annotations

import pytest

from foretell.cli.talk import shown


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (0.0, "0.000"),
        (0.44434, "0.444"),
        (97.75637, "97.756"),
        (100.5449, "100.54"),
        (443311.2, "443,311"),
        (-23697.4, "-23,697"),
        (3.3e-5, "3.3e-05"),
        (1e300, "1e+300"),
        (float("nan"), "-"),
        (1000, "1,000"),
        (True, "yes"),
        ("bus", "bus"),
    ],
)
def test_shown(cell: object, words: str) -> None:
    assert shown(cell) == words
