"""The vocoder: a WaveNet that generates the residual of linear prediction, told of spectrum, pitch and phase."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from foretell.nn import GatedStack, WaveNet, dilation_cycles, interpolate
from foretell.nn.heads import Categorical
from foretell.speech.settings import SpeechSettings

LEVELS = 256
LOUDEST = 8.0
"""The residual, in standard deviations, that the highest level stands for; louder ones are clipped."""
HEAD = Categorical(LEVELS, mu_law=True)


class Vocoder(nn.Module):
    """Levels of the residual given those before them and the frames `(B, T, bands + 2)` of spectrum, pitch, voicing.

    A small non-causal stack looks at neighbouring frames; its outputs are interpolated to the samples. At each sample
    stand beside them cosine and sine of the first harmonics of the voice, weighted by voicing: the network is told
    where in a period it is.
    """

    def __init__(self, settings: SpeechSettings, bands: int, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.harmonics = settings.harmonics
        self.context = GatedStack(bands + 2, 2 * settings.local, (1, 2))
        self.local = nn.Linear(2 * settings.local, settings.local)
        self.wavenet = WaveNet(
            LEVELS,
            settings.residual,
            settings.skip,
            LEVELS,
            dilation_cycles(settings.layers, settings.cycles),
            local_size=settings.local + 2 * settings.harmonics,
        )

    @property
    def margin(self) -> int:
        """Frames at either side of a stretch that its conditioning depends on."""
        return self.context.reach + 1

    def conditioning(self, frames: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the conditioning of each frame `(B, T, L)`."""
        local: Tensor = self.local(self.context(frames, None, mask))
        return local

    def local_between(self, frames: Tensor, start: int, stop: int, phase: Tensor) -> Tensor:
        """Return what the WaveNet is told at the samples of the frames `start` to `stop`: `(1, S, local_size)`.

        Only the frames that lie within `margin` of these are looked at. `phase` `(1, S)`: of the fundamental.
        """
        low, high = max(0, start - self.margin), min(frames.shape[1], stop + self.margin)
        wanted = torch.arange(start - 1, stop + 1).clamp(0, frames.shape[1] - 1)
        return self._at_samples(self.conditioning(frames[:, low:high])[:, wanted - low], frames[:, wanted], phase)

    def forward(self, levels: Tensor, frames: Tensor, mask: Tensor, phase: Tensor) -> Tensor:
        """Return logits `(B, S, LEVELS)` for levels `(B, S)` before each sample, S = T * hop.

        `frames` `(B, margin + T + margin, ...)` has the neighbours of the stretch; `mask` is False beyond a recording;
        `phase` `(B, S)` is that of the fundamental.
        """
        inner = slice(self.context.reach, -self.context.reach)
        local = self._at_samples(self.conditioning(frames, mask)[:, inner], frames[:, inner], phase)
        outputs: Tensor = self.wavenet(levels, local_y=local)
        return outputs

    def _at_samples(self, conditioning: Tensor, frames: Tensor, phase: Tensor) -> Tensor:
        """Return `(B, S, local_size)` from the conditioning of frames `(B, 1 + T + 1, L)`, and the frames."""
        voicing = frames[..., -1:].to(conditioning.dtype)
        local = interpolate(torch.cat([conditioning, voicing], -1), self.hop)
        angles = phase[..., None] * torch.arange(1, self.harmonics + 1, device=phase.device)
        waves = torch.cat([angles.cos(), angles.sin()], -1) * local[..., -1:]
        return torch.cat([local[..., :-1], waves.to(local.dtype)], -1)
