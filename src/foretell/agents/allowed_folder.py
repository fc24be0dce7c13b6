"""The one folder whose files may be read and written: every path of a caller goes through here."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from foretell.errors import ModelError, SettingsError, TableError
from foretell.storage.addresses import is_address

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".arrow", ".jsonl")
"""Of tables that are written: formats that need no temporary file elsewhere."""


class AllowedFolder:
    """A folder that callers may use, and nothing outside of it: neither by `..` and absolute paths, nor through links.

    Paths are taken from the folder on, and links followed before they are judged.
    """

    def __init__(self, folder: str | Path) -> None:
        """Raises SettingsError for what is no folder."""
        self.folder = Path(os.path.realpath(folder))
        if not self.folder.is_dir():
            raise SettingsError(f"--allow-dir {folder}: there is no such folder; make it first")

    def table(self, given: str) -> Path:
        """Return the path of a table to read. Raises TableError for what is no ordinary file of the folder."""
        path = self._inside(given, TableError)
        try:
            ordinary = stat.S_ISREG(path.stat().st_mode)
        except OSError:
            return path  # the reader of tables says what is near
        if path.is_dir():
            raise TableError(f"{given} is a folder; name a file in it")
        if not ordinary:
            raise TableError(f"{given} is not an ordinary file")
        return path

    def model(self, given: str) -> Path:
        """Return the path of a model to read. Raises ModelError for what is no folder of ordinary files within."""
        path = self._inside(given, ModelError)
        if not path.is_dir():
            raise ModelError(f"there is no model folder {given}")
        for entry in path.iterdir():
            self._inside(str(entry), ModelError)
        return path

    def new_table(self, given: str, *, overwrite: bool, read: tuple[Path, ...] = ()) -> Path:
        """Return the path of a table to write; it may not be one that is `read`.

        Raises SettingsError for a name that ends in another way than tables do, a folder that is missing, and a file
        that is there, unless it is to be overwritten.
        """
        path = self._to_write(given)
        if not path.name.lower().endswith(ENDINGS):
            raise SettingsError(f"{given}: end its name in one of {', '.join(ENDINGS)}")
        if path in read:
            raise SettingsError(f"{given} is a table that is read, which would be lost; give another name")
        if path.is_dir():
            raise SettingsError(f"{given} is a folder; give a file's name")
        if path.exists() and not overwrite:
            raise SettingsError(f"{given} is there already; give another name, or overwrite=true")
        return path

    def new_model(self, given: str, *, overwrite: bool) -> Path:
        """Return the path of a model folder to write. Raises SettingsError as `new_table`."""
        path = self._to_write(given)
        if path.exists() and not overwrite:
            raise SettingsError(f"{given} is there already; give another name, or overwrite=true to replace the model")
        return path

    def shown(self, text: str) -> str:
        """Return a message with the paths of the folder as callers know them."""
        return text.replace(f"{self.folder}{os.sep}", "").replace(str(self.folder), ".")

    def name_of(self, path: Path) -> str:
        """Return a path within the folder as callers know it."""
        return path.relative_to(self.folder).as_posix()

    def _to_write(self, given: str) -> Path:
        path = self._inside(given, SettingsError)
        if path == self.folder:  # what is written beside it would be outside
            raise SettingsError(f"{given} is the folder of this server itself; name something within")
        if not path.parent.is_dir():
            raise SettingsError(f"{given}: there is no folder {self.shown(str(path.parent))}; make it first")
        return path

    def _inside(self, given: str, complaint: type[SettingsError | TableError | ModelError]) -> Path:
        """Return the real path. Raises `complaint` for one outside of the folder, or none at all."""
        if is_address(given):
            raise complaint(f"{given} is an address; this server uses the files of its folder alone")
        if given in ("", "-") or "\0" in given:
            raise complaint(f"{given!r} is no path: name a file within the folder, such as sales.csv")
        try:
            path = Path(os.path.realpath(self.folder / given))
        except (OSError, ValueError) as error:
            raise complaint(f"{given!r} is no path: name a file within the folder, such as sales.csv") from error
        if path != self.folder and self.folder not in path.parents:
            raise complaint(
                f"{given} lies outside of the folder that this server may use; name a file within it, such as sales.csv"
            )
        return path
