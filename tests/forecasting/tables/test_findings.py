"""What was found, in sentences."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from foretell.forecasting.seasons.season import Season, Seasons
from foretell.forecasting.tables.findings import Findings, describe_frequency

PLAIN = Findings(
    layout="long", id="shop", time="day", targets=("sold",), time_format="ISO dates", frequency="D",
    series=3, rows=1, missing=0, gaps=0, duplicates_dropped=0, resorted=False,
)  # fmt: skip


def test_a_table_with_nothing_amiss() -> None:
    assert PLAIN.sentences() == [
        "3 series in long layout: id 'shop', time 'day', target 'sold'; 1 row.",
        'Time stamps are ISO dates; one step a day ("D").',
        "No value is missing.",
    ]


def test_all_that_was_mended_is_said() -> None:
    found = replace(
        PLAIN, rows=2345, missing=1200, gaps=1000, duplicates_dropped=1, resorted=True, time_zone="Europe/Rome",
        notes=["A note."],
    )  # fmt: skip
    first, times, *mended = found.sentences()
    assert first.endswith("; 2,345 rows.")
    assert "ISO dates, in Europe/Rome; " in times
    assert mended == [
        "1,200 values missing within the histories, 1,000 of them in steps that have no row; they stay missing.",
        "1 row stood twice, word for word, and went once.",
        "Rows were out of order and have been sorted by time.",
        "A note.",
    ]


def test_layouts() -> None:
    wide = replace(PLAIN, layout="wide", id=None, targets=tuple("abcdef"))
    assert "in wide layout: time 'day', target 'a', 'b', 'c', 'd' and 2 more;" in wide.sentences()[0]
    rows = replace(PLAIN, layout="rows", time=None, targets=("V1", "V2"))
    assert "in a layout with one series per row: id 'shop'; " in rows.sentences()[0]


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ("min", 'one step a minute ("min")'),
        ("h", 'one step an hour ("h")'),
        ("15min", 'one step every 15 minutes ("15min")'),
        ("W-SUN", 'one step a week ("W-SUN")'),
        ("2ME", 'one step every 2 months ("2ME")'),
        ("3", "a step is 3"),
    ],
)
def test_frequencies_in_words(alias: str, words: str) -> None:
    assert describe_frequency(alias) == words


def test_the_fields_as_json() -> None:
    plain = json.loads(json.dumps(PLAIN.to_dict()))
    assert plain.pop("targets") == ["sold"]
    assert Findings(**plain, targets=("sold",)) == PLAIN


def test_what_repeats_is_said_and_written() -> None:
    day, week = Season(24, 0.9, 1.0, "found"), Season(168, 0.3, 1.0, "found")
    found = replace(PLAIN, seasons=Seasons((day, week), absent=(12,)))
    assert found.sentences()[2:4] == [
        "A pattern repeats every 24 and every 168 steps (found in the data, clear).",
        "None repeats every 12 steps, though the calendar suggests it.",
    ]
    written = json.loads(json.dumps(found.to_dict()))
    assert written["seasons"][0] == {"length": 24, "strength": 0.9, "certainty": 1.0, "origin": "found"}
    assert written["absent_seasons"] == [12]
