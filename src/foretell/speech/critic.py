"""A critic that tells recorded from predicted spectra, and the loss of an acoustic network that learns to convince it.

The spectrum with the least error is the average of all that a speaker might do: smooth, where speech is not. A critic
sees that, and the network learns from what it sees (adversarial networks, Goodfellow et al., 2014; in speech synthesis,
Yang et al., 2017; of least squares, Mao et al., 2017; with the distance of the critic's features, Larsen et al., 2016).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from foretell.speech.acoustic import AcousticNetwork, Spoken
from foretell.speech.acoustic_task import AcousticBatch, error

STRETCH = 48
"""Frames that are judged at once."""
_CONVINCED, _FEATURES, _OWN = 0.2, 0.5, 0.1
"""Weights of the critic's verdict, of the distance of its features, and of its own loss."""


class Critic(nn.Module):
    """Judges stretches of spectra `(B, T, bands)`: near 1 where they look recorded, near 0 where predicted."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(1, 32, (3, 5), stride=(1, 2), padding=(1, 2)),
                nn.Conv2d(32, 64, 3, stride=2, padding=1),
                nn.Conv2d(64, 64, 3, stride=2, padding=1),
            ]
        )
        self.verdict = nn.Conv2d(64, 1, 3, padding=1)

    def forward(self, spectra: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return verdicts on parts of the stretches, and the features of each layer."""
        x = spectra[:, None]
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.verdict(x), features


class Criticised(nn.Module):
    """An acoustic network and its critic, a new one drawn from `seed`, which learn side by side."""

    def __init__(self, acoustic: AcousticNetwork, seed: int) -> None:
        super().__init__()
        self.acoustic = acoustic
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.critic = Critic()


def loss(network: Criticised, batch: AcousticBatch, state: Any) -> tuple[Tensor, Any]:
    """Return the loss of the acoustic network, which includes what its critic says, plus that of the critic.

    Each is trained by its own part alone: to the one the critic is given, to the other the spectra are.
    """
    spoken: Spoken = network.acoustic(batch.phonemes, batch.durations, batch.pitch, batch.voiced)
    plain = error(spoken, batch)
    starts = _starts(spoken.mask)
    predicted, recorded = stretches(spoken.mel, spoken.mask, starts), stretches(batch.mel, spoken.mask, starts)
    critic = network.critic
    given = {name: parameter.detach() for name, parameter in critic.named_parameters()}
    verdict, features = functional_call(critic, given, (predicted,))
    with torch.no_grad():
        _, due = functional_call(critic, given, (recorded,))
    distance = sum(((a - b).abs().mean() for a, b in zip(features, due, strict=True)), torch.zeros(()))
    own = critic(predicted.detach())[0].square().mean() + (critic(recorded)[0] - 1).square().mean()
    return plain + _CONVINCED * (verdict - 1).square().mean() + _FEATURES * distance + _OWN * own, state


def _starts(mask: Tensor) -> Tensor:
    """Draw where the stretch of each utterance begins, `(B,)`."""
    room = (mask.sum(1) - STRETCH).clamp(min=0) + 1
    return (torch.rand(len(mask), device=mask.device) * room).long()


def stretches(mel: Tensor, mask: Tensor, starts: Tensor) -> Tensor:
    """Return `(B, STRETCH, bands)`, zeros past the end of an utterance."""
    places = starts[:, None] + torch.arange(STRETCH, device=mel.device)
    inside = places < mask.sum(1)[:, None]
    places = places.clamp(max=mel.shape[1] - 1)[:, :, None].expand(-1, -1, mel.shape[2])
    return mel.gather(1, places) * inside[:, :, None]
