"""Sound out of a network, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.audio.levels import Levels
from foretell.errors import SettingsError
from foretell.nn import Generator, WaveNet
from foretell.nn.decoding.wavenet_generator import Backend
from foretell.nn.decoding.wavenet_weights import Precision
from foretell.nn.heads import Head, Sampling


class Voice:
    """A network in evaluation mode on the CPU with its head, and the number of its speaker, if it knows any."""

    def __init__(self, network: WaveNet, head: Head, speaker: int | None = None) -> None:
        self._network = network
        self._head = head
        self._levels = Levels(head)
        self._speaker = None if speaker is None else torch.tensor([speaker])

    def stream(
        self,
        samples: int | None,
        *,
        chunk: int,
        seed: int = 0,
        seed_audio: NDArray[np.float32] | None = None,
        sampling: Sampling | None = None,
        weights: Precision = "float32",
        backend: Backend = "auto",
    ) -> Iterator[NDArray[np.float32]]:
        """Waveforms `(chunk,)`, the last one shorter, `samples` in all; without end where that is None.

        Memory does not grow. What is generated goes on from `seed_audio` `(N,)`, or from silence.
        """
        generator = Generator(
            self._network,
            self._head,
            global_y=self._speaker,
            sampling=sampling,
            seed=seed,
            weights=weights,
            backend=backend,
        )
        if seed_audio is not None and len(seed_audio):
            # No output sees further back than the receptive field.
            heard = self._levels.encode(seed_audio[-self._network.receptive_field :])
            generator.prime(self._levels.values(torch.from_numpy(heard))[None])
        return self._waveforms(generator.stream(chunk, samples))

    def _waveforms(self, stream: Iterator[torch.Tensor]) -> Iterator[NDArray[np.float32]]:
        for values in stream:
            yield self._levels.waveform(values[0])


def checked_waveform(waveform: Any) -> NDArray[np.float32]:
    """The seed audio as `(N,)` float32; SettingsError for anything else than finite floats of that shape."""
    given = np.asarray(waveform)
    if given.ndim != 1 or given.dtype.kind != "f":
        raise SettingsError(
            f"seed_audio is an array {given.shape} of {given.dtype}: give a waveform (N,) of floats in [-1, 1]"
        )
    if not np.isfinite(given).all():
        raise SettingsError(f"seed_audio holds {given[~np.isfinite(given)][0]}: give finite numbers in [-1, 1]")
    return given.astype(np.float32)
