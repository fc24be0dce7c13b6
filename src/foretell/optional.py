"""Optional packages, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from foretell.errors import MissingExtraError


def load(name: str, purpose: str, extra: str) -> Any:
    """The package `name`, which `purpose` (such as "reads sound"). Raises MissingExtraError that names the `extra`."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: a package without the library that it wraps
        raise MissingExtraError(
            f"the package {name}, which {purpose}, is missing: pip install 'foretell[{extra}]'"
        ) from error
