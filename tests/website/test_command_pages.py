"""The generated reference of the command line has every command and option."""

from __future__ import annotations

import importlib
import re

from typer.testing import CliRunner

from foretell.cli.app import app

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def test_every_option_of_every_command_is_there() -> None:
    page = importlib.import_module("command_pages").command_page()
    sections = dict(re.findall(r"^## (foretell .*)\n((?:(?!^## ).*\n)*)", page, re.MULTILINE))
    asked = 0
    for command, section in sections.items():
        printed = CliRunner().invoke(
            app, [*command.split()[1:], "--help"], prog_name="foretell", env={"COLUMNS": "200"}
        )
        assert printed.exit_code == 0
        spelled = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", section))
        for option in set(re.findall(r"^\W*(--[a-z][\w-]+)", ANSI.sub("", printed.output), re.MULTILINE)) - {"--help"}:
            assert option in spelled, f"{command} {option}"
            asked += 1
    assert {"foretell forecast", "foretell audio train", "foretell info"} <= sections.keys()
    assert asked > 100


def test_no_markup_of_the_terminal_is_left() -> None:
    page = importlib.import_module("command_pages").command_page()
    assert not re.search(r"\[/?(bold|cyan|dim)\]", page)
