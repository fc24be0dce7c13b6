"""A text laid out for truncated backpropagation through time: parallel streams, cut into chunks that follow on.

The text is a ring: after its end comes NONE, and then its beginning. Each of B streams reads around it from a place of
its own, the places evenly spread, L characters a step; so a stream always goes on where it was, its state with it, each
character is read equally often whatever B and L are, and chunks are cut elsewhere each time round.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from foretell.text.language_model.characters import NONE, Numbers


class Streams:
    """The chunks of a text of numbers `(N,)`: `streams` and `chunk` at most, fewer where the text is short."""

    def __init__(self, numbers: Numbers, streams: int, chunk: int) -> None:
        self._ring = np.concatenate([np.array([NONE], dtype=np.int32), numbers])
        length = len(self._ring)
        self.length = min(chunk, length)
        """L, the characters that a stream reads in a step."""
        self.count = min(streams, length // self.length)
        """B, the streams."""
        self._starts = np.arange(self.count) * length // self.count

    def chunk(self, number: int) -> dict[str, Tensor]:
        """Chunk number 0, 1, ... of every stream: the characters `read` `(B, L)`, and those `due` `(B, L)` after each.

        A pure function of the number; int64.
        """
        steps = number * self.length + np.arange(self.length + 1)
        piece = torch.from_numpy(self._ring[(self._starts[:, None] + steps) % len(self._ring)].astype(np.int64))
        return {"read": piece[:, :-1], "due": piece[:, 1:]}
