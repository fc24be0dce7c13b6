"""Pairs of sentences, each with its translation: read from two parallel files, or from two columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foretell.errors import SettingsError, TextError
from foretell.text.lines import read_lines


@dataclass(frozen=True)
class Pairs:
    """Sentences and their translations. Raises `TextError` where they are not as many, or none."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    skipped: tuple[int, ...] = ()
    """The lines (from 1) that were left out, since one side is empty."""

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.targets):
            raise TextError(
                f"{len(self.sources):,} sources and {len(self.targets):,} targets: give each source its translation"
            )

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, rows: Sequence[int]) -> Pairs:
        """The pairs with these numbers, from 0."""
        return Pairs(tuple(self.sources[k] for k in rows), tuple(self.targets[k] for k in rows))

    def split(self, held: Sequence[int]) -> tuple[Pairs, Pairs]:
        """These pairs in two: what is left, with what was skipped, and those `held` out, by their numbers."""
        apart = set(held)
        left = self.take([k for k in range(len(self)) if k not in apart])
        return replace(left, skipped=self.skipped), self.take(sorted(apart))


def of_lines(sources: Sequence[str], targets: Sequence[str], where: str) -> Pairs:
    """The pairs without those of which a side is empty. Raises `TextError` where none is left."""
    texts = [(source.strip(), target.strip()) for source, target in zip(sources, targets, strict=True)]
    kept = [pair for pair in texts if all(pair)]
    if not kept:
        raise TextError(f"{where}: there is no pair with text on both sides; give a sentence and its translation")
    skipped = tuple(number for number, pair in enumerate(texts, 1) if not all(pair))
    return Pairs(tuple(source for source, _ in kept), tuple(target for _, target in kept), skipped)


def read_pairs(source: str | Path, target: str | Path, encoding: str | None = None) -> Pairs:
    """The pairs in two files, gzipped or not: line n of one is the translation of line n of the other.

    Pairs with an empty side are left out and named in `skipped`. Raises `TextError` where the files cannot be read,
    hold nothing, or have unequal numbers of lines.
    """
    found = [read_lines(path, encoding) for path in (source, target)]
    for path, lines in zip((source, target), found, strict=True):
        if not any(line.strip() for line in lines):
            raise TextError(f"{path} is empty; it needs one sentence per line")
    sources, targets = found
    if len(sources) != len(targets):
        raise TextError(
            f"{source} has {len(sources):,} lines and {target} {len(targets):,}: line n of one must be the translation "
            "of line n of the other"
        )
    return of_lines(sources, targets, f"{source} and {target}")


def read_table_pairs(
    table: str | Path, source: str | None = None, target: str | None = None, encoding: str | None = None
) -> Pairs:
    """The pairs in two columns of a CSV, TSV or Parquet file with a header; of two columns none needs to be named.

    Rows count from 1, below the header. Raises `TableError`, `TextError` or `SettingsError` for what will not do.
    """
    from foretell.tables.files import read_table

    frame = read_table(table, encoding, typed=False)
    if source is None and target is None and len(frame.columns) == 2:
        source, target = frame.columns
    listed = ", ".join(frame.columns)
    if source is None or target is None:
        raise SettingsError(
            f"{table} has the columns {listed}: name the source's and the target's with --source-column and "
            "--target-column, or give two files of lines"
        )
    for name in (source, target):
        if name not in frame.columns:
            raise TextError(f"{table} has no column {name!r}; it has {listed}")
    if source == target:
        raise SettingsError(f"source and target are both the column {source!r}: give two")
    columns = [["" if cell is None else str(cell) for cell in frame[name].to_list()] for name in (source, target)]
    return of_lines(columns[0], columns[1], str(table))
