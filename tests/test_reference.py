"""The reference of the Python API names everything that is public, and nothing else."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "python"
PACKAGES = [
    "foretell",
    *(f"foretell.{name}" for name in ("nn", "training", "audio", "speech", "music", "text", "caption")),
]


def documented() -> list[str]:
    """The names that the pages have made from docstrings."""
    pages = [page.read_text(encoding="utf-8") for page in sorted(REFERENCE.glob("*.md"))]
    return [name for page in pages for name in re.findall(r"^::: (\S+)$", page, re.MULTILINE)]


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_exports_is_documented(package: str) -> None:
    exported = {name for name in importlib.import_module(package).__all__ if not name.startswith("__")}
    assert exported == {name.removeprefix(f"{package}.") for name in documented() if name.rpartition(".")[0] == package}


def test_nothing_stands_twice() -> None:
    assert len(documented()) == len(set(documented()))


def test_every_name_has_a_docstring() -> None:
    for name in documented():
        package, _, attribute = name.rpartition(".")
        assert getattr(importlib.import_module(package), attribute).__doc__, name
