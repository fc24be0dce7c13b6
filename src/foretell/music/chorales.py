"""Reading collections of chorales: folders, and tar files that are never unpacked.

A chorale is a CSV file with the header `note0,note1,note2,note3` and one row a sixteenth, the highest voice first, each
note a MIDI pitch from 36 to 81 or 0 for a rest; or a MIDI file, see `foretell.music.midi`. A file in a folder named
train, valid or test, or in folders below one, belongs to that part of the collection, any other to the training part.
"""

from __future__ import annotations

import csv
import io
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from foretell.errors import MusicError
from foretell.music.notes import HIGHEST, LOWEST, VOICES, Notes, is_note

HEADER = tuple(f"note{k}" for k in range(VOICES))
TABLE_ENDINGS = (".csv",)
MIDI_ENDINGS = (".mid", ".midi")
ARCHIVE_ENDINGS = (".tgz", ".tar.gz", ".tar")

_PARTS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
}
_MOST_BYTES = 16 << 20
_MOST_ROWS = 100_000
_MOST_FILES = 100_000


@dataclass(frozen=True, eq=False)
class Chorale:
    """A piece in four voices."""

    name: str
    """Name of its file, for messages and pictures."""
    notes: Notes
    """(T, 4) pitches, one row a sixteenth, the highest voice first; 0 is a rest."""


@dataclass(frozen=True)
class Chorales:
    """A collection in the three parts that an experiment needs; a part may be empty."""

    train: tuple[Chorale, ...] = ()
    valid: tuple[Chorale, ...] = ()
    test: tuple[Chorale, ...] = ()


def read_chorales(source: str | Path) -> Chorales:
    """Every chorale of a folder, searched through, or of a .tgz, .tar.gz or .tar file, in the order of their names.

    Raises `MusicError` for a source that is not there, holds no chorale or cannot be read; it names file, row and
    column.
    """
    path = Path(source)
    if path.is_dir():
        files = _of_folder(path)
    elif path.is_file() and path.name.lower().endswith(ARCHIVE_ENDINGS):
        files = _of_archive(path)
    elif path.is_file():
        raise MusicError(f"{source} is neither a folder nor a .tgz, .tar.gz or .tar file of chorales")
    else:
        raise MusicError(f"there is no folder or file {source}")
    parts: dict[str, list[tuple[str, Chorale]]] = {"train": [], "valid": [], "test": []}
    for place, content in files:
        parts[_part(place)].append((place, parse(f"{source}: {place}", place, content)))
    if not any(parts.values()):
        raise MusicError(
            f"{source} holds no chorales: they are CSV files with the header {','.join(HEADER)}, or MIDI files"
        )
    return Chorales(**{name: tuple(c for _, c in sorted(part, key=lambda x: x[0])) for name, part in parts.items()})


def _part(place: str) -> str:
    """By the innermost of a file's folders that is named for one."""
    named = [_PARTS[folder.name.lower()] for folder in PurePosixPath(place).parents if folder.name.lower() in _PARTS]
    return named[0] if named else "train"


def read_chorale(path: str | Path) -> Chorale:
    """One chorale, from a CSV or MIDI file. Raises `MusicError` where it cannot be read."""
    file = Path(path)
    if not file.is_file():
        raise MusicError(f"{path} is a folder: give one file" if file.is_dir() else f"there is no file {path}")
    if not file.name.lower().endswith((*TABLE_ENDINGS, *MIDI_ENDINGS)):
        raise MusicError(f"{path} is neither a CSV (.csv) nor a MIDI file (.mid)")
    return parse(str(path), file.name, _content(file, str(path)))


def parse(where: str, name: str, content: bytes) -> Chorale:
    """The chorale in a file's content, by the ending of its name; `where` it is, for messages."""
    if name.lower().endswith(MIDI_ENDINGS):
        from foretell.music.midi import parse_midi

        notes = parse_midi(where, content)
    else:
        notes = parse_table(where, content)
    return Chorale(PurePosixPath(name).stem, notes)


def parse_table(where: str, content: bytes) -> Notes:
    """The pitches `(T, 4)` in a CSV file's content, 100,000 rows at most; raises `MusicError` naming row and column."""
    try:
        text = content.decode("utf-8-sig")
        lines = [(i, line) for i, line in enumerate(csv.reader(io.StringIO(text, newline="")), 1) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise MusicError(f"{where} is not CSV text ({error})") from error
    header = tuple(cell.strip().lower() for cell in lines[0][1]) if lines else ()
    if header != HEADER:
        found = f"its first row is {','.join(header)[:60]!r}" if lines else "it is empty"
        raise MusicError(f"{where} is not a chorale: its header must be {','.join(HEADER)}, but {found}")
    if len(lines) == 1:
        raise MusicError(f"{where} holds a header and no rows: a row is the four notes of a sixteenth")
    if len(lines) - 1 > _MOST_ROWS:
        raise MusicError(f"{where} is longer than {_MOST_ROWS:,} sixteenths: cut it into pieces")
    return np.array([_row(where, row, cells) for row, cells in lines[1:]], dtype=np.int64)


def _row(where: str, row: int, cells: Sequence[str]) -> list[int]:
    if len(cells) != VOICES:
        raise MusicError(f"{where}: row {row} has {len(cells)} cell{'' if len(cells) == 1 else 's'}, not {VOICES}")
    notes = []
    for name, cell in zip(HEADER, cells, strict=True):
        try:
            pitch = int(cell)
        except ValueError:
            raise MusicError(f"{where}: row {row}, column {name}: {cell[:40]!r} is not a whole number") from None
        if not is_note(pitch):
            raise MusicError(
                f"{where}: row {row}, column {name}: there is no note {pitch}; give 0 for a rest or a MIDI pitch from "
                f"{LOWEST} to {HIGHEST}, and transpose a piece that goes beyond"
            )
        notes.append(pitch)
    return notes


def _is_chorale(name: str) -> bool:
    # A dot comes first in what systems put beside files for themselves.
    return name.lower().endswith((*TABLE_ENDINGS, *MIDI_ENDINGS)) and not name.startswith(".")


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _is_chorale(path.name):
            place = path.relative_to(folder).as_posix()
            # The folder itself may be one part of a collection: it is then what one wants to train on.
            yield place, _content(path, f"{folder}: {place}")


def _content(path: Path, where: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return _limited(where, file.read(_MOST_BYTES + 1))
    except OSError as error:
        raise MusicError(f"{where} cannot be read: {error.strerror or error}") from error


def _of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, "r|*") as archive:
            for count, member in enumerate(archive):
                if count > _MOST_FILES:
                    raise MusicError(f"{path} holds more than {_MOST_FILES:,} entries: unpack it and give a folder")
                # Links and devices are never followed; of a name only its folders' names mean something.
                if member.isreg() and _is_chorale(PurePosixPath(member.name).name):
                    stream = archive.extractfile(member)
                    assert stream is not None
                    yield member.name, _limited(f"{path}: {member.name}", stream.read(_MOST_BYTES + 1))
    except MusicError:
        raise
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        raise MusicError(f"{path} cannot be read as a tar file ({error}): it is damaged, or not a tar file") from error


def _limited(where: str, content: bytes) -> bytes:
    if len(content) > _MOST_BYTES:
        raise MusicError(f"{where} is larger than {_MOST_BYTES >> 20} MiB: that is not a chorale")
    return content
