"""Atomic replacement of a file, so that no reader ever sees half of it."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

from foretell.errors import SettingsError
from foretell.storage.reasons import reason_and_remedy
from foretell.storage.unfinished import sweep, unfinished_file


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` completely or not at all; see `put_file`. Raises `SettingsError` where it cannot."""
    try:
        put_file(path, content)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {reason_and_remedy(error)}") from error


def put_file(path: Path, content: bytes) -> None:
    """Write `content` under a temporary name in the same folder, sync it, and rename it to `path`.

    Afterwards, temporary files that killed processes left in that folder are deleted. Raises OSError, leaving nothing
    behind, where the folder is missing or not writable, or where `path` is a device or pipe.
    """
    require_ordinary(path)
    with unfinished_file(path.parent) as (temporary, file):
        write_synced(file, content)
        temporary.replace(path)
    sync_folder(path.parent)
    sweep(path.parent)


def require_ordinary(path: Path) -> None:
    """Raise OSError if `path` exists and is not an ordinary file, but for example a device or pipe."""
    if path.exists() and not path.is_file():
        raise OSError(None, "it is a folder" if path.is_dir() else "it is not an ordinary file")


def write_synced(file: FileIO, content: bytes) -> None:
    """Write all of `content` and sync it to disk."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Sync a folder's entries, such as a new name, to disk on systems where a folder can be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
