"""Delimited text as lines: where they end, how many fields each has, and whether its quotation marks make sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.errors import TableError

SEPARATORS = {b",": "commas", b";": "semicolons", b"\t": "tabs", b"|": "vertical bars"}
"""What stands between fields, and what it is called."""

# Texts are looked through in pieces of about so many bytes, so that what is noted of each takes no room.
_PIECE = 1 << 20
_NEWLINE, _QUOTE, _BLANK = ord("\n"), ord('"'), ord(" ")


@dataclass(frozen=True)
class Lines:
    """What was found in a text of R lines."""

    fields: NDArray[np.int32]
    """(R,) how many fields each has."""
    starts: NDArray[np.int64]
    """(R,) where each begins."""
    blank: NDArray[np.bool_]
    """(R,) whether it holds nothing but blanks and separators."""


@dataclass(frozen=True)
class Survey:
    """How well the lines of a text fit its header."""

    ragged: int | None
    """The first line that has another number of fields, counted from 0; None where all fit. Blank lines always fit."""
    found: int
    """How many fields that line has."""
    wider: bool
    """Whether every line but the header and the blank ones has one field more than the header."""
    padded: frozenset[int]
    """The fields, counted from 0, that hold a cell which begins with a zero and another digit."""


class MisquotedError(TableError):
    """A quotation mark that opens or closes no cell, in a row counted from the header, row 1."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(f"row {row}: {problem}")
        self.row = row
        self.problem = problem


def quoted(data: bytes, separator: bytes) -> bool:
    """Whether quotation marks enclose cells; elsewhere they are letters like others."""
    return b'"' in data and (data.startswith(b'"') or b'\n"' in data or separator + b'"' in data)


def lines_of(data: bytes, separator: bytes, *, quotes: bool) -> Lines:
    """The lines of a text that is cut where a line ends."""
    text = np.frombuffer(data, dtype=np.uint8)
    at, ends = _delimiters(text, separator, quotes=quotes)
    stops = at[ends]
    ink = np.searchsorted(np.flatnonzero((text > _BLANK) & (text != separator[0])), stops)
    starts = np.append(0, stops[:-1] + 1)
    return Lines(np.diff(ends, prepend=-1).astype(np.int32), starts, np.diff(ink, prepend=0) == 0)


def survey(data: bytes, start: int, stop: int, separator: bytes, width: int, *, quotes: bool) -> Survey:
    """Look through the lines of a text from `start` to `stop`, below a header of `width` fields.

    Raises `MisquotedError`, naming the row.
    """
    row, ragged, found, wider = 0, None, 0, True
    padded: set[int] = set()
    for begin, end in pieces(data, start, stop, separator, quotes=quotes):
        text = np.frombuffer(data, dtype=np.uint8, count=end - begin, offset=begin)
        at, ends = _delimiters(text, separator, quotes=quotes)
        fields = np.diff(ends, prepend=-1)
        odd = np.flatnonzero(fields != width)
        if len(odd):
            blank = lines_of(data[begin:end], separator, quotes=quotes).blank
            wider = wider and bool(np.all((fields == width + 1) | blank))
            odd = odd[~blank[odd]]
            if len(odd) and ragged is None:
                ragged, found = row + int(odd[0]), int(fields[odd[0]])
        else:
            wider = False
        if ragged is None:
            padded.update(_padded(text, at, ends).tolist())
        elif not wider:
            break
        row += len(ends)
    return Survey(ragged, found, wider and ragged is not None, frozenset(padded))


def filled_end(data: bytes, start: int, separator: bytes) -> int:
    """Where the last line ends that holds more than blanks and separators; `start` where none after it does."""
    for stop in range(len(data), start, -_PIECE):
        begin = max(start, stop - _PIECE)
        text = np.frombuffer(data, dtype=np.uint8, count=stop - begin, offset=begin)
        ink = np.flatnonzero((text > _BLANK) & (text != separator[0]))
        if len(ink):
            return _cut(data, begin + int(ink[-1]), len(data))
    return start


