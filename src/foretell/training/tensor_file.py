"""Reading of tensor files (safetensors) and JSON that may come from an untrusted source.

A safetensors file holds a JSON header and raw numbers, so that reading one runs no code. A hostile file can still name
another file, be something other than an ordinary file, or declare what torch cannot hold; each raises an error.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

_LONGEST_HEADER = 100_000_000
"""In bytes; safetensors refuses longer headers."""


def read_ordinary(path: Path) -> bytes:
    """Read the content of an ordinary file.

    Raises OSError if it cannot be read, or if it is (or links to) a pipe or device, which may never end.
    """
    if path.exists() and not path.is_file():
        raise OSError(None, "it is not an ordinary file")
    return path.read_bytes()


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the metadata that a safetensors file holds besides its tensors.

    Raises ValueError for another kind of file, and OSError if it cannot be read or is not an ordinary file.
    """
    if not path.is_file():
        raise OSError(None, "it is not an ordinary file")
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > _LONGEST_HEADER:
            raise ValueError("the header is too long for a safetensors file")
        try:
            header = json.loads(file.read(size))
        except RecursionError as error:
            raise ValueError("the header is nested too deeply for a safetensors file") from error
    found = header.get("__metadata__") if isinstance(header, dict) else None
    return found if isinstance(found, dict) else {}


def parse_tensors(data: bytes) -> dict[str, Tensor]:
    """Parse the tensors, on the CPU. Raises ValueError unless `data` is a whole safetensors file of torch's dtypes."""
    try:
        return safetensors.torch.load(data)
    except KeyError as error:
        raise ValueError(f"torch has no dtype {error}") from error
    except (SafetensorError, RuntimeError, TypeError, AssertionError) as error:
        raise ValueError(str(error)) from error
