"""Texts out of files, one a line; and out of a pipe, as they come."""

from __future__ import annotations

import codecs
import gzip
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from foretell.errors import SettingsError, TextError

LONGEST = 1_000_000
"""Characters of a line."""
_AT_ONCE = 1 << 16


def read_lines(path: str | Path, encoding: str | None = None) -> list[str]:
    """The lines of a text file, gzipped or not, without their ends; `-` reads standard input.

    A line ends with a line feed, with a carriage return before it or not, and nothing else: whatever other breaks a
    text holds, two parallel files keep their numbers of lines. UTF-8, or what a byte-order mark says, unless `encoding`
    names another. Raises `TextError` for whatever cannot be read, naming the file and the line.
    """
    where = _named(path)
    data = sys.stdin.buffer.read() if str(path) == "-" else _contents(Path(path))
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise TextError(f"{where}: the gzip file is damaged or cut short ({error}); fetch it again") from error
    text = _decoded(data, encoding, where)
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [_checked(line.removesuffix("\r"), number, where) for number, line in enumerate(lines, 1)]


def stream_lines(stream: BinaryIO) -> Iterator[list[str]]:
    """The lines of a stream of UTF-8 in groups: whatever is there at once, so that nobody waits for an answer.

    Raises `TextError` at a line that is no such text, after the lines before it.
    """
    where, rest, number = "standard input", b"", 0
    ended = False
    read = getattr(stream, "read1", stream.read)
    while not ended:
        chunk: bytes = read(_AT_ONCE)
        ended = not chunk
        *whole, rest = (rest + chunk).split(b"\n")
        if ended and rest:
            whole, rest = [rest], b""
        group: list[str] = []
        complaint: TextError | None = None
        for line in whole:
            number += 1
            try:
                text = _decoded_line(line, number, where)
            except TextError as error:
                complaint = error
                break
            group.append(text)
        if group:
            yield group
        if complaint is None and len(rest) > 4 * LONGEST:
            complaint = _too_long(number + 1, where)
        if complaint is not None:
            raise complaint


def _named(path: str | Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        missing = "" if path.parent.is_dir() else f": there is no folder {path.parent} either"
        raise TextError(f"there is no file {path}{missing}") from error
    except IsADirectoryError as error:
        raise TextError(f"{path} is a folder; give a file of lines in it") from error
    except (OSError, ValueError) as error:
        raise TextError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _decoded(data: bytes, encoding: str | None, where: str) -> str:
    marks = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
             (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
    if encoding is None:
        encoding = next((name for mark, name in marks if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise SettingsError(f"encoding {encoding!r} is not known; give one such as utf-8, cp1252 or latin-1") from error
    except UnicodeError as error:
        raise _no_text(data.count(b"\n", 0, getattr(error, "start", 0)) + 1, where, encoding) from error


def _decoded_line(line: bytes, number: int, where: str) -> str:
    try:
        text = line.decode("utf-8")
    except UnicodeError as error:
        raise _no_text(number, where, "utf-8") from error
    return _checked(text.removeprefix("\ufeff").removesuffix("\r") if number == 1 else text.removesuffix("\r"),
                    number, where)  # fmt: skip


def _checked(line: str, number: int, where: str) -> str:
    if len(line) > LONGEST:
        raise _too_long(number, where)
    if "\0" in line:
        raise TextError(
            f"{where}: line {number:,} holds zero bytes, so this is no text; give one sentence a line, or name the "
            "encoding with --encoding or encoding= if it is UTF-16"
        )
    return line


def _too_long(number: int, where: str) -> TextError:
    return TextError(f"{where}: line {number:,} has more than {LONGEST:,} characters; give one sentence a line")


def _no_text(number: int, where: str, encoding: str) -> TextError:
    return TextError(
        f"{where}: line {number:,} is not {'UTF-8' if encoding.startswith('utf-8') else encoding} text; name the "
        "encoding with --encoding or encoding=, such as cp1252 or latin-1, or save it as UTF-8"
    )
