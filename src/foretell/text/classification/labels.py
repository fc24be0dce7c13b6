"""Labels as classes, numbered in the order of their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from foretell.errors import TextError

MOST_CLASSES = 1000
_WIDTH = 60
"""Characters of classes in a sentence."""


def classes_of(labels: Sequence[str]) -> tuple[str, ...]:
    """The different labels in order. Raises `TextError` for those that nothing can be learned from."""
    for number, label in enumerate(labels, 1):
        if not label:
            raise TextError(f"label {number:,} is empty; fill it in, or leave its text out")
    counts = Counter(labels)
    if len(counts) < 2:
        only = next(iter(counts), None)
        what = f"{only!r} is the only label (of {len(labels):,} texts)" if counts else "there is no text"
        raise TextError(f"{what}: give texts of at least two classes")
    if len(counts) > MOST_CLASSES:
        raise TextError(f"there are {len(counts):,} different labels, {MOST_CLASSES:,} are the most: are they labels?")
    if max(counts.values()) == 1:
        raise TextError("no label occurs twice, so there is nothing to learn from: give several texts of each class")
    return tuple(sorted(counts))


def strings(what: str, given: Iterable[str], as_many: Sequence[str] | None = None) -> list[str]:
    """What was given, as a list; `what` names one of them. Raises `TextError` where one is no string.

    Given texts `as_many`, there must be one for each of those.
    """
    found = list(given)
    for number, one in enumerate(found, 1):
        if not isinstance(one, str):
            raise TextError(f"{what} {number:,} is {one!r}, a {type(one).__name__}: give a string")
    if as_many is not None and len(found) != len(as_many):
        raise TextError(f"{len(as_many):,} texts and {len(found):,} {what}s: give each text its {what}")
    return found


def numbered(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """The labels as class numbers, `(N,)`. Raises `TextError` for those of no class."""
    number = {name: k for k, name in enumerate(classes)}
    strange = next((label for label in labels if label not in number), None)
    if strange is not None:
        raise TextError(f"the label {strange!r} is not one of the classes that the model knows: {named(classes)}")
    return np.array([number[label] for label in labels], dtype=np.int64)


def named(classes: Sequence[str]) -> str:
    """The classes in a sentence; of many the first few."""
    shown: list[str] = []
    for name in classes:
        if shown and len(", ".join([*shown, name])) > _WIDTH:
            break
        shown.append(name if len(name) <= _WIDTH else f"{name[: _WIDTH - 3]}...")
    more = f" and {len(classes) - len(shown):,} more" if len(classes) > len(shown) else ""
    return ", ".join(shown) + more
