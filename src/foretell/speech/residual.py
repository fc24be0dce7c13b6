"""The residual of linear prediction, drawn level by level by the vocoder's WaveNet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.nn import Generator, WaveNet
from foretell.nn.decoding.wavenet_weights import Precision
from foretell.nn.mu_law import decode
from foretell.speech.vocoder import HEAD, LEVELS, LOUDEST

_KEPT = 4


class ResidualGenerators:
    """Generators of a WaveNet, which are kept from one sentence to the next: to prepare one takes as long as a word.

    Each is used by one sentence at a time. Weights that have changed since are noticed.
    """

    def __init__(self, network: WaveNet) -> None:
        self._network = network
        self._free: deque[tuple[Any, Generator]] = deque(maxlen=_KEPT)

    @contextmanager
    def one(self, seed: int, weights: Precision) -> Iterator[Generator]:
        """Lend a generator at its beginning."""
        key = (weights, torch.get_num_threads(), [p._version for p in self._network.parameters()])
        generator = self._taken(key)
        if generator is None:
            generator = Generator(self._network, HEAD, seed=seed, weights=weights)
        else:
            generator.restart(seed)
        try:
            yield generator
        finally:
            self._free.append((key, generator))

    def _taken(self, key: Any) -> Generator | None:
        for _ in range(_KEPT):
            try:
                other, generator = self._free.popleft()
            except IndexError:  # none is left, or another thread took it
                return None
            if other == key:
                return generator
            self._free.append((other, generator))
        return None

    def __reduce__(self) -> Any:
        return ResidualGenerators, (self._network,)


def residual(generator: Generator, local: Tensor, temperatures: Tensor | None = None) -> NDArray[np.float32]:
    """Return the residual of S samples from what the WaveNet is told at each, `(1, S, local_size)`."""
    levels = generator.generate(local.shape[1], local, temperatures=temperatures)
    return (decode(levels[0], LEVELS) * LOUDEST).numpy()
