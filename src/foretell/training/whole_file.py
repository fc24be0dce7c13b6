"""Puts a finished file in its place at once, so that no reader ever sees half of it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from foretell.errors import SettingsError


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk, such as a new name, on systems where a folder can be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace_file(path: Path, content: bytes) -> None:
    """Writes `content` under a temporary name in the same folder, syncs it, and renames it to `path`.

    Raises `SettingsError` where the folder is missing or cannot be written to; then nothing is left behind.
    """
    temporary = path.parent / f".foretell-{secrets.token_hex(8)}.tmp"
    try:
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"cannot write {path}: {reason}; give an output path in a folder that can be written to"
        ) from error
