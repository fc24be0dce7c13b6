"""The training loss and the evaluation of a network on sound: the likelihood of each sample given those before it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from foretell.audio.batches import Chunk
from foretell.audio.levels import Levels
from foretell.nn.heads import Head


@dataclass
class Score:
    """A sum of negative log-likelihoods."""

    nats: float = 0.0
    samples: int = 0

    @property
    def bits(self) -> float:
        """Bits a sample."""
        return self.nats / max(1, self.samples) / math.log(2)


@dataclass
class Scores:
    """Scores of some sounds, in total and by speaker number (0 for a network without speakers)."""

    by_speaker: dict[int, Score] = field(default_factory=lambda: defaultdict(Score))

    @property
    def total(self) -> Score:
        """Return the score of all speakers together."""
        scores = self.by_speaker.values()
        return Score(sum(score.nats for score in scores), sum(score.samples for score in scores))


class AudioTask:
    """The loss of a chunk and the score of many, for networks with this head."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._levels = Levels(head)

    def loss(self, network: nn.Module, chunk: Chunk, state: Any) -> tuple[Tensor, Any]:
        """The mean negative log-likelihood in nats of the positions that count, and the state after the chunk."""
        nll, state = self._nll(network, chunk, state)
        counted = nll[chunk.scored]
        return counted.sum() / max(1, counted.numel()), state

    def score(self, network: nn.Module, batches: Iterable[Iterable[Chunk]]) -> Scores:
        """Judge a network in evaluation mode, without gradients, on the device that it is on."""
        device = next(network.parameters()).device
        scores = Scores()
        with torch.no_grad():
            for batch in batches:
                state = None
                for chunk in batch:
                    placed = chunk.to(device)
                    nll, state = self._nll(network, placed, state)
                    # Not every device has float64.
                    nats = torch.where(placed.scored, nll, 0).cpu().double().sum(1).tolist()
                    samples = placed.scored.sum(1).tolist()
                    speakers = [0] * len(nats) if placed.speakers is None else placed.speakers.tolist()
                    for speaker, more, count in zip(speakers, nats, samples, strict=True):
                        score = scores.by_speaker[speaker]
                        score.nats += more
                        score.samples += count
        return scores

    def _nll(self, network: nn.Module, chunk: Chunk, state: Any) -> tuple[Tensor, Any]:
        values = self._levels.values(chunk.levels)
        known = {} if chunk.speakers is None else {"global_y": chunk.speakers}
        advance: Any = network.advance
        outputs, state = advance(self._head.shifted(values, chunk.before), state, **known)
        return self._head.nll(outputs, values), state
