"""The network and the head that audio settings describe."""

from __future__ import annotations

import torch

from foretell.audio.settings import AudioSettings
from foretell.nn import WaveNet, dilation_cycles
from foretell.nn.heads import Categorical, Gaussian, Head, MixtureOfLogistics

_OCTAVES = 5
"""From the longest wave over the levels to the shortest."""


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
        network = WaveNet(
            head.input_size,
            settings.residual,
            settings.skip,
            head.output_size,
            dilation_cycles(settings.layers, settings.cycles),
            settings.kernel_size,
            settings.speaker_size if speakers else None,
            global_classes=speakers or None,
        )
    begin_for_sound(network, head)
    return network


def begin_for_sound(network: WaveNet, head: Head) -> None:
    """Initial values by which sound is learnt sooner.

    Levels begin as sines and cosines of their number, so that neighbours are alike (as positions do in Vaswani et al.,
    2017), and the skip sum begins at the size of one share, however many layers there are.
    """
    with torch.no_grad():
        for layer in network.layers:
            shares = layer.mixed.weight[-network.skip_channels :]  # type: ignore[union-attr, index]
            shares.mul_(len(network.layers) ** -0.5)
        if head.quantised:
            half = torch.arange(head.input_size) / (head.input_size / 2) - 1
            count = -(-network.residual_channels // 2)
            waves = torch.pi / 2 * 2.0 ** (_OCTAVES * torch.arange(count) / count)
            angles = torch.outer(waves, half)
            rows = torch.cat([angles.sin(), angles.cos()])[: network.residual_channels]
            network.input.weight.copy_(rows[:, :, None])
