"""Encoding of covariates: known, past and static columns as numbers, encoded as they were in training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.errors import TableError
from foretell.field_types import from_plain
from foretell.forecasting.covariates.word_spellings import flags_as_numbers, meaning
from foretell.forecasting.panel import Column, Panel


@dataclass(frozen=True)
class Standardised:
    """A numeric column: (value - mean) / spread, 0 where missing, and 0 throughout where the spread is 0.

    A column that had gaps in training has a second feature, 1 where a value is missing. The network learns nothing from
    a column that does not vary in training: its weights for the column stay random, so later values of the column must
    not reach them.
    """

    mean: float
    spread: float
    gaps: bool = False
    """Whether there were values missing in training."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean) or not 0 <= self.spread < math.inf:
            raise ValueError(f"mean and spread of a column must be finite: {self}")

    @classmethod
    def fit(cls, column: NDArray[np.float64]) -> Standardised:
        """Compute mean and spread from the values present; both are 0 if there are none."""
        present = column[~np.isnan(column)]
        if not len(present):
            return cls(0.0, 0.0)
        largest = float(np.abs(present).max()) or 1.0
        # The mean of equal values may differ from them by rounding.
        varies = bool((present != present[0]).any())
        gaps = varies and len(present) < len(column)
        present = present / largest
        return cls(largest * float(present.mean()), largest * float(present.std()) if varies else 0.0, gaps)

    @property
    def width(self) -> int:
        """Number of features."""
        return 1 + self.gaps

    def encode(self, column: NDArray[np.float64]) -> NDArray[np.float32]:
        """Encode (R,) as (R, F)."""
        standardised = np.zeros(len(column), np.float32)
        if self.spread > 0:
            numbers = column / self.spread - self.mean / self.spread
            standardised = np.clip(np.nan_to_num(numbers), -REACH, REACH).astype(np.float32)
        features = [standardised, np.isnan(column).astype(np.float32)]
        return np.stack(features[: self.width], -1)


