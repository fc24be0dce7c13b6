"""The hooks of the documentation site, which lie outside the package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the hooks importable by their names, as mkdocs does."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "website"), *sys.path])
