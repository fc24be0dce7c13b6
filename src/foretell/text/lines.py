"""Texts out of files, one a line; and out of a pipe, as they come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from foretell.errors import TextError
from foretell.plain_text import contents, decoded, named

LONGEST = 1_000_000
"""Characters of a line."""
_AT_ONCE = 1 << 16


def read_lines(path: str | Path, encoding: str | None = None) -> list[str]:
    """The lines of a text file, gzipped or not, without their ends; `-` reads standard input.

    A line ends with a line feed, with a carriage return before it or not, and nothing else: whatever other breaks a
    text holds, two parallel files keep their numbers of lines. UTF-8, or what a byte-order mark says, unless `encoding`
    names another. Raises `TextError` for whatever cannot be read, naming the file and the line.
    """
    where = named(path)
    text = decoded(contents(path, TextError), encoding, where, TextError, unit="line")
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


def _decoded_line(line: bytes, number: int, where: str) -> str:
    try:
        text = line.decode("utf-8")
    except UnicodeError as error:
        raise TextError(
            f"{where}: line {number:,} is not UTF-8 text; give a file and name its encoding with --encoding, or send "
            "UTF-8"
        ) from error
    if "\0" in text:
        raise TextError(f"{where}: line {number:,} holds zero bytes, so it is not text; give one sentence per line")
    return _checked(text.removeprefix("\ufeff" if number == 1 else "").removesuffix("\r"), number, where)


def _checked(line: str, number: int, where: str) -> str:
    if len(line) > LONGEST:
        raise _too_long(number, where)
    return line


def _too_long(number: int, where: str) -> TextError:
    return TextError(f"{where}: line {number:,} has more than {LONGEST:,} characters; give one sentence per line")
