"""The optional packages that read and write sound, imported where they are used."""

from __future__ import annotations

from typing import Any

from foretell.optional import load


def soundfile() -> Any:
    """The package that reads and writes files of sound."""
    return load("soundfile", "reads and writes sound", "audio")


def soxr() -> Any:
    """The package that resamples."""
    return load("soxr", "changes sample rates", "audio")
