"""What a network is trained on: random windows, and the loss at every anchor of each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.forecasting.architecture import Architecture
from foretell.forecasting.inputs import Inputs
from foretell.forecasting.panel import Panel
from foretell.forecasting.quantiles import GRID, pinball_loss
from foretell.forecasting.windows import Windows

_WARM_UP_SHARE = 8
"""The first eighth of a window's anchors teaches nothing: the hidden state is still filling."""
_MOST_ANCHORS = 128
"""Of a window in one batch. Neighbours ask for almost the same; of a longer window every second or third anchor has its
turn, beginning with another one in each batch."""
_MOST_OUTPUTS = 1 << 20
"""Candidates and quantiles of all anchors of a batch, at most: of a long horizon fewer anchors have their turn."""


class TrainingTask:
    """Random windows and the loss on them."""

    def __init__(self, windows: Windows, architecture: Architecture, batch_size: int, seed: int) -> None:
        self._windows = windows
        self._layout = architecture.layout
        self._quantiles = torch.tensor(GRID)
        self._batch_size = batch_size
        self._seed = seed
        self._anchors = len(self._layout.all_anchors)
        self._warm_up = self._anchors // _WARM_UP_SHARE
        outputs = batch_size * self._layout.horizon * (self._layout.candidates + len(GRID))
        self._every = -(-self._anchors // min(_MOST_ANCHORS, max(1, _MOST_OUTPUTS // outputs)))

    def batches(self, limits: NDArray[np.int64], first: int = 0) -> Callable[[int], Inputs]:
        """Batch n for n = 0, 1, ...: windows of random series with random ends within their first `limits` rows."""
        usable = np.flatnonzero(observed(self._windows.panel, limits) >= 2)
        earliest = np.minimum(limits - 1, self._layout.lag + self._layout.steps // 2)

        def batch(step: int) -> Inputs:
            random = np.random.default_rng([self._seed, first + step])
            series = random.choice(usable, self._batch_size)
            ends = random.integers(earliest[series], limits[series] + 1)
            first_anchor = self._warm_up + int(random.integers(self._every))
            anchors = range(first_anchor, self._anchors, self._every)
            return self._layout.inputs(self._windows.cut(series, ends, limits[series]), anchors)

        return batch

    def loss(self, network: nn.Module, inputs: Inputs, state: object) -> tuple[Tensor, object]:
        """The pinball loss over all anchors and steps ahead."""
        quantiles, state = network(inputs, state)
        return pinball_loss(quantiles, inputs.target, self._quantiles.to(inputs.target.device)), state


def observed(panel: Panel, limits: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) how many values of each series lie within its first `limits` (N,) rows."""
    totals = np.concatenate([[0], np.cumsum(~np.isnan(panel.values))])
    starts = panel.offsets[:-1]
    return np.asarray(totals[starts + limits] - totals[starts], dtype=np.int64)
