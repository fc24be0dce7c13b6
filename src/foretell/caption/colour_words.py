"""The words by which captions say colours: of a picture in other colours they are neither asked nor told."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.errors import SettingsError
from foretell.text.vocabulary import PAD, Vocabulary

_WORD = re.compile(r"\w+")


class ColourWords:
    """Where in each caption a colour is said; false where no words are given.

    Raises `SettingsError` for words that are in no caption: a colour spelled otherwise would be asked for of pictures
    that no longer have it.
    """

    def __init__(self, words: Sequence[str], vocabulary: Vocabulary, captions: Sequence[Sequence[str]]) -> None:
        wanted = {word.casefold() for word in words}
        self._places: list[list[NDArray[np.int64]]] = []
        """Of each caption of each picture: the numbers of the tokens that say colours."""
        found: set[str] = set()
        tokens: set[int] = set()
        for texts in captions if wanted else ():
            self._places.append([])
            for text in texts:
                said = [match for match in _WORD.finditer(text) if match[0].casefold() in wanted]
                found |= {match[0].casefold() for match in said}
                spans = vocabulary.spans(text) if said else []
                places = [k for k, (a, b) in enumerate(spans) if any(a < m.end() and b > m.start() for m in said)]
                self._places[-1].append(np.array(places, dtype=np.int64))
                tokens |= {vocabulary.encode([text])[0][k] for k in places}
        if wanted - found:
            raise SettingsError(
                f"colour_words: no caption to learn from has the word {', '.join(sorted(wanted - found))}"
            )
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
