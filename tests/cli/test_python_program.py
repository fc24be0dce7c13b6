"""Programs as text: values as they are written in Python, within the width of a line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from foretell.cli.python_program import Call, Plain, Program, given
from foretell.forecasting.settings import ForecastSettings
from foretell.forecasting.tables.columns import Columns


def written(value: object) -> str:
    program = Program("x")
    program.statement("", value)
    return program.text().splitlines()[-1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ("it's", '"it\'s"'),
        ('the "best"', "'the \"best\"'"),
        ("a\\b\n", '"a\\\\b\\n"'),
        (Path("a/b c"), '"a/b c"'),
        (("a",), '("a",)'),
        (["a", 1], '["a", 1]'),
        (0.1, "0.1"),
        (None, "None"),
        (Plain("table"), "table"),
        (Columns(time="day"), 'Columns(time="day")'),
        (Call("f", (1,), {"a": Columns()}), "f(1, a=Columns())"),
    ],
)
def test_values(value: object, text: str) -> None:
    assert written(value) == text
    if not isinstance(value, Plain | Call | Columns):
        assert eval(text) == (str(value) if isinstance(value, Path) else value)


def test_a_long_call_has_an_argument_per_line() -> None:
    program = Program("Does a thing.")
    settings = replace(ForecastSettings(), hidden=8, layers=1, dropout=0.25, input_steps=21, conv_stride=4)
    program.statement("made", Call("make", ("sales", 14), {"settings": settings}))
    assert program.text() == (
        "# Does a thing.\n\nfrom foretell import ForecastSettings\n\n"
        'made = make(\n    "sales",\n    14,\n'
        "    settings=ForecastSettings(layers=1, hidden=8, conv_stride=4, dropout=0.25, input_steps=21),\n)\n"
    )
    names: dict[str, object] = {"make": lambda *_, settings: settings}
    exec(program.text(), names)
    assert names["made"] == settings


def test_imports_are_sorted_and_broken_over_lines() -> None:
    program = Program("x")
    program.uses("foretell.training", "processes")
    program.uses("pathlib", "Path")
    program.uses("foretell", *(f"a_long_name_{k}" for k in range(9)), "Forecaster")
    program.line("x = 1")
    lines = program.text().splitlines()
    assert lines[2:6] == ["from pathlib import Path", "", "from foretell import (", "    Forecaster,"]
    assert lines[-4:] == [")", "from foretell.training import processes", "", "x = 1"]


def test_options_as_by_default_are_left_out() -> None:
    assert given({"a": None, "b": (), "c": 0, "d": 3, "e": "auto"}, d=3, e="auto") == {"c": 0}
