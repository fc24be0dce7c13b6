"""Options in JSON and their schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from foretell.declaration import Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.json_options import from_options, object_schema


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Options of all types."""

    table: Annotated[str, Setting("The table.")]
    level: Annotated[tuple[int, ...], Setting("Levels.")] = (80, 95)
    share: Annotated[float | None, Setting("A share.", above=0, at_most=1)] = None
    kind: Annotated[Literal["long", "wide"], Setting("The layout.")] = "long"
    own: int = 3

    def __post_init__(self) -> None:
        settle_fields(self)


def test_options_become_a_dataclass() -> None:
    assert from_options(Asked, {"table": "a", "level": 90, "share": 1, "kind": None}) == Asked(
        table="a", level=(90,), share=1.0
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "table is missing: The table."),
        ({"table": None}, "table is missing"),
        ({"table": 1}, "table is 1: it must be a string"),
        ({"table": "a", "levels": 90}, "there is no option 'levels'; did you mean 'level'?"),
        ({"table": "a", "own": 4}, "there is no option 'own'"),
        ({"table": "a", "level": ["x"]}, "level is ['x']: it must be a list, each a whole number"),
        ({"table": "a", "share": 2}, "share is 2: it must be in (0, 1]"),
        ({"table": "a", "kind": "square"}, "kind is 'square': it must be one of long, wide"),
    ],
)
def test_what_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_options(Asked, options)
    assert str(caught.value).startswith(said)


def test_the_schema_says_what_is_taken() -> None:
    assert object_schema(Asked) == {
        "type": "object",
        "properties": {
            "table": {"type": "string", "description": "The table."},
            "level": {"type": "array", "items": {"type": "integer"}, "default": [80, 95], "description": "Levels."},
            "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "A share."},
            "kind": {
                "type": "string", "enum": ["long", "wide"], "default": "long", "description": "The layout.",
            },
        },
        "required": ["table"],
        "additionalProperties": False,
    }  # fmt: skip
