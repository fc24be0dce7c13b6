"""The vocoder: a WaveNet that generates the residual of linear prediction, told of spectrum and pitch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretell.nn import GatedStack, WaveNet, dilation_cycles, interpolate
from foretell.nn.heads import Categorical
from foretell.speech.settings import SpeechSettings

LEVELS = 256
LOUDEST = 8.0
"""The residual, in standard deviations, that the highest level stands for; louder ones are clipped."""
HEAD = Categorical(LEVELS)


class Vocoder(nn.Module):
    """Levels of the residual given those before them and the frames `(B, T, bands + 2)` of spectrum, pitch, voicing.

    A small non-causal stack looks at neighbouring frames; its outputs are interpolated to the samples.
    """

    def __init__(self, settings: SpeechSettings, bands: int, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.context = GatedStack(bands + 2, 2 * settings.local, (1, 2))
        self.local = nn.Linear(2 * settings.local, settings.local)
        self.wavenet = WaveNet(
            LEVELS,
            settings.residual,
            settings.skip,
            LEVELS,
            dilation_cycles(settings.layers, settings.cycles),
            local_size=settings.local,
        )

    @property
    def margin(self) -> int:
        """Frames at either side of a stretch that its conditioning depends on."""
        return self.context.reach + 1

    def conditioning(self, frames: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the conditioning of each frame `(B, T, L)`."""
        local: Tensor = self.local(self.context(frames, None, mask))
        return local

    def conditioning_between(self, frames: Tensor, start: int, stop: int) -> Tensor:
        """Return the conditioning of the frames `start` to `stop` with a neighbour on either side, `(1, ..., L)`.

        Only the frames that lie within `margin` of these are looked at.
        """
        low, high = max(0, start - self.margin), min(frames.shape[1], stop + self.margin)
        wanted = torch.arange(start - 1, stop + 1).clamp(0, frames.shape[1] - 1)
        return self.conditioning(frames[:, low:high])[:, wanted - low]

    def forward(self, levels: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
        """Return logits `(B, S, LEVELS)` for levels `(B, S)` before each sample, S = T * hop.

        `frames` `(B, margin + T + margin, ...)` has the neighbours of the stretch; `mask` is False beyond a recording.
        """
        reach = self.context.reach
        local = interpolate(self.conditioning(frames, mask)[:, reach:-reach], self.hop)
        outputs: Tensor = self.wavenet(levels, local_y=local)
        return outputs
