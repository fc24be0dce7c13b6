"""Batches of sounds of about one length, each a list of chunks in time: what the training loop takes.

A chunk begins where the one before it ended, and the network's state goes along: no position is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from foretell.audio.corpus import Sound
from foretell.audio.levels import Levels
from foretell.audio.pieces import Grouping, Piece, cut
from foretell.nn.heads import Head

_SEVERAL = 4


@dataclass(frozen=True)
class Chunk:
    """T time steps of B sounds side by side."""

    levels: Tensor
    """(B, T) uint8 or int16, as the data set keeps them; see `Levels`. What lies past a sound's end is 0."""
    before: Tensor
    """(B,) the head's value one step before the chunk; its silence where a sound begins."""
    scored: Tensor
    """(B, T) which positions count: neither context nor past a sound's end."""
    speakers: Tensor | None
    """(B,) int64, for a network that knows speakers."""

    def to(self, device: torch.device | str) -> Chunk:
        """The same on a device."""
        speakers = None if self.speakers is None else self.speakers.to(device)
        return Chunk(self.levels.to(device), self.before.to(device), self.scored.to(device), speakers)


class Batches:
    """Batch n = 0, 1, ... of some sounds, a pure function of n: each epoch takes every position once.

    - `batch` B: sounds side by side; `chunk`: about how many time steps of them at once; a sound of more than `piece`
      samples is cut up, see `foretell.audio.pieces`.
    - `speakers`: the names that the network knows, in its order, or None.
    """

    def __init__(
        self,
        sounds: Sequence[Sound],
        head: Head,
        *,
        batch: int,
        chunk: int,
        piece: int,
        receptive_field: int,
        speakers: Sequence[str] | None = None,
        seed: int = 0,
    ) -> None:
        self._sounds = sounds
        self._head = head
        self._levels = Levels(head)
        self._chunk = chunk
        self._pieces = cut([len(sound.levels) for sound in sounds], piece, receptive_field - 1)
        self._grouping = Grouping(self._pieces, batch, seed)
        self._indices = None if speakers is None else {name: k for k, name in enumerate(speakers)}

    def __call__(self, number: int) -> list[Chunk]:
        """Batch `number` as its consecutive chunks."""
        epoch, position = divmod(number, self._grouping.groups)
        return self.chunks(self._grouping.epoch(epoch)[position])

    @property
    def batches(self) -> int:
        """Batches in an epoch."""
        return self._grouping.groups

    @cached_property
    def steps(self) -> int:
        """Chunks in an epoch, that is optimiser steps; a little more or less from epoch to epoch."""
        return sum(len(self._bounds(group)) - 1 for group in self._grouping.epoch(0))

    @property
    def repeated(self) -> int:
        """Positions of an epoch that are computed once more, as context of a piece that goes on."""
        return sum(piece.context for piece in self._pieces)

    def once(self, most: int | None = None) -> Iterator[list[Chunk]]:
        """The batches of one epoch, always the same; `most` chunks of them at most, if given.

        Those are the beginnings of several batches, four or more where there are as many.
        """
        left = self.steps if most is None else most
        each = left if most is None else -(-most // min(_SEVERAL, self.batches))
        for group in self._grouping.epoch(0):
            chunks = self.chunks(group)[: min(each, left)]
            left -= len(chunks)
            if chunks:
                yield chunks
            if not left:
                return

    def watched(self, on_progress: Callable[[float], None] | None) -> Iterator[Iterator[Chunk]]:
        """All batches of `once`, chunk by chunk; `on_progress` is told the share that is done after each of them."""
        done = 0

        def chunks(batch: list[Chunk]) -> Iterator[Chunk]:
            nonlocal done
            for chunk in batch:
                yield chunk
                done += 1
                if on_progress is not None:
                    on_progress(done / self.steps)

        for batch in self.once():
            yield chunks(batch)

    def chunks(self, group: Sequence[int]) -> list[Chunk]:
        """The chunks of the pieces with these numbers."""
        pieces = [self._pieces[k] for k in group]
        bounds = self._bounds(group)
        levels = np.zeros((len(pieces), bounds[-1]), self._sounds[0].levels.dtype)
        scored = np.zeros(levels.shape, bool)
        for row, piece in enumerate(pieces):
            levels[row, : piece.length] = self._sounds[piece.sound].levels[piece.start - piece.context : piece.stop]
            scored[row, piece.context : piece.length] = True
        kept = torch.from_numpy(levels)
        before = self._before(pieces)
        found = []
        for start, stop in pairwise(bounds):
            part = kept[:, start:stop]
            found.append(Chunk(part, before, torch.from_numpy(scored[:, start:stop]), self._speakers(pieces)))
            before = self._levels.values(part[:, -1])
        return found

    def _bounds(self, group: Sequence[int]) -> list[int]:
        """Where the chunks of a group begin and end: of one length, but for the first one's context."""
        context = max(self._pieces[k].context for k in group)
        longest = max(self._pieces[k].length for k in group)
        count = max(1, round((longest - context) / self._chunk))
        ends = [context + (longest - context) * k // count for k in range(1, count + 1)]
        return [0, *ends]

    def _before(self, pieces: Sequence[Piece]) -> Tensor:
        firsts = [piece.start - piece.context for piece in pieces]
        sounds = [self._sounds[piece.sound].levels for piece in pieces]
        known = [levels[max(first - 1, 0)] for levels, first in zip(sounds, firsts, strict=True)]
        values = self._levels.values(torch.from_numpy(np.stack(known)))
        begins = torch.tensor([first == 0 for first in firsts])
        return torch.where(begins, torch.as_tensor(self._head.silence, dtype=values.dtype), values)

    def _speakers(self, pieces: Sequence[Piece]) -> Tensor | None:
        if self._indices is None:
            return None
        names = [self._sounds[piece.sound].speaker for piece in pieces]
        return torch.tensor([self._indices[name] for name in names if name is not None])
