"""Imports run one way through the house: no room imports one that lies above it, not even inside a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import foretell

SOURCE = Path(foretell.__file__).parent
FLOORS = (
    ("errors",),
    (
        "optional",
        "on_first_use",
        "forked",
        "field_types",
        "json_options",
        "declaration",
        "plain_text",
        "terminal",
        "strict_json",
        "storage",
    ),
    ("kernels",),
    ("nn",),
    ("training", "tables"),
    ("model", "datasets"),
    ("text", "audio"),
    ("forecasting", "speech", "music", "caption"),
    ("export", "serve", "distributed", "agents", "sktime", "mlflow"),
    ("cli",),
    ("__main__",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the room of every import of foretell in a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "foretell" and rest:
                yield node.lineno, rest.partition(".")[0]  # type: ignore[attr-defined]


def test_no_import_climbs() -> None:
    climbing, seen = [], 0
    for path in sorted(SOURCE.rglob("*.py")):
        own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for line, room in imports(path):
            seen += 1
            beside = FLOOR_OF[room] == FLOOR_OF[own] and room != own and FLOOR_OF[own] > FLOOR_OF["storage"]
            if FLOOR_OF[room] > FLOOR_OF[own] or beside:
                climbing.append(f"{path.relative_to(SOURCE)}:{line} imports {room}")
    assert seen > 500
    assert climbing == []
