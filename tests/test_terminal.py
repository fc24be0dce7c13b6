"""Names of strangers do not steer a terminal."""

from __future__ import annotations

import pytest
import typer

from foretell.cli.exit_status import guarded
from foretell.errors import TableError
from foretell.terminal import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller & Søn 店 🙂 é a\u0301 नमस्ते", "Müller & Søn 店 🙂 é a\u0301 नमस्ते"),
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("a\x9b31mb", r"a\x9b31mb"),
        ("a\rb\x08c\x7f", r"a\x0db\x08c\x7f"),
        ("one\ntwo\tthree", r"one\x0atwo\x09three"),
        ("gpj\u202eexe", r"gpj\u202eexe"),
        ("\u2066x\u2069\u200f", r"\u2066x\u2069\u200f"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udc80", r"\udc80"),
    ],
)
def test_what_steers_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_and_tabs_stay_where_there_may_be_several() -> None:
    assert printable("one\ntwo\t\x1b", lines=True) == "one\ntwo\t\\x1b"


def test_an_error_that_names_an_id_is_shown_clean(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise TableError("series '\x1b[31mred\x1b[0m' in column '\x1b]8;;http://x\x07': odd")

    with pytest.raises(typer.Exit):
        guarded(command, debug=False)
    assert capsys.readouterr().err == "error: series '\\x1b[31mred\\x1b[0m' in column '\\x1b]8;;http://x\\x07': odd\n"
