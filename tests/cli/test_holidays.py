"""`--holidays`: a place whose holidays are known in advance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("holidays")


def test_a_country(run: Callable[..., Any], sales: Path, tiny: tuple[str, ...]) -> None:
    done = run("fit", "sales.csv", "-n", "7", "--model", "gru", "--holidays", "us", "--save", "model", *tiny)
    assert done.exit_code == 0, done.output
    described = json.loads((sales.parent / "model" / "model.json").read_text())["model"]
    assert described["columns"]["holidays"] == ["US"]
    done = run("predict", "model", "sales.csv", "-o", "-", "--quiet")
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 8)


@pytest.mark.parametrize(
    ("place", "said"), [("Germani", "did you mean DE (Germany)"), ("US-XX", "regions of US are US-")]
)
def test_a_place_that_does_not_exist(
    place: str, said: str, run: Callable[..., Any], refused: Callable[..., None], sales: Path
) -> None:
    before = sorted(sales.parent.rglob("*"))
    refused(run("forecast", "sales.csv", "-n", "7", "--holidays", place), sales.parent, before, said)
