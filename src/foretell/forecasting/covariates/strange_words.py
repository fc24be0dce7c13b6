"""Words in a column that the networks never saw: they count as unknown, which must not happen in silence."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

import numpy as np

from foretell.forecasting.covariates.covariates import Categories, Covariates, Encoding, in_type
from foretell.forecasting.covariates.word_spellings import meaning
from foretell.forecasting.panel import Column, Panel, recent

_SHOWN = 5


def warn_of_strange_words(read: Iterable[Covariates], panel: Panel, rows: int) -> None:
    """Warn (`UserWarning`) of words in the past of a column, known or past, that no network was trained with.

    `read` are the covariates of the networks, which read the last `rows` rows of each history. Words in the horizon
    are checked with the table that has them.
    """
    latest = recent(panel, rows)
    row = np.arange(latest.offsets[-1]) - np.repeat(latest.offsets[:-1], np.diff(latest.offsets))
    history = row < np.repeat(latest.history, np.diff(latest.offsets))
    said: set[tuple[str, str]] = set()
    for covariates in read:
        kinds: tuple[tuple[str, Mapping[str, Encoding], Mapping[str, Column]], ...] = (
            ("known", covariates.known, latest.known),
            ("past", covariates.past, latest.past),
        )
        for kind, encodings, columns in kinds:
            for name, encoding in encodings.items():
                if not isinstance(encoding, Categories) or name not in columns or (kind, name) in said:
                    continue
                said.add((kind, name))
                _warn(kind, name, encoding, in_type(name, columns[name][history], text=True))


def _warn(kind: str, name: str, encoding: Categories, column: Column) -> None:
    meant = meaning(encoding.names)
    words = [str(word) for word in column if word is not None]
    strange = {word for word in set(words) if meant(word) is None}
    if not strange:
        return
    shown, had = (
        ", ".join(map(repr, each[:_SHOWN])) + (" and others" if len(each) > _SHOWN else "")
        for each in (sorted(strange), list(encoding.names))
    )
    count = sum(word in strange for word in words)
    warnings.warn(
        f"the {kind} column {name!r} has values that the model was not trained with: {shown}; it was trained with "
        f"{had or 'none'}. {count:,} of {len(words):,} cells count as unknown",
        UserWarning,
        stacklevel=4,
    )