def pieces(data: bytes, start: int, stop: int, separator: bytes, *, quotes: bool) -> Iterator[tuple[int, int]]:
    """Stretches of whole lines, cells that hold a line's end kept together. Raises `MisquotedError`, naming the row."""
    rows = 0
    while start < stop:
        end = _cut(data, start + _PIECE, stop)
        while quotes and data.count(b'"', start, end) % 2 and end < stop:
            end = _cut(data, end + _PIECE, stop)
        if quotes:
            rows += _check_quotes(data[start:end], separator, rows)
        yield start, end
        start = end


def _cut(data: bytes, near: int, stop: int) -> int:
    return data.find(b"\n", min(near, stop), stop) + 1 or stop


def _delimiters(
    text: NDArray[np.uint8], separator: bytes, *, quotes: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where fields end, and which of these are ends of lines; the last line need not have one."""
    newline = text == _NEWLINE
    both = newline | (text == separator[0])
    if quotes:
        both &= np.cumsum(text == _QUOTE, dtype=np.uint8) & 1 == 0
    at = np.flatnonzero(both)
    ends = np.flatnonzero(newline[at])
    if not len(ends) or at[ends[-1]] != len(text) - 1:
        at, ends = np.append(at, len(text)), np.append(ends, len(at))
    return at, ends


def _padded(text: NDArray[np.uint8], at: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fields in which a cell begins with a zero and another digit, after blanks, a quotation mark or a sign."""
    long = np.append(text, np.zeros(8, np.uint8))
    first = np.append(0, at[:-1] + 1)
    initial = long[first]
    field = np.flatnonzero((initial == ord("0")) | ((initial < ord(".")) & (initial >= _BLANK)))
    place = first[field]
    for _ in range(3):
        place = place + np.isin(long[place], np.frombuffer(b' "+-', dtype=np.uint8))
    digit = long[place + 1] - ord("0") <= 9
    found = field[(long[place] == ord("0")) & digit]
    line = np.searchsorted(ends, found)
    return np.unique(found - np.append(0, ends[:-1] + 1)[line])


def _check_quotes(data: bytes, separator: bytes, rows: int) -> int:
    """How many lines there are, after `rows` others.

    Raises `MisquotedError` where a cell in quotation marks goes on after them, they begin within a cell, or never end.
    """
    text = np.frombuffer(data, dtype=np.uint8)
    marks = np.flatnonzero(text == _QUOTE)
    unclosed = len(marks) % 2 == 1
    if unclosed:
        marks = np.append(marks, len(text))
    long = np.concatenate([text, np.full(2, _NEWLINE, np.uint8)])
    opened, closed = marks[::2], marks[1::2]
    edges = np.frombuffer(b"\n" + separator, dtype=np.uint8)
    before = np.where(opened > 0, long[np.maximum(opened, 1) - 1], _NEWLINE)
    good = np.isin(before, edges)
    good[1:] |= opened[1:] == closed[:-1] + 1
    well = np.isin(long[closed + 1], edges)
    well[:-1] |= closed[:-1] + 1 == opened[1:]
    odd = np.flatnonzero(~(good & well))
    at, ends = _delimiters(text, separator, quotes=True)
    if not len(odd) and not unclosed:
        return len(ends)
    begin = np.append(0, at + 1)[np.searchsorted(at, opened)]
    inside = np.flatnonzero(np.isin(text, edges))
    spans = np.searchsorted(inside, closed) > np.searchsorted(inside, opened)
    # A cell may hold marks of its own where it does not begin with one.
    wrong = odd[(long[begin[odd]] == _QUOTE) | spans[odd]]
    if not len(wrong) and not unclosed:
        return len(ends)
    pair = int(wrong[0]) if len(wrong) else -1
    row = rows + int(np.searchsorted(at[ends], begin[pair])) + 2
    if not len(wrong):
        problem = 'a quotation mark (") is opened and never closed'
    elif long[begin[pair]] != _QUOTE:
        problem = "a quotation mark begins within a cell, not at its start"
    elif long[closed[pair] - 1] == ord("\\"):
        problem = 'a quotation mark is written \\" (after a backslash), which closes its cell too early'
    else:
        problem = 'a cell that begins with a quotation mark (") goes on after the mark that closes it'
    raise MisquotedError(row, problem)
