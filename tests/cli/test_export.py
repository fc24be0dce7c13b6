"""`foretell export`: what it refuses, in words; what it writes is tested where it is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("none", "--out", "m.onnx"), "none does not exist: a model is a folder"),
        (("none", "--out", "m.pt2"), "output m.pt2: end its name in one of .onnx"),
        (("none", "--format", "torch", "--out", "m.onnx"), "output m.onnx: end its name in one of .pt2"),
        (("none", "--out", "no/m.onnx"), "there is no folder no; make it first"),
    ],
)
def test_what_is_refused(
    run: Callable[..., Any], refused: Callable[..., None], tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    refused(run("export", *options), tmp_path, sorted(tmp_path.rglob("*")), said)
