"""The vocoder: a WaveNet that generates the residual of linear prediction, told of spectrum and pitch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from foretell.nn import GatedStack, WaveNet, dilation_cycles
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

    def at_samples(self, conditioning: Tensor) -> Tensor:
        """Interpolate the conditioning of frames `(B, T, L)` to samples `(B, T * hop, L)`."""
        size = conditioning.shape[1] * self.hop
        return F.interpolate(conditioning.transpose(1, 2), size=size, mode="linear").transpose(1, 2)

    def forward(self, levels: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
        """Return logits `(B, S, LEVELS)` for levels `(B, S)` before each sample, S = T * hop.

        `frames` `(B, margin + T + margin, ...)` has the neighbours of the stretch; `mask` is False beyond a recording.
        """
        conditioning = self.conditioning(frames, mask)[:, self.context.reach : -self.context.reach]
        local = self.at_samples(conditioning)[:, self.hop : -self.hop]
        outputs: Tensor = self.wavenet(levels, local_y=local)
        return outputs
