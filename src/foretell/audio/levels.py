"""A waveform as whole numbers: mu-law levels for a categorical head, 16-bit numbers for the others.

A data set keeps these, one or two bytes per sample. The number k of 16 bits stands for k / 2**15 in a file, and for the
point (k + 2**15) / ((2**16 - 1) / 2) - 1 of a head's grid: one to one, so that nothing is lost or merged on the way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.nn import heads
from foretell.nn.mu_law import decode, encode

_BLOCK = 1 << 20
"""Samples that are turned into levels at a time: what comes in between takes many bytes of each."""


def to_pcm(waveform: NDArray[np.float32], bits: int = 16) -> NDArray[np.int16]:
    """The nearest whole numbers from -2**(bits-1) up to 2**(bits-1) - 1, at most 16 bits."""
    half = 1 << (bits - 1)
    return np.clip(np.rint(np.asarray(waveform, np.float32) * half), -half, half - 1).astype(np.int16)


class Levels:
    """Storage of sounds for a head, and conversion to the head's values."""

    def __init__(self, head: heads.Head) -> None:
        self._classes: int | None = head.classes if isinstance(head, heads.Categorical) else None
        self._bits: int = 8 if self._classes is not None else int(getattr(head, "bits", 16))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the dtype of the stored levels."""
        return np.dtype(np.uint8 if self._classes is not None and self._classes <= 256 else np.int16)

    def encode(self, waveform: NDArray[np.float32]) -> NDArray[Any]:
        """Levels `(N,)` of a waveform `(N,)`; what is beyond [-1, 1] is clipped."""
        levels = np.empty(len(waveform), self.dtype)
        for start in range(0, len(waveform), _BLOCK):
            block = waveform[start : start + _BLOCK]
            if self._classes is None:
                levels[start : start + _BLOCK] = to_pcm(block, self._bits)
            else:
                encoded = encode(torch.from_numpy(np.ascontiguousarray(block)), self._classes)
                levels[start : start + _BLOCK] = encoded.numpy()
        return levels

    def values(self, levels: Tensor) -> Tensor:
        """Head's values of kept levels, of the same shape."""
        if self._classes is not None:
            return levels.long()
        half = 1 << (self._bits - 1)
        return (levels.float() + half) / (half - 0.5) - 1

    def waveform(self, values: Tensor) -> NDArray[np.float32]:
        """The waveform of the head's values, of the same shape."""
        if self._classes is not None:
            waveform = decode(values, self._classes)
        else:
            half = 1 << (self._bits - 1)
            waveform = ((torch.round((values.double() + 1) * (half - 0.5)) - half) / half).float()
        samples: NDArray[np.float32] = waveform.numpy()
        return samples
