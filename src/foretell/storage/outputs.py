"""Files that a command is to write, looked at before any work is done."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from foretell.errors import MissingExtraError, SettingsError
from foretell.storage.addresses import is_address
from foretell.storage.reasons import reason_and_remedy
from foretell.storage.unfinished import unfinished_file
from foretell.storage.whole_file import require_ordinary

STDOUT = "-"
TABLE_ENDINGS = (
    *(".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq"),
    *(".arrow", ".feather", ".xlsx", ".jsonl", ".ndjson"),
)


def require_writable(path: Path, made: Path | None = None, *, folder: bool = False) -> None:
    """Raise SettingsError where a file, or a `folder`, cannot be made at `path`; the folder `made` is made for it."""
    if is_address(path):
        return  # who may write there is known to the store alone
    if path.is_dir() and not folder:
        raise SettingsError(f"output {path} is a folder; give a file's name")
    parent = path.parent
    if parent == made and not parent.exists():
        parent = parent.parent
    if not parent.exists():
        raise SettingsError(f"output {path}: there is no folder {parent}; make it first")
    if not parent.is_dir():
        raise SettingsError(f"output {path}: {parent} is a file, not a folder; give another name")
    try:
        if not folder:
            require_ordinary(path)
        with unfinished_file(parent):
            pass
    except OSError as error:
        raise SettingsError(f"output {path} cannot be written: {reason_and_remedy(error)}") from error


def require_ending(path: Path, endings: Sequence[str]) -> None:
    """Raise SettingsError for a name that ends in none of these."""
    if not path.name.lower().endswith(tuple(endings)):
        raise SettingsError(f"output {path}: end its name in one of {', '.join(endings)}")


def require_apart(out: Path, read: str | Path | None, what: str) -> None:
    """Raise SettingsError where an output would replace `what` is read, such as "the table"."""
    if read is not None and str(read) != STDOUT and Path(read).resolve() == out.resolve():
        raise SettingsError(f"output {out} is {what} that is read, which would be lost; give another")


def can_draw() -> bool:
    """Whether matplotlib is there."""
    return find_spec("matplotlib") is not None


def require_drawing() -> None:
    """Raise MissingExtraError without matplotlib."""
    if not can_draw():
        raise MissingExtraError("reports and pictures need matplotlib: pip install 'foretell[report]'")
