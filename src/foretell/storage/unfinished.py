"""Files and folders under temporary names, until they are complete.

Their writer holds a lock on them for that time. An unlocked one was left by a process that was killed: `sweep` deletes
those and nothing else.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import TypeVar

from foretell.storage.locks import lock

_NAME = re.compile(r"\.foretell-[0-9a-f]{16}\.tmp")

T = TypeVar("T")


@contextmanager
def unfinished_file(folder: Path) -> Iterator[tuple[Path, FileIO]]:
    """Create a file in `folder` under a temporary name, open for reading and writing.

    It is deleted when the block ends, unless it was renamed. Raises OSError where it cannot be created.
    """
    with _unfinished(folder, lambda path: path.open("x+b", buffering=0)) as (path, file), file:
        yield path, file


@contextmanager
def unfinished_folder(folder: Path) -> Iterator[Path]:
    """Do the same with a new folder in `folder`; the new folder may hold only files."""
    with _unfinished(folder, Path.mkdir) as (path, _):
        yield path


def sweep(folder: Path) -> None:
    """Delete what killed processes left under temporary names in `folder`, as far as it can be deleted."""
    left: list[Path] = []
    with suppress(OSError), os.scandir(folder) as entries:
        left = [Path(entry.path) for entry in entries if _NAME.fullmatch(entry.name)]
    for path in left:
        with suppress(OSError):
            # Do not follow a link, and do not wait for a pipe.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            try:
                mode = os.fstat(handle).st_mode
                if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and lock(handle):
                    _remove(path)
            finally:
                os.close(handle)


def remove_files(folder: Path, names: Collection[str] | None = None) -> None:
    """Delete the files of a folder (only those in `names`, if given) in the order of their names, then the folder.

    Anything that is not an ordinary file stays, and so does the folder then. Raises OSError where a file cannot be
    deleted.
    """
    with os.scandir(folder) as entries:
        files = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    for name in files:
        if names is None or name in names:
            (folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # not empty
        folder.rmdir()


@contextmanager
def _unfinished(folder: Path, make: Callable[[Path], T]) -> Iterator[tuple[Path, T]]:
    with ExitStack() as stack:
        while True:
            path = folder / f".foretell-{secrets.token_hex(8)}.tmp"
            # Registered before there is anything to remove, because a signal may arrive at any time.
            stack.callback(_remove_even_if_interrupted, path)
            made = make(path)
            if _claimed(path, stack):
                break
            if isinstance(made, FileIO):
                made.close()
        yield path, made


def _claimed(path: Path, stack: ExitStack) -> bool:
    """Lock what was just created until the stack unwinds; return False if a sweep was faster."""
    if os.name != "posix":
        return True
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    stack.callback(os.close, handle)
    return lock(handle) is not False and path.exists()


def _remove_even_if_interrupted(path: Path) -> None:
    try:
        _remove(path)
    except BaseException:
        _remove(path)
        raise


def _remove(path: Path) -> None:
    with suppress(OSError):
        if stat.S_ISDIR(path.lstat().st_mode):
            remove_files(path)
        else:
            path.unlink()
