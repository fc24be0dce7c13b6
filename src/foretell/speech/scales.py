"""The units in which networks see spectra and pitch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PITCH_UNIT = 0.2
"""A unit of the acoustic network's pitch: 0.2 in natural logarithms, about three and a half semitones."""
_MIDDLE_HERTZ = 150.0
_WIDE_UNIT = 0.4
_LEAST_HERTZ = 20.0


def log_hertz(hertz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return natural logarithms, also of the zeros of recordings without any voiced frame."""
    return np.log(np.maximum(hertz, _LEAST_HERTZ)).astype(np.float32)


def vocoder_frames(mel: Tensor, log_pitch: Tensor, voiced: Tensor) -> Tensor:
    """Return the vocoder's frames `(..., T, bands + 2)` of a scaled spectrum `(..., T, bands)`, log Hz and voicing."""
    sounding = voiced.to(mel.dtype)
    pitch = (log_pitch - float(np.log(_MIDDLE_HERTZ))) / _WIDE_UNIT * sounding
    return torch.cat([mel, pitch[..., None], sounding[..., None]], -1)


def vocoder_pitch(frames: Tensor) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return Hz and voicing `(T,)` of the vocoder's frames `(T, bands + 2)`."""
    hertz = torch.exp(frames[:, -2] * _WIDE_UNIT) * _MIDDLE_HERTZ
    return hertz.numpy(), (frames[:, -1] > 0).numpy()
