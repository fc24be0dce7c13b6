"""The layers of a WaveNet in plain torch, for any device and dtype: the reference for the compiled code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class LayerWeights(NamedTuple):
    """The weights of one layer: `gated` `(2R, R, kernel)`, rows of the filter before those of the gate, and `mixed`.

    `mixed` `(R + S, R, 1)` has the rows of W_res before those of W_skip; it is `(S, R, 1)` in the last layer, whose
    residual output is not used. Each has a bias.
    """

    gated: Tensor
    gated_bias: Tensor
    mixed: Tensor
    mixed_bias: Tensor


def layer(
    window: Tensor, dilation: int, weights: LayerWeights, extra: Tensor | None, *, last: bool
) -> tuple[Tensor, Tensor]:
    """Compute the next layer's input `(B, R, T)` and the skip share `(B, S, T)` from a window `(B, R, past + T)`.

    `extra` `(B, 2R, T)` or `(B, 2R, 1)` is the conditioning added to filter and gate. For the last layer, the first
    result is the layer's own input.
    """
    a = F.conv1d(window, weights.gated, weights.gated_bias, dilation=dilation)
    if extra is not None:
        a = a + extra
    filtered, gate = a.chunk(2, 1)
    z = torch.tanh(filtered) * torch.sigmoid(gate)
    mixed = F.conv1d(z, weights.mixed, weights.mixed_bias)
    x = window[:, :, -a.shape[2] :]
    if last:
        return x, mixed
    channels = x.shape[1]
    return x + mixed[:, :channels], mixed[:, channels:]


def stack(
    x: Tensor,
    pasts: Sequence[Tensor],
    dilations: Sequence[int],
    weights: Sequence[LayerWeights],
    extras: Sequence[Tensor | None],
) -> Tensor:
    """Compute the skip sum `(B, S, T)` of all layers from the first input `(B, R, T)` and each past `(B, R, n)`."""
    skips = x
    for k, (past, dilation, own, extra) in enumerate(zip(pasts, dilations, weights, extras, strict=True)):
        x, skip = layer(torch.cat([past, x], 2), dilation, own, extra, last=k == len(weights) - 1)
        skips = skip if k == 0 else skips + skip
    return skips
