"""What alignment sees of a recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.audio.signal import cepstrum, with_deltas

_CEPSTRA = 13


def alignment_size(bands: int) -> int:
    """Return the number of features of spectra with so many bands."""
    return 2 * min(_CEPSTRA, bands)


def alignment_features(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return cepstral coefficients and their slopes, `(T, alignment_size(bands))`, of a log-mel spectrum."""
    return with_deltas(cepstrum(mel, alignment_size(mel.shape[1]) // 2))
