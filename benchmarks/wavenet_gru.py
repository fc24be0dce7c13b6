"""A GRU that foretells levels, to be trained by `foretell.audio` in place of its WaveNet."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretell.nn import GRU

LEVELS = 256
EMBEDDING = 64


class SpeakerGRU(nn.Module):
    """Levels and speaker, both embedded, through one GRU layer to the logits of the next level."""

    def __init__(self, units: int, speakers: int, speaker_size: int) -> None:
        super().__init__()
        self.levels = nn.Embedding(LEVELS, EMBEDDING)
        self.speakers = nn.Embedding(speakers, speaker_size)
        self.gru = GRU(EMBEDDING + speaker_size, units, batch_first=True)
        self.output = nn.Linear(units, LEVELS)

    @classmethod
    def of_size(cls, size: int, speakers: int, speaker_size: int) -> SpeakerGRU:
        """With as many units as come nearest to `size` parameters."""

        def excess(units: int) -> int:
            with torch.device("meta"):
                return sum(p.numel() for p in cls(units, speakers, speaker_size).parameters()) - size

        low = 1
        while excess(2 * low) < 0:
            low *= 2
        high = 2 * low
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if excess(middle) < 0 else (low, middle)
        return cls(min((low, high), key=lambda units: abs(excess(units))), speakers, speaker_size)

    def advance(self, x: Tensor, state: Tensor | None, global_y: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, 256) from levels (B, T) and speakers (B,), and the state after them."""
        known = self.speakers(global_y)[:, None].expand(-1, x.shape[1], -1)
        hidden, state = self.gru(torch.cat([self.levels(x), known], 2), state)
        outputs: Tensor = self.output(hidden)
        return outputs, state
