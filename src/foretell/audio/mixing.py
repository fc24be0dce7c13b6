"""Several channels as one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LEFT_OVER = 1e-3
"""Share of the channels' energy in their mean, below which they cancel; unrelated channels leave a half."""


class Mixing:
    """The mean of a sound's channels, or `channel` alone; and whether the channels cancelled in the mean."""

    def __init__(self, channel: int | None = None) -> None:
        self._channel = channel
        self._energies = np.zeros(0)
        self._of_mean = 0.0

    def mono(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next block `(N, C)` as `(N,)`."""
        if block.shape[1] == 1:
            return block[:, 0]
        if self._channel is not None:
            return block[:, self._channel]
        mean: NDArray[np.float32] = block.mean(axis=1, dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # what is no sound is named later
            # A constant is no sound either.
            energies = len(block) * block.var(axis=0, dtype=np.float64)
            self._of_mean += len(block) * float(mean.var(dtype=np.float64))
        self._energies = energies if not len(self._energies) else self._energies + energies
        return mean

    @property
    def cancels(self) -> bool:
        """Return whether hardly any energy of the channels is left in their mean."""
        return bool(len(self._energies)) and self._of_mean < _LEFT_OVER * float(self._energies.mean())

    @property
    def loudest(self) -> int:
        """The channel with the most energy."""
        return int(self._energies.argmax())
