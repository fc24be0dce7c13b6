"""The network and the head that audio settings describe."""

from __future__ import annotations

import torch

from foretell.audio.settings import AudioSettings
from foretell.nn import WaveNet, dilation_cycles
from foretell.nn.heads import Categorical, Gaussian, Head, MixtureOfLogistics


def head_of(settings: AudioSettings) -> Head:
    """What the network's outputs mean."""
    if settings.head == "categorical":
        return Categorical(256)
    return MixtureOfLogistics() if settings.head == "mixture_of_logistics" else Gaussian()


def build(settings: AudioSettings, head: Head, speakers: int, *, seed: int | None = None) -> WaveNet:
    """A network for this head; with `speakers`, one that is told who speaks. The seed leaves torch's own untouched."""
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        return WaveNet(
            head.input_size,
            settings.residual,
            settings.skip,
            head.output_size,
            dilation_cycles(settings.layers, settings.cycles),
            settings.kernel_size,
            settings.speaker_size if speakers else None,
            global_classes=speakers or None,
        )
