"""A table of captions and the pictures that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import polars as pl

from foretell.caption.images import Picture, image_files, read_image
from foretell.errors import ImageError, TableError
from foretell.tables.files import read_table

_IMAGE_NAMES = (
    "image",
    "picture",
    "photo",
    "file",
    "filename",
    "file_name",
    "image_name",
    "image_file",
    "path",
    "name",
)
_CAPTION_NAMES = ("caption", "text", "description", "sentence", "comment")


@dataclass(frozen=True)
class Captioned:
    """Pictures and what is said of each."""

    names: tuple[str, ...]
    images: Picture
    """`(N, S, S, 3)`"""
    captions: tuple[tuple[str, ...], ...]
    """One or more of each picture."""
    repeated: int = 0
    """Rows of the table that said of a picture what an earlier one had said; they count once."""
    unnamed: int = 0
    """Pictures in the folder that the table does not name."""

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, rows: Sequence[int]) -> Captioned:
        """These pictures alone."""
        names, captions = tuple(self.names[k] for k in rows), tuple(self.captions[k] for k in rows)
        return Captioned(names, self.images[list(rows)], captions)

    def split(self, held: Sequence[int]) -> tuple[Captioned, Captioned]:
        """These pictures in two: what is left, and those `held` out, by their numbers. The first keeps the counts."""
        apart = set(held)
        left = self[[k for k in range(len(self)) if k not in apart]]
        return replace(left, repeated=self.repeated, unnamed=self.unnamed), self[sorted(apart)]


def read_captions(
    folder: str | Path,
    table: str | Path,
    size: int,
    *,
    image: str | None = None,
    caption: str | None = None,
    encoding: str | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Captioned:
    """The pictures of a folder as squares of `size` pixels, with the captions that a table gives them.

    The table is CSV, TSV or Parquet and has a row a caption; a picture of several has as many rows. `image` is the
    column of file names within the folder, `caption` that of captions; they are found by their usual names, or as the
    first and second of two, where they are not given. `on_progress` is told the share of pictures read.

    Raises `TableError` for a table that cannot be used, and `ImageError` for pictures that are missing or cannot be
    read, naming the row.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError(f"there is no folder {folder}: give the folder of the pictures")
    cells = read_table(table, encoding, typed=False)
    if cells.is_empty():
        raise TableError(f"{table} holds a header and no rows: give one row per caption")
    columns = _columns(cells.columns, image, caption, str(table))
    files, texts = (_texts(cells, column, str(table)) for column in columns)

    first: dict[str, int] = {}
    said: dict[str, dict[str, None]] = {}
    for k, (file, text) in enumerate(zip(files, texts, strict=True)):
        first.setdefault(file, k)
        said.setdefault(file, {}).setdefault(text)
    _require_there(folder, first, str(table))
    images = np.empty((len(first), size, size, 3), dtype=np.uint8)
    for k, (file, row) in enumerate(first.items()):
        try:
            images[k] = read_image(folder / file, size)
        except ImageError as error:
            raise ImageError(f"{table}: row {row + 2} (the header is row 1): {error}") from error
        if on_progress is not None:
            on_progress((k + 1) / len(first))
    captions = tuple(tuple(texts) for texts in said.values())
    taken = {(folder / file).resolve() for file in first}
    unnamed = sum(path.resolve() not in taken for path in image_files([folder]))
    return Captioned(tuple(first), images, captions, len(files) - sum(map(len, captions)), unnamed)


def _columns(names: Sequence[str], image: str | None, caption: str | None, table: str) -> tuple[str, str]:
    """The columns of pictures and captions."""
    for role, name in (("image", image), ("caption", caption)):
        if name is not None and name not in names:
            near = get_close_matches(name, names, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"the columns are {_listed(names)}"
            raise TableError(f"{table}: there is no {role} column {name!r}; {hint}")
    if image is not None and image == caption:
        raise TableError(f"{table}: {image!r} cannot be both the image and the caption column: give two")
    rest = [name for name in names if name not in (image, caption)]
    image = image or _named(rest, _IMAGE_NAMES)
    rest = [name for name in rest if name != image]
    caption = caption or _named(rest, _CAPTION_NAMES)
    if len(names) == 2:
        image, caption = (
            image or next(name for name in names if name != caption),
            caption or next(name for name in reversed(names) if name != image),
        )
    for role, found in (("image", image), ("caption", caption)):
        if found is None:
            raise TableError(
                f"{table}: which column is the {role}? Name it with --{role} or {role}=; the columns are "
                f"{_listed(names)}"
            )
    assert image is not None
    assert caption is not None
    return image, caption


def _named(names: Sequence[str], usual: Sequence[str]) -> str | None:
    lowered = {name.strip().lower(): name for name in reversed(names)}
    return next((lowered[name] for name in usual if name in lowered), None)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")


def _texts(cells: pl.DataFrame, column: str, table: str) -> list[str]:
    """The column's cells without blanks around them. Raises `TableError` for one that is empty."""
    try:
        values = cells[column].cast(pl.String).to_list()
    except pl.exceptions.PolarsError as error:
        raise TableError(f"{table}: the column {column!r} holds no text: give another") from error
    texts = [(value or "").strip() for value in values]
    empty = next((k for k, text in enumerate(texts) if not text), None)
    if empty is not None:
        others = sum(not text for text in texts) - 1
        more = f", and {others:,} other{'s are' if others > 1 else ' is'}" if others else ""
        raise TableError(
            f"{table}: column {column!r}, row {empty + 2} (the header is row 1) is empty{more}: fill it in, or remove "
            "the row"
        )
    return texts


def _require_there(folder: Path, rows: dict[str, int], table: str) -> None:
    missing = [(file, row) for file, row in rows.items() if not _there(folder / file)]
    if not missing:
        return
    file, row = missing[0]
    more = f"; of {len(rows):,} pictures {len(missing):,} are missing" if len(missing) > 1 else ""
    known = [str(path.relative_to(folder)) for path in image_files([folder])]
    near = get_close_matches(file, known[:10_000], n=1, cutoff=0.6)
    hint = f", did you mean {near[0]!r}?" if near else ""
    raise ImageError(f"{table}: row {row + 2} (the header is row 1): there is no file {file!r} in {folder}{more}{hint}")


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False
