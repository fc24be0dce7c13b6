"""Different spellings of the same word: True and TRUE, yes and Yes, 1 and true."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

_TRUE = frozenset("true t yes y on wahr ja vrai oui verdadero verdadeiro sim vero".split())  # noqa: SIM905
_FALSE = frozenset("false f no n off falsch nein faux non falso não nao".split())  # noqa: SIM905


def are_flags(words: Iterable[str]) -> bool:
    """Return whether all words mean yes or no, each in one spelling, in any case; 0 and 1 may be among them."""
    small = {word.strip().casefold() for word in words}
    return bool(small) and small <= _TRUE | _FALSE | {"0", "1"} and max(len(small & _TRUE), len(small & _FALSE)) <= 1


def flag_of(word: str) -> bool | None:
    """Return the meaning of a word, None if it means neither yes nor no."""
    small = word.strip().casefold()
    return (
        True if small in _TRUE or small in ("1", "1.0") else False if small in _FALSE or small in ("0", "0.0") else None
    )


def meaning(names: Iterable[str]) -> Callable[[str], str | None]:
    """Return a function from a word to the name it means: the same word in any case, or the same yes or no."""
    own = list(names)
    exact = set(own)
    flags = {flag_of(name): name for name in reversed(own)} if are_flags(own) else {}
    folded: dict[str, list[str]] = {}
    for name in own:
        folded.setdefault(name.strip().casefold(), []).append(name)

    def meant(word: str) -> str | None:
        if flags:
            said = flag_of(word)
            return None if said is None else flags.get(said)
        if word in exact:
            return word
        alike = folded.get(word.strip().casefold(), [])
        return alike[0] if len(alike) == 1 else None

    return meant


def flags_as_numbers(column: NDArray[np.object_]) -> NDArray[np.float64] | None:
    """Return (R,), 1 and 0 for yes and no, NaN where missing; None if there are other words."""
    said = {word: flag_of(str(word)) for word in set(column.tolist()) if word is not None}
    if None in said.values():
        return None
    return np.array([np.nan if word is None else float(bool(said[word])) for word in column.tolist()])
