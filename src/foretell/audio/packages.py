"""The optional packages that read and write sound, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from foretell.errors import MissingExtraError


def soundfile() -> Any:
    """The package that reads and writes files of sound."""
    return _load("soundfile", "reads and writes sound")


def soxr() -> Any:
    """The package that resamples."""
    return _load("soxr", "changes sample rates")


def _load(name: str, purpose: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: soundfile without the library that it wraps
        raise MissingExtraError(
            f"the package {name}, which {purpose}, is missing: pip install 'foretell[audio]'"
        ) from (error)
