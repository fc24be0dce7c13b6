"""Where a table begins: the header, and what people and programs write above and below it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.tables.lines import SEPARATORS, Lines, lines_of, quoted
from foretell.tables.numerals import is_absent
from foretell.tables.times import time_share

_SAMPLE = 1 << 18
_SEPARATOR_LINE = re.compile(rb'"?sep=(.)"?[,;\t|]*[ \r]*\n', re.IGNORECASE)
# So many lines may stand above a header, and so many of units or descriptions below it.
_ABOVE, _BELOW = 60, 3
_MARK = re.compile(rb"#+ +(?=[^ ])")
_TIME_NAME = re.compile(
    r"(?:^|[^a-z])(?:ds|t|date|time|datetime|timestamp|day|week|month|quarter|year|period|datum|fecha)(?:[^a-z]|$)",
    re.I,
)
_PLAIN_NUMBER = r"^[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?$"


@dataclass(frozen=True)
class Start:
    """Where the header begins, and what separates its fields."""

    offset: int
    separator: bytes


def find_start(data: bytes, where: str) -> Start:
    """The separator that the lines agree on best, a comma where there is but one column, and the header's place.

    Above the header there may be a line such as `sep=;`, comments that begin with `#`, and titles.
    """
    said = _SEPARATOR_LINE.match(data)
    if said and said[1] not in SEPARATORS:
        raise TableError(
            f"{where}: its first line says that {said[1].decode(errors='replace')!r} separates the fields; that is "
            f"none of {', '.join(SEPARATORS.values())}: write it with one of them"
        )
    begin = said.end() if said else 0
    sample = data[begin : _sample_end(data, begin)]
    best: tuple[float, int] = (0.0, 0)
    start = Start(begin + _commented(sample, b"," if said is None else said[1])[0], b"," if said is None else said[1])
    for separator in SEPARATORS if said is None else (said[1],):
        offset, lines = _commented(sample, separator)
        header = _header(sample[offset:], lines, separator)
        below = lines.fields[header + 1 :][~lines.blank[header + 1 :]]
        fields = int(lines.fields[header])
        score = (float(np.mean(below == fields)) if len(below) else 1.0, fields)
        if fields > 1 and score > best:
            best, start = score, Start(begin + offset + int(lines.starts[header]), separator)
    return start


def without_comments(data: bytes, start: int, separator: bytes, width: int, *, above: bool) -> bytes:
    """The text with its comments from `start` on as blank lines, so that rows keep their numbers.

    A comment begins with `#` and has another number of fields than the header's `width`. Where none stood `above` the
    header, it has but one.
    """
    if width == 1 or not (data.startswith(b"#", start) or data.find(b"\n#", start) >= 0):
        return data
    kept, end = [], 0
    for match in re.compile(rb"^#.*$", re.MULTILINE).finditer(data, start):
        fields = len(cells_of(match[0], separator))
        if fields != width and (above or fields == 1):
            kept.append(data[end : match.start()])
            end = match.end()
    return b"".join([*kept, data[end:]]) if kept else data


def below_header(rows: Iterable[list[str]]) -> int:
    """How many rows of units or descriptions stand below a header, from the first rows of cells."""
    seen: list[list[str]] = []
    count = 0
    for row in rows:
        seen.append(row)
        if count == len(seen) - 1 and count <= _BELOW and any(row) and not _values(row).any():
            count += 1
        elif not count:
            return 0
    if not count <= min(_BELOW, len(seen) - 2):
        return 0
    for column, cell in enumerate(seen[0]):
        cells = [row[column] for row in seen[count:] if column < len(row) and row[column]]
        if cell and not is_absent(cell) and len(cells) > 1 and _values(cells).all():
            return count
    return 0


def cells_of(line: bytes, separator: bytes) -> list[str]:
    """The cells of one row, without blanks and quotation marks around them."""
    parts, cells = line.split(separator), list[bytes]()
    if quoted(line, separator):
        held: list[bytes] = []
        for part in parts:
            held.append(part)
            cell = separator.join(held)
            if cell.count(b'"') % 2 == 0:
                bare = cell.strip()
                quotes = len(bare) > 1 and bare[:1] == bare[-1:] == b'"'
                cells.append(bare[1:-1].replace(b'""', b'"') if quotes else bare)
                held = []
        parts = [*cells, *held]
    return [part.decode(errors="replace").strip() for part in parts]


def are_values(cells: list[str]) -> list[bool]:
    """Which cells hold a number or a time, rather than a name."""
    return [bool(value) for value in _values(cells)]


def _values(cells: list[str]) -> NDArray[np.bool_]:
    text = pl.Series(cells, dtype=pl.String).str.strip_chars()
    values = text.str.contains(_PLAIN_NUMBER).to_numpy().copy()
    doubtful = np.flatnonzero(~values & text.str.contains("[0-9]").to_numpy())
    share = time_share(text[doubtful]) if len(doubtful) else 0.0
    values[doubtful] = share == 1.0 if share in (0.0, 1.0) else [time_share(text[i : i + 1]) for i in doubtful.tolist()]
    return values


def _sample_end(data: bytes, begin: int) -> int:
    """After so many bytes, and some lines at least."""
    stop = begin
    for _ in range(12):
        stop = data.find(b"\n", stop) + 1 or len(data)
    return max(stop, data.rfind(b"\n", begin, begin + _SAMPLE) + 1) if begin + _SAMPLE < len(data) else len(data)


def _commented(sample: bytes, separator: bytes) -> tuple[int, Lines]:
    """Where the comments at the top of a sample end, and the lines after them.

    The last of them is the header itself, its mark cut off, where values follow it in as many fields.
    """
    if not sample[:_SAMPLE].lstrip(b' ",;|\t\n').startswith(b"#"):
        return 0, lines_of(sample, separator, quotes=quoted(sample, separator))
    lines = lines_of(sample, separator, quotes=False)
    last, mark = 0, None
    while last < len(lines.starts) and (lines.blank[last] or _line(sample, lines, last).lstrip(b' "').startswith(b"#")):
        last += 1
    if last == len(lines.starts):
        last = 0
    elif (
        last and lines.fields[last - 1] == lines.fields[last] and not lines.blank[last - 1]
        and _values(cells_of(_line(sample, lines, last), separator)).any()
    ):  # fmt: skip
        last -= 1
        mark = _MARK.match(_line(sample, lines, last))
    offset = int(lines.starts[last]) + (mark.end() if mark else 0)
    return offset, lines_of(sample[offset:], separator, quotes=quoted(sample[offset:], separator))


def _line(sample: bytes, lines: Lines, number: int) -> bytes:
    stop = lines.starts[number + 1] if number + 1 < len(lines.starts) else len(sample)
    return sample[lines.starts[number] : stop].rstrip(b"\n")


def _header(sample: bytes, lines: Lines, separator: bytes) -> int:
    """The line that names the columns: the first one, or the first below titles that values follow."""
    filled = np.flatnonzero(~lines.blank)
    if len(filled) < 3:
        return 0
    sizes, counts = np.unique(lines.fields[filled], return_counts=True)
    width = int(sizes[np.argmax(np.where(sizes > 1, counts, 0))])
    if width < 2:
        return 0

    def cells(place: int) -> list[str]:
        return cells_of(_line(sample, lines, int(filled[place])), separator)

    def names(place: int) -> bool:
        return lines.fields[filled[place]] == width and sum(map(bool, cells(place))) >= max(2, width - 1)

    def holds_values(place: int) -> bool:
        return bool(_values(cells(place)).any())

    if names(0) and not (holds_values(0) and not holds_values(1)):
        return int(filled[0])
    likely: list[int] = []
    for place in range(1, min(_ABOVE, len(filled))):
        if names(place) and not holds_values(place):
            likely.append(place)
        elif likely and holds_values(place):
            # Of several rows of words the one that speaks of time is the header; those above it are titles as well.
            timely = (p for p in likely if any(_TIME_NAME.search(cell) for cell in cells(p)))
            return int(filled[next(timely, likely[0])])
        elif names(place):
            return 0
    return 0
