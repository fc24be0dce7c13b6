"""Transcripts of recordings as LJSpeech keeps them: `metadata.csv` beside a folder `wavs`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foretell.errors import AudioError, TextError

METADATA = "metadata.csv"
SOUNDS = "wavs"
_ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".mp3", ".wave")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_HEADINGS = {
    "name": ("name", "file", "file_name", "filename", "id", "wav", "audio", "path"),
    "voice": ("speaker", "voice", "speaker_name", "speaker_id"),
    "language": ("language", "lang", "locale"),
    "text": ("normalized_text", "normalised_text", "text", "transcript", "transcription", "sentence", "phonemes"),
}
_POSITIONS: dict[int, tuple[str, ...]] = {
    2: ("name", "text"),
    3: ("name", "language", "text"),
    4: ("name", "voice", "language", "text"),
}


@dataclass(frozen=True)
class Transcript:
    """A recording and what is said in it."""

    sound: Path
    voice: str
    language: str | None
    """None where neither the file nor the caller says."""
    text: str
    place: str
    """File and line, for messages."""

    @property
    def said(self) -> tuple[str, str | None, str]:
        """Who says what, in which language."""
        return self.voice, self.language, self.text


@dataclass(frozen=True)
class Transcripts:
    """Those of a folder."""

    rows: tuple[Transcript, ...]
    untranscribed: int
    """Files of sound in the folder that no line names."""
    ambiguous: tuple[str, ...] = ()
    """Recordings that several lines give different texts, and that are not among the rows."""


def read_transcripts(folder: str | Path, language: str | None = None) -> Transcripts:
    """Read `metadata.csv` of a folder. The name of the folder is that of the voice, where there is no column for it.

    Columns are separated by `|` or tabs: name, text; name, language, text; name, speaker, language, text; or as a first
    line names them. Of LJSpeech's own three columns (name, text, text with numbers in words) the last is read.
    `language`: for rows that name none. Raises AudioError for a missing folder, file or recording, and TextError for a
    line that cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise AudioError(f"there is no folder {folder}: give a folder with {METADATA} and a folder {SOUNDS}")
    path = folder / METADATA
    if not path.is_file():
        raise AudioError(
            f"{folder} has no {METADATA}: write one with a line name|language|text for each file in {folder / SOUNDS}"
        )
    lines = [(number, line) for number, line in enumerate(_lines(path), 1) if line.strip()]
    if not lines:
        raise AudioError(f"{path} is empty: write a line name|language|text for each recording")
    separator = "|" if any("|" in line for _, line in lines) else "\t"
    cells = [(number, [cell.strip() for cell in line.split(separator)]) for number, line in lines]
    columns = _columns(path, cells)
    if columns.named:
        cells = cells[1:]
    sounds = _sounds(folder)
    rows: dict[Path, Transcript] = {}
    ambiguous: dict[Path, str] = {}
    for number, row in cells:
        place = f"{path}:{number}"
        if len(row) != columns.count:
            raise TextError(
                f"{place} has {len(row)} columns, the first line {columns.count}: "
                f"write {separator.join(columns.names)} in every line"
            )
        values = {name: cell for name, cell in zip(columns.names, row, strict=True) if name}
        if not values["text"]:
            raise TextError(f"{place} has no text: write what is said, or remove the line")
        sound = _found(values["name"], sounds, folder, place)
        own = values.get("language", "").lower().replace("_", "-") or language
        row_read = Transcript(sound, values.get("voice") or _voice_of(folder), own, values["text"], place)
        if rows.setdefault(sound, row_read).said != row_read.said:
            ambiguous[sound] = sound.name
    if not rows:
        raise AudioError(f"{path} names no recording: write a line name|language|text for each")
    clear = tuple(transcript for sound, transcript in rows.items() if sound not in ambiguous)
    return Transcripts(clear, len(set(sounds.values()) - set(rows)), tuple(ambiguous.values()))


@dataclass(frozen=True)
class _Columns:
    names: tuple[str, ...]
    """Empty strings for columns that are not read."""
    named: bool
    """Whether the first line names them."""

    @property
    def count(self) -> int:
        return len(self.names)


def _columns(path: Path, cells: Sequence[tuple[int, list[str]]]) -> _Columns:
    first = cells[0][1]
    headings = [next((k for k, names in _HEADINGS.items() if cell.lower() in names), "") for cell in first]
    if {"name", "text"} <= set(headings):
        # Of several columns with text the last one is the most explicit.
        last = len(headings) - 1 - headings[::-1].index("text")
        return _Columns(tuple("" if h == "text" and k != last else h for k, h in enumerate(headings)), True)
    if len(first) not in _POSITIONS:
        raise TextError(
            f"{path}:{cells[0][0]} has {len(first)} columns: write name|text, name|language|text or "
            "name|speaker|language|text, or name the columns in the first line"
        )
    names = _POSITIONS[len(first)]
    if len(first) == 3 and not all(_LANGUAGE.fullmatch(row[1]) for _, row in cells if len(row) == 3):
        names = ("name", "", "text")
    return _Columns(names, False)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise TextError(f"{path}:{line} is not UTF-8: save the file in that encoding") from error
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror or error}") from error


def _sounds(folder: Path) -> dict[str, Path]:
    """Return the files of sound by their names with and without ending, relative to where they may lie."""
    found: dict[str, Path] = {}
    for place in (folder, folder / SOUNDS):
        for path in sorted(place.glob("*")) if place.is_dir() else ():
            if path.suffix.lower() in _ENDINGS and path.is_file():
                found[path.name] = path
                found.setdefault(path.stem, path)
    return found


def _found(name: str, sounds: dict[str, Path], folder: Path, place: str) -> Path:
    for known in (name, Path(name).name):
        if known in sounds:
            return sounds[known]
    direct = folder / name
    if direct.suffix.lower() in _ENDINGS and direct.is_file():
        return direct
    raise AudioError(
        f"{place} names {name!r}, but there is no such file in {folder / SOUNDS}: add it, or remove the line"
    )


def _voice_of(folder: Path) -> str:
    return folder.resolve().name
