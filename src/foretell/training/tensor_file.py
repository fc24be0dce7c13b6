"""Files of tensors (safetensors) and facts that may come from a stranger.

Safetensors holds a header in JSON and raw numbers: reading one runs nothing. What is left to a hostile file is to name
another one, to be no ordinary file, or to declare what torch cannot hold; each ends in an error of one kind.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

_LONGEST_HEADER = 100_000_000
"""In bytes; safetensors reads none that is longer."""


def read_ordinary(path: Path) -> bytes:
    """The content of an ordinary file.

    Raises OSError where it cannot be read, or is a pipe or device, which may never end (also by way of a link).
    """
    if path.exists() and not path.is_file():
        raise OSError(None, "it is no ordinary file")
    return path.read_bytes()


def read_metadata(path: Path) -> dict[str, Any]:
    """The texts that a safetensors file holds beside its tensors; ValueError for another file.

    Raises OSError where it cannot be read, or is no ordinary file.
    """
    if not path.is_file():
        raise OSError(None, "it is no ordinary file")
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > _LONGEST_HEADER:
            raise ValueError("the header of a safetensors file is shorter")
        try:
            header = json.loads(file.read(size))
        except RecursionError as error:
            raise ValueError("the header of a safetensors file is not nested like this") from error
    found = header.get("__metadata__") if isinstance(header, dict) else None
    return found if isinstance(found, dict) else {}


def parse_tensors(data: bytes) -> dict[str, Tensor]:
    """The tensors, on the CPU; ValueError for anything else than a whole safetensors file of dtypes that torch has."""
    try:
        return safetensors.torch.load(data)
    except KeyError as error:
        raise ValueError(f"torch has no dtype {error}") from error
    except (SafetensorError, RuntimeError, TypeError, AssertionError) as error:
        raise ValueError(str(error)) from error
