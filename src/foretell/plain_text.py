"""Text in files: gzipped or not, in whatever encoding. What cannot be read is named by file and row."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import sys
import zlib
from difflib import get_close_matches
from pathlib import Path

from foretell.errors import SettingsError, TableError, TextError
from foretell.storage.addresses import fetched, is_address, shown

Complaint = type[TableError] | type[TextError]
"""What is raised where a file cannot be read."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""A mark of UTF-32 begins like one of UTF-16, so it comes before it."""
# What a gzipped file may unpack to: bytes, and how many times its own size where that is more.
_ROOM, _DENSEST, _PIECE = 64 << 20, 100, 1 << 20


def named(path: str | Path) -> str:
    """A file's name in messages."""
    if is_address(path):
        return shown(str(path))
    return "standard input" if str(path) == "-" else str(path)


def contents(path: str | Path, complaint: Complaint) -> bytes:
    """The bytes of a file or at an address, unpacked if they are gzipped; `-` reads standard input.

    Raises `complaint` for a file that cannot be read, and for a small one that unpacks without end.
    """
    if str(path) == "-":
        data = sys.stdin.buffer.read()
    elif is_address(path):
        data = fetched(str(path), complaint)
    else:
        data = _bytes_of(Path(path), complaint)
    return unpacked(data, named(path), complaint)


def unpacked(data: bytes, where: str, complaint: Complaint) -> bytes:
    """The bytes themselves, unpacked if they are gzipped; `where` names the file. Raises as `contents`."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return _unpacked(data, where, complaint)
    except (OSError, EOFError, zlib.error) as error:
        raise complaint(f"{where}: the gzip file is damaged or cut short ({error}); fetch it again") from error


def as_utf8(data: bytes, encoding: str | None, where: str, complaint: Complaint) -> bytes:
    """The text that `decoded` would give, as UTF-8; without a copy where it is that already."""
    marked = any(data.startswith(mark) for mark, name in _MARKS if name != "utf-8")
    if encoding is None and not marked and b"\0" not in data and _is_utf8(data):
        return data.removeprefix(codecs.BOM_UTF8)
    # A surrogate half, which only an odd encoding lets through, has no UTF-8 form.
    return decoded(data, encoding, where, complaint).encode("utf-8", "replace")


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        if not data.isascii():
            for start in range(0, len(data), _PIECE):
                decoder.decode(data[start : start + _PIECE], final=start + _PIECE >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _unpacked(data: bytes, where: str, complaint: Complaint) -> bytes:
    most = max(_ROOM, _DENSEST * len(data))
    text = io.BytesIO()
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
        while piece := packed.read(_PIECE):
            if text.tell() + len(piece) > most:
                raise complaint(
                    f"{where}: these {len(data):,} gzipped bytes unpack to more than {most:,}, over "
                    f"{_DENSEST} times as many, which no table or text does by chance; if this one does, unpack it "
                    "first and give the unpacked file"
                )
            text.write(piece)
    return text.getvalue()


def decoded(data: bytes, encoding: str | None, where: str, complaint: Complaint, *, unit: str = "row") -> str:
    """The text in `data` without a byte-order mark: UTF-8, or what such a mark says, unless `encoding` names another.

    Raises `complaint`, naming the `unit` of lines, where it is no such text or holds zero bytes; `SettingsError` for an
    encoding that is not known.
    """
    known = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(known)
    except LookupError as error:
        raise SettingsError(f"encoding {encoding!r} is not known; give one such as utf-8, cp1252 or latin-1") from error
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        row = data[:start].count(b"\n") + 1
        byte = f"byte 0x{data[start]:02x}" if start < len(data) else "its end"
        called = "UTF-8" if known == "utf-8" else known
        raise complaint(
            f"{where}: {unit} {row:,} is not {called} text ({byte}); name the file's encoding with --encoding or "
            "encoding=, such as cp1252 or latin-1, or save it as UTF-8"
        ) from error
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        raise complaint(
            f"{where}: {unit} {row:,} holds zero bytes, so it is not text; name its encoding with --encoding or "
            "encoding= if it is UTF-16"
        )
    return text.removeprefix("\ufeff")


def _bytes_of(path: Path, complaint: Complaint) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise complaint(f"there is no file {path}{_near(path)}") from error
    except IsADirectoryError as error:
        raise complaint(f"{path} is a folder; give a file in it") from error
    except (OSError, ValueError) as error:
        raise complaint(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _near(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f": there is no folder {folder} either"
    names = get_close_matches(path.name, sorted(os.listdir(folder)), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(str(folder / name) for name in names)}?" if names else ""
