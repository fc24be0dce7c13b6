"""The C++ sources: they are formatted, and the Python files that they name are there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from foretell.kernels import boundary

NATIVE = boundary.HEADER.parent.parent
PACKAGE = NATIVE.parents[1]
SOURCES = sorted(path for folder in NATIVE.iterdir() if folder.is_dir() for path in folder.iterdir())


def test_there_are_sources_in_folders_by_what_they_compute():
    assert {path.parent.name for path in SOURCES} >= {"core", "scan", "wavenet", "decoder", "candidates"}
    assert not list(NATIVE.glob("*.cpp")) + list(NATIVE.glob("*.h"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_python_files_that_a_source_names_are_there(path):
    for name in re.findall(r"`foretell/([\w/.]+)`", path.read_text()):
        assert (PACKAGE / name).exists(), name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_headers_that_a_source_includes_are_there(path):
    for name in re.findall(r'#include "(.+)"', path.read_text()):
        assert (NATIVE / name).exists(), name


@pytest.mark.skipif(shutil.which("clang-format") is None, reason="clang-format is not installed")
def test_the_sources_are_formatted():
    others = [Path(__file__).with_name(name) for name in ("random_cases.cpp", "tile_instructions.cpp")]
    run = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *map(str, SOURCES + others)],
        cwd=NATIVE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[:2000]
