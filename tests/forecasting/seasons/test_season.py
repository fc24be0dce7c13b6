"""Seasons in words and in JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from foretell.field_types import from_plain
from foretell.forecasting.seasons.season import Season, Seasons

SEASONS = Seasons((Season(7, 0.8, 1.0, "natural"), Season(365, 0.3, 0.95, "found")), absent=(5,))


@pytest.mark.parametrize(
    ("seasons", "sentences"),
    [
        (Seasons(), ["No pattern was found that repeats."]),
        (
            SEASONS,
            [
                "A pattern repeats every 7 steps (from the calendar, clear) and every 365 steps (found in the data, "
                "likely).",
                "None repeats every 5 steps, though the calendar suggests it.",
            ],
        ),
        (
            Seasons((Season(12, 0.0, 0.2, "natural"),)),
            ["A pattern that repeats every 12 steps (from the calendar, not seen in the data) is allowed for."],
        ),
        (
            Seasons((Season(4, 0.01, 1.0, "asked"), Season(1440, 0.2, 0.1, "asked"))),
            [
                "A pattern repeats every 4 steps (as asked for, certain but faint).",
                "A pattern that repeats every 1,440 steps (as asked for, not seen in the data) is allowed for.",
            ],
        ),
    ],
)
def test_in_words(seasons: Seasons, sentences: list[str]) -> None:
    assert seasons.sentences() == sentences


def test_as_json_and_back() -> None:
    assert from_plain(Seasons, json.loads(json.dumps(asdict(SEASONS)))) == SEASONS
    assert SEASONS.lengths == (7, 365)
