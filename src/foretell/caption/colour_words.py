"""The words by which captions say colours: of a picture in other colours none is asked for, and any is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.caption.words import comparable, words
from foretell.errors import SettingsError
from foretell.text.vocabulary import PAD, Vocabulary


def require_said(colours: Sequence[str], captions: Sequence[Sequence[str]]) -> None:
    """Raise `SettingsError` where one of the words is in no caption.

    A colour spelled otherwise would be asked for of pictures that no longer have it.
    """
    if colours:
        missing = {*map(comparable, colours)} - {
            word for texts in captions for text in texts for word, _, _ in words(text)
        }
        if missing:
            raise SettingsError(f"colour_words: no caption has the word {', '.join(sorted(missing))}")


class ColourWords:
    """Where in each caption a colour is said; false where no words are given."""

    def __init__(self, colours: Sequence[str], vocabulary: Vocabulary, captions: Sequence[Sequence[str]]) -> None:
        wanted = {*map(comparable, colours)}
        self._places: list[list[NDArray[np.int64]]] = []
        """Of each caption of each picture: the numbers of the tokens that say colours."""
        tokens: set[int] = set()
        for texts in captions if wanted else ():
            self._places.append([])
            for text in texts:
                said = [(first, end) for word, first, end in words(text) if word in wanted]
                spans = vocabulary.spans(text) if said else []
                places = [k for k, (a, b) in enumerate(spans) if any(a < end and b > first for first, end in said)]
                self._places[-1].append(np.array(places, dtype=np.int64))
                row = vocabulary.encode([text])[0] if said else []
                tokens |= {row[k] for k in places}
        self._tokens = torch.tensor(sorted(tokens), dtype=torch.int64)

    def __bool__(self) -> bool:
        return bool(self._places)

    def untell(self, picture: int, caption: int, fed: Tensor, due: Tensor, random: np.random.Generator) -> bool:
        """Where that caption says a colour, any of them is read, `fed` `(T,)`, and none is `due` `(T,)` but PAD.

        A caption that says nothing else, if it is cut off, is left alone; then this is false.
        """
        places = torch.from_numpy(self._places[picture][caption])
        hidden, read = places[places < len(due)], places[places < len(fed) - 1] + 1  # START stands before what is fed
        if len(hidden) == len(due):
            return False
        due[hidden] = PAD
        if len(read):
            fed[read] = self._tokens[torch.from_numpy(random.integers(0, len(self._tokens), len(read)))]
        return True
