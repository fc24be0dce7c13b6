"""Computing row by row, so that the forecast of a series is the same to the bit whichever series share its batch.

Matrix libraries multiply in tiles of some rows and columns, and elementwise functions take vectors of some values. What
is left over, at the end or where threads share the work, goes by other code, which rounds in another way. Here zeros
fill up tiles and vectors. Training, where nothing depends on it, does without; so do other devices than the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

_TILE_ROWS, _TILE_COLUMNS = 4, 16
_SPLIT_WELL = 1024
"""Rows from which on no thread is left with a part of a tile alone."""
_VECTOR = 32
_BLOCK = 10 * _VECTOR
"""Rows at a time, of up to 100 values: torch shares larger work among threads."""


def rowwise(device: torch.device) -> bool:
    """Return whether to compute row by row: on the CPU, outside of training and of programs that are exported."""
    return device.type == "cpu" and not torch.is_grad_enabled() and not exporting()


def exporting() -> bool:
    """Return whether a program that is exported is being traced."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]


class RowwiseLinear(nn.Linear):
    """`nn.Linear` that computes row by row where `rowwise` says so."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., I) to (..., O)."""
        return rowwise_linear(x, self.weight, self.bias)


def rowwise_linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Map (..., I) to (..., O) as `torch.nn.functional.linear`, row by row where `rowwise` says so."""
    if not rowwise(x.device):  # asked first: an exporter would take the number of rows for fixed once it is compared
        return F.linear(x, weight, bias)
    size, inputs = weight.shape
    rows, columns = x.shape[:-1].numel(), -size % _TILE_COLUMNS
    more = -rows % _TILE_ROWS if rows < _SPLIT_WELL else 0
    if not (columns or more):
        return F.linear(x, weight, bias)
    wide = F.pad(weight, (0, 0, 0, columns))
    padded = None if bias is None else F.pad(bias, (0, columns))
    product = F.linear(F.pad(x.reshape(rows, inputs), (0, 0, 0, more)), wide, padded)
    return product[:rows, :size].reshape(*x.shape[:-1], size)


def by_rows(function: Callable[..., Tensor], *rows: Tensor | None) -> Tensor:
    """Call a function of tensors (..., C), of up to 100 columns each, whose leading dimensions broadcast.

    Returns what it returns, (..., O). A tensor may be None, and is then passed as it is.
    """
    given = [part for part in rows if part is not None]
    if not rowwise(given[0].device):
        return function(*rows)
    shape = np.broadcast_shapes(*(tuple(part.shape[:-1]) for part in given))
    flat = [None if part is None else part.expand(*shape, part.shape[-1]).flatten(0, -2) for part in rows]
    count = math.prod(shape)
    blocks = []
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        block = [
            None if part is None else F.pad(part[start : start + size], (0, 0, 0, -size % _VECTOR)) for part in flat
        ]
        blocks.append(function(*block)[:size])
    whole = torch.cat(blocks)
    return whole.reshape(*shape, whole.shape[-1])
