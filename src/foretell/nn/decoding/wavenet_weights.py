"""In what a WaveNet's weights are kept while it generates: what each kind leaves of them, which one is fast enough."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any, Literal, get_args

import torch

from foretell.kernels.wavenet import Chance, CompiledWaveNet
from foretell.nn.layers.int8_wavenet import Int8WaveNet
from foretell.nn.layers.wavenet import WaveNet

Precision = Literal["float32", "bfloat16", "int8"]
WeightsOrAuto = Literal["float32", "bfloat16", "int8", "auto"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""From the most exact to the least."""

_HEADROOM = 1.25
"""How much faster than asked for: what plays the sound wants some of the time too."""
_STEPS, _RUNS = 64, 5


def with_weights(network: WaveNet, weights: Precision) -> WaveNet:
    """A copy of a network that computes what generating with such weights computes, in its own dtype."""
    if weights == "int8":
        return Int8WaveNet(network)
    copied = copy.deepcopy(network)
    if weights == "bfloat16":
        layers: list[Any] = list(copied.layers)
        matrices = [m.weight for layer in layers for m in (layer.gated, layer.mixed)]
        matrices += [m.weight for m in (copied.hidden, copied.output) if m is not None]
        with torch.no_grad():
            for matrix in matrices:
                matrix.copy_(matrix.to(torch.bfloat16))
    return copied


def fast_enough(make: Callable[[Precision], CompiledWaveNet], network: WaveNet, rate: float) -> Precision:
    """The first of `PRECISIONS` whose generator makes `rate` time steps per second and some more, or the fastest one.

    A generator of each is timed for a few milliseconds.
    """
    rates = {}
    for weights in PRECISIONS:
        rates[weights] = _rate(make(weights), network)
        if rates[weights] >= _HEADROOM * rate:
            return weights
    return max(PRECISIONS, key=rates.__getitem__)


def _rate(generator: CompiledWaveNet, network: WaveNet) -> float:
    """Time steps per second, in the best of some runs: the one that other work on the machine disturbed least."""
    batch = generator.batch
    before, uniforms = torch.zeros(batch), torch.full((_STEPS, batch, 2), 0.5)
    local = None
    if network.local_size:
        local = torch.zeros(_STEPS, batch, len(network.dilations), 2 * network.residual_channels)
    seconds = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        generator.run(before, uniforms, Chance(1.0, 0, 1.0), local)
        seconds.append(time.perf_counter() - start)
    return _STEPS / min(seconds)
