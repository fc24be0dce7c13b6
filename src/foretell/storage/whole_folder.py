"""Replacement of a folder of files by a new one: whenever the process is killed, one of the two can be found.

It takes two renames, because a folder cannot be renamed to one that exists and is not empty: the old folder is moved
aside, then the new one takes its name. Between the two, `standing` finds the old folder.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from foretell.storage.unfinished import remove_files, sweep, unfinished_folder
from foretell.storage.whole_file import sync_folder, write_synced

_ATTEMPTS = 10
# Raised when another process replaces the same folder at the same moment.
_MOVED = (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST)


def standing(target: Path, marker: str) -> Path:
    """Return where the folder is: `target`, or a folder moved aside by an interrupted replacement.

    A folder that was moved aside must hold the file `marker`.
    """
    if os.path.lexists(target):
        return target
    found = [path for path in _places_aside(target) if _holds(path, marker)]
    return max(found, key=lambda path: path.stat().st_mtime, default=target)


def is_aside(target: Path) -> bool:
    """Return whether `standing` may find the folder somewhere other than `target`."""
    return not os.path.lexists(target) and any(path.is_dir() for path in _places_aside(target))


def replace_folder(target: Path, files: Mapping[str, bytes], marker: str) -> None:
    """Replace `target` by a folder with these files (contents by name).

    `target` must be missing, empty, or a folder of files with these names. A folder that was moved aside and holds the
    file `marker` is put back first. Afterwards, what killed processes left beside `target` is deleted. Raises OSError
    where the folder cannot be written; the old folder is then unchanged.
    """
    found = standing(target, marker)
    if found != target:
        try:
            os.rename(found, target)
        except OSError as error:
            if error.errno not in _MOVED:
                raise
    with unfinished_folder(target.parent) as temporary:
        for name, content in files.items():
            with (temporary / name).open("xb", buffering=0) as file:
                write_synced(file, content)
        sync_folder(temporary)
        _put_in_place(temporary, target)
        sync_folder(target.parent)
    for path in _aside(target):
        with suppress(OSError):
            remove_files(path, files)
    sweep(target.parent)


def _put_in_place(temporary: Path, target: Path) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _exchange(temporary, target)
        except OSError as error:
            if error.errno not in _MOVED or attempt == _ATTEMPTS or not temporary.exists():
                raise
        else:
            return


def _exchange(temporary: Path, target: Path) -> None:
    if not target.exists() or not any(target.iterdir()):
        os.rename(temporary, target)
        return
    aside = target.with_name(f".{target.name}.{secrets.token_hex(8)}.previous")
    os.rename(target, aside)
    try:
        os.rename(temporary, target)
    except OSError:
        with suppress(OSError):  # if another run's folder took its place, that one stays
            os.rename(aside, target)
        raise


def _places_aside(target: Path) -> list[Path]:
    # Earlier versions used the first name; a folder of the user's may also have it.
    return [target.with_name(f".{target.name}.previous"), *_aside(target)]


def _aside(target: Path) -> list[Path]:
    """Return the folders that were moved aside; only foretell uses such names."""
    name = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}\.previous")
    try:
        with os.scandir(target.parent) as entries:
            return [Path(e.path) for e in entries if name.fullmatch(e.name) and e.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _holds(path: Path, marker: str) -> bool:
    return path.is_dir() and not path.is_symlink() and (path / marker).is_file()
