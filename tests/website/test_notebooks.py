"""The notebooks run from the first cell to the last, in an empty folder, and show what they give."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import torch

NOTEBOOKS = Path(__file__).parents[2] / "docs" / "notebooks"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.parametrize("name", ["quick-start", "covariates", "service", "layers"])
def test_a_notebook_runs_and_its_outputs_are_true(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "service":
        pytest.importorskip("fastapi", reason="the extra serve is not installed")
    cells: Any = importlib.import_module("notebook_cells")
    monkeypatch.chdir(tmp_path)
    notebook = cells.read(NOTEBOOKS / f"{name}.ipynb")
    assert notebook["nbformat"] == 4
    torch.manual_seed(0)
    ran = 0
    for cell, printed, value in cells.outputs(notebook, name):
        given = (printed + ("" if value is None else value)).rstrip("\n")
        stored = cells.shown(cell)
        again = f"python website/notebook_cells.py docs/notebooks/{name}.ipynb"
        # Numbers may differ a little from machine to machine.
        assert NUMBER.sub("0", given) == NUMBER.sub("0", stored), again
        old, new = ([float(number) for number in NUMBER.findall(text)] for text in (stored, given))
        assert new == pytest.approx(old, rel=0.05, abs=1), again
        ran += 1
    assert ran >= 4


def test_the_page_of_a_notebook_has_its_texts_code_and_outputs() -> None:
    pages: Any = importlib.import_module("notebook_pages")
    page = pages.page(NOTEBOOKS / "quick-start.ipynb")
    assert page.startswith("# Quick start\n")
    assert "[Download this notebook](quick-start.ipynb)" in page
    assert "```python\nfrom foretell import Forecaster\n" in page
    assert "```text\n1 series in wide layout" in page


def test_every_notebook_is_in_the_navigation() -> None:
    navigation = (NOTEBOOKS.parents[1] / "mkdocs.yml").read_text(encoding="utf-8")
    for path in NOTEBOOKS.glob("*.ipynb"):
        assert f"notebooks/{path.stem}.md" in navigation
