"""Texts and their labels out of a table, and which of them are held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import compress

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.errors import SettingsError, TableError
from foretell.text.classification.labels import strings

_FEWEST_TO_JUDGE = 3
_MOST_HELD_OUT = 4000
_NAMED = 5
_HEADER = 2
"""The row in the file, whose header is row 1, that holds the table's first row of values."""


@dataclass(frozen=True)
class LabelledTexts:
    """N texts, each with its label: strings in whatever holds them. Raises `TextError` for what are none."""

    texts: Sequence[str]
    labels: Sequence[str]
    left_out: tuple[str, ...] = ()
    """Sentences on the rows of the table that were left out, and why."""
    columns: tuple[str | None, str | None] = (None, None)
    """Names of the columns of texts and labels, if they come from a table."""

    def __post_init__(self) -> None:
        texts = strings("text", self.texts)
        object.__setattr__(self, "texts", tuple(texts))
        object.__setattr__(self, "labels", tuple(strings("label", self.labels, texts)))

    def __len__(self) -> int:
        return len(self.texts)

    def split(self, share: float, seed: int) -> tuple[LabelledTexts, LabelledTexts]:
        """These texts in two: what is left, with the notes, and a share of each class: see `held_out`."""
        judged = held_out(self.texts, self.labels, share, seed)
        left, apart = (
            replace(self, texts=tuple(compress(self.texts, rows)), labels=tuple(compress(self.labels, rows)))
            for rows in (~judged, judged)
        )
        return left, replace(apart, left_out=())


def labelled_texts(table: pl.DataFrame, text: str, label: str) -> LabelledTexts:
    """The rows of a table that have both a text and a label, which is a cell without the spaces around it.

    Raises `TableError` for a column that is not there or holds no text, and where no row has both; `SettingsError`
    where both are to be one column.
    """
    if text == label:
        raise SettingsError(f"text and label are both the column {text!r}: give two")
    texts, labels = cells(table, text), [cell.strip() for cell in cells(table, label)]
    without_text = [k for k, cell in enumerate(texts) if not cell.strip()]
    without_label = [k for k, cell in enumerate(labels) if not cell]
    for name, missing in ((text, without_text), (label, without_label)):
        if len(missing) == len(table):
            raise TableError(f"the column {name!r} is empty in every row; name another, or fill it in")
    lacking = {*without_text, *without_label}
    kept = [k for k in range(len(table)) if k not in lacking]
    if not kept:
        raise TableError(f"no row has both a text (column {text!r}) and a label (column {label!r}); fill some in")
    left_out = [
        f"Left out for want of a {what}: {named_rows(rows)}."
        for what, rows in (("text", without_text), ("label", without_label))
        if rows
    ]
    return LabelledTexts(tuple(texts[k] for k in kept), tuple(labels[k] for k in kept), tuple(left_out), (text, label))


def cells(table: pl.DataFrame, column: str) -> list[str]:
    """A column's cells as texts, empty where there is nothing. Raises `TableError` where they are not there."""
    if column not in table.columns:
        near = get_close_matches(column, table.columns, n=3, cutoff=0.5)
        columns = ", ".join(map(repr, table.columns[:12])) + (", ..." if table.width > 12 else "")
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"the columns are {columns}"
        raise TableError(f"there is no column {column!r}: {hint}")
    found = table[column]
    if found.dtype.is_nested() or found.dtype in (pl.Binary, pl.Object):
        raise TableError(f"the column {column!r} holds {found.dtype}, not text; name another")
    return found.cast(pl.String).fill_null("").to_list()


def named_rows(rows: Sequence[int], *, lines: bool = False) -> str:
    """Rows of values, from 0, as their numbers in the file: rows 3 and 17; of many the first five.

    `lines`: the file is no table but plain text, so that its first line is number 0.
    """
    numbers = [f"{row + (1 if lines else _HEADER):,}" for row in rows[:_NAMED]]
    more = f" and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
    listed = ", ".join(numbers) if more or len(numbers) < 2 else f"{', '.join(numbers[:-1])} and {numbers[-1]}"
    what = ("line" if lines else "row") + ("s" if len(rows) > 1 else "")
    return f"{what} {listed}{more}{'' if lines else ' (the header is row 1)'}"


def held_out(texts: Sequence[str], labels: Sequence[str], share: float, seed: int) -> NDArray[np.bool_]:
    """Which of N texts are held out to judge by, `(N,)`: a share of each class, drawn by the seed, 4,000 at most.

    A text that comes up several times is held out every time or never: what was learned by heart proves nothing. Of
    each class one text at least is left to learn from, and of one with three different texts or more one at least is
    held out, so that it is judged too.
    """
    numbers: dict[str, int] = {}
    of_row = np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)
    label_of: dict[int, str] = {}
    for number, label in zip(of_row.tolist(), labels, strict=True):
        label_of.setdefault(number, label)
    members: dict[str, list[int]] = {}
    for number, label in label_of.items():
        members.setdefault(label, []).append(number)
    share = min(share, _MOST_HELD_OUT / max(len(numbers), 1))
    random = np.random.default_rng([seed, 0])
    chosen = np.zeros(len(numbers), dtype=np.bool_)
    for label in sorted(members):
        drawn = random.permutation(members[label])
        least = 1 if share > 0 and len(drawn) >= _FEWEST_TO_JUDGE else 0
        chosen[drawn[: min(max(round(share * len(drawn)), least), len(drawn) - 1)]] = True
    return chosen[of_row]
