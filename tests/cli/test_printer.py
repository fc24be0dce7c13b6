"""Numbers as people read them."""

from __future__ import annotations

import json

import pytest

from foretell import __version__
from foretell.cli.options import MessageOptions
from foretell.cli.printer import Printer, shown


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


def test_a_name_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(MessageOptions(), "info")
    printer.say("a\x1b[31mred, größe")
    printer.table(["id"], [["b\x07\x1b[2J"]])
    said = capsys.readouterr().out
    assert "a\\x1b[31mred, größe" in said
    assert "b\\x07\\x1b[2J" in said
    assert "\x1b" not in said


def test_json_is_ascii_whatever_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    Printer(MessageOptions(json=True), "info").document({"name": "größe", "score": float("nan")})
    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said) == {"foretell": __version__, "command": "info", "name": "größe", "score": None}