@dataclass(frozen=True)
class Categories:
    """A categorical column: known names have codes from 1 on; 0 stands for missing values and unknown names."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ValueError("a category appears twice")

    @classmethod
    def fit(cls, column: NDArray[np.object_]) -> Categories:
        """Collect the names that occur, in alphabetical order; all spellings of yes share one, as do those of no."""
        names = sorted({str(name) for name in column if name is not None})
        meant = meaning(names)
        return cls(tuple(name for name in names if meant(name) == name))

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.names)

    def codes(self, column: NDArray[np.object_]) -> NDArray[np.int64]:
        """Return the codes (R,) of names (R,)."""
        place = {name: i + 1 for i, name in enumerate(self.names)}
        meant = meaning(self.names)
        code = {name: place.get(meant(str(name)) or "", 0) for name in set(column.tolist()) if name is not None}
        return np.fromiter((0 if name is None else code[name] for name in column), np.int64, len(column))

    def encode(self, column: NDArray[np.object_]) -> NDArray[np.float32]:
        """One-hot encode names (R,) as (R, C), with one column per known name."""
        one_hot = np.eye(len(self.names) + 1, dtype=np.float32)[:, 1:]
        return one_hot[self.codes(column)]


Encoding = Standardised | Categories
REACH = 100.0
"""Standardised values are clipped to this magnitude."""


@dataclass(frozen=True)
class Covariates:
    """Encodings that turn the columns of a panel into features."""

    known: Mapping[str, Encoding]
    static: Mapping[str, Encoding]
    past: Mapping[str, Encoding] = field(default_factory=dict)

    @classmethod
    def fit(cls, panel: Panel, limits: NDArray[np.int64] | None = None) -> Covariates:
        """Compute means, spreads and names; except for static columns from the first `limits` (N,) rows of each series.

        A name that occurs only later counts as unknown, since nothing could be learned about it.
        """
        trained = np.ones(len(panel.values), bool)
        if limits is not None:
            rows = np.diff(panel.offsets)
            trained = np.arange(len(trained)) - np.repeat(panel.offsets[:-1], rows) < np.repeat(limits, rows)
        return cls(
            {name: _fit(column[trained]) for name, column in panel.known.items()},
            {name: _fit(column) for name, column in panel.static.items()},
            {name: _fit(column[trained & _in_history(panel)]) for name, column in panel.past.items()},
        )

    @property
    def known_features(self) -> int:
        """Number of features per step from the known columns."""
        return sum(e.width for e in self.known.values())

    @property
    def past_features(self) -> int:
        """Number of features per step from the past columns."""
        return sum(e.width for e in self.past.values())

    @property
    def static_features(self) -> int:
        """Number of features from numeric static columns."""
        return sum(e.width for e in self.static.values() if isinstance(e, Standardised))

    @property
    def category_counts(self) -> tuple[int, ...]:
        """Number of codes of each categorical static column, including the code for unknown names."""
        return tuple(len(e.names) + 1 for e in self.static.values() if isinstance(e, Categories))

    def encode_steps(self, panel: Panel) -> NDArray[np.float32]:
        """Return the features (R, F) of each row: those of the known columns, then those of the past ones.

        Raises TableError for a column that is absent or of another type.
        """
        columns = [_encode(name, encoding, panel.known) for name, encoding in self.known.items()]
        columns += [_encode(name, encoding, panel.past) for name, encoding in self.past.items()]
        return np.concatenate([np.zeros((len(panel.values), 0), np.float32), *columns], axis=1)

    def encode_static(self, panel: Panel) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return standardised numbers (N, S) and codes (N, S'). Raises TableError as `encode_steps` does."""
        numbers, codes = [np.zeros((len(panel), 0), np.float32)], [np.zeros((len(panel), 0), np.int64)]
        for name, encoding in self.static.items():
            column = _checked(name, encoding, panel.static)
            if isinstance(encoding, Standardised):
                numbers.append(encoding.encode(column))
            else:
                codes.append(encoding.codes(column)[:, None])
        return np.concatenate(numbers, axis=1), np.concatenate(codes, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            kind: {
                name: {"names": list(e.names)} if isinstance(e, Categories) else asdict(e)
                for name, e in encodings.items()
            }
            for kind, encodings in (("known", self.known), ("static", self.static), ("past", self.past))
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Covariates:
        """Return the encodings that `to_dict` described. Raises ValueError, TypeError or KeyError for anything else."""
        read: dict[str, dict[str, Encoding]] = {}
        for kind in ("known", "static", "past"):
            # An older version knew no past columns.
            described = plain.get(kind, {}) if kind == "past" else plain[kind]
            read[kind] = {
                name: from_plain(Categories, e) if "names" in e else from_plain(Standardised, e)
                for name, e in described.items()
            }
        return cls(read["known"], read["static"], read["past"])


def _in_history(panel: Panel) -> NDArray[np.bool_]:
    """Return (R,), True in the rows of each series up to its last value."""
    length = np.diff(panel.offsets)
    row = np.arange(panel.offsets[-1]) - np.repeat(panel.offsets[:-1], length)
    return np.asarray(row < np.repeat(panel.history, length))


def _fit(column: Column) -> Encoding:
    return Categories.fit(column.astype(object)) if column.dtype == object else Standardised.fit(column.astype(float))


def _checked(name: str, encoding: Encoding, columns: Mapping[str, Column]) -> Any:
    if name not in columns:
        raise TableError(f"column {name!r} is missing: the model was trained with it; the table must have it too")
    return in_type(name, columns[name], text=isinstance(encoding, Categories))


def in_type(name: str, column: Column, *, text: bool) -> Column:
    """Return a column as text or as numbers. Raises TableError for words where the model knows numbers."""
    if not text and column.dtype == object:
        flags = flags_as_numbers(column.astype(object))
        if flags is not None:
            return flags
        raise TableError(f"column {name!r} holds text, but the model was trained on numbers in it")
    if text and column.dtype != object:
        return np.array([None if np.isnan(v) else f"{v:g}" for v in column.astype(np.float64)], dtype=object)
    return column


def _encode(name: str, encoding: Encoding, columns: Mapping[str, Column]) -> NDArray[np.float32]:
    return encoding.encode(_checked(name, encoding, columns))
