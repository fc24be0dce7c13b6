"""The training task of a network: random windows of the table, and the loss at random anchors of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.any_horizon.loss import candidate_weight, quantile_loss
from foretell.forecasting.networks.architecture import Architecture
from foretell.forecasting.networks.windows import Windows
from foretell.forecasting.panel import Panel
from foretell.forecasting.settings import BATCH_SIZE, ForecastSettings
from foretell.training.processes import share_of

_SHORTEST = 8
_ANCHORS = 24
_AHEAD = 24
"""Number of steps ahead trained in one batch if the horizon is longer."""
_WARM_UP = 4
_TUNED_TOKENS = 6144
"""Maximum number of time steps in a fine-tuning batch, over all windows: its network is the larger one."""
_TOKENS, _FEWER_TUNED_TOKENS = 6144, 3072
"""The same where training ends by itself, which it does sooner with smaller batches: with random weights, and tuned."""
_SMALLEST = 4


class TrainingTask:
    """Random windows and the loss on them."""

    def __init__(self, windows: Windows, horizon: int, batch_size: int, seed: int) -> None:
        self._windows = windows
        self._horizon = horizon
        self._batch_size = batch_size
        self._share = share_of(batch_size)
        self._seed = seed

    @classmethod
    def of(
        cls, windows: Windows, horizon: int, architecture: Architecture, settings: ForecastSettings, *, tuned: bool
    ) -> Self:
        """Return the task of a network with the batch size of the settings for each of its members.

        Raises SettingsError if several processes cannot share a batch equally.
        """
        batch = batch_size(settings, architecture.reading.window, tuned=tuned)
        share_of(batch)  # of each member of an ensemble, too
        return cls(windows, horizon, batch * architecture.members, settings.training.seed)

    def batches(
        self, limits: NDArray[np.int64], first: int = 0, since: NDArray[np.int64] | None = None
    ) -> Callable[[int], Inputs]:
        """Return a function of n = 0, 1, ... that draws batch n: random windows within the series' first `limits` rows.

        Values after a window, up to the limit, are among the targets: otherwise steps further ahead than the length of
        the window would never be learned. Every second window of a series with more rows than `since` (N,) ends after
        these.
        """
        usable = np.flatnonzero(observed(self._windows.panel, limits) >= 2)
        width = self._windows.reading.window
        earliest = np.minimum(limits - 1, max(_SHORTEST, width // 2))

        def batch(step: int) -> Inputs:
            random = np.random.default_rng([self._seed, first + step])
            series = random.choice(usable, self._batch_size)
            # The last row has nothing after it to learn from.
            ends = random.integers(earliest[series], limits[series])
            if since is not None:
                recent = np.clip(since[series], earliest[series], limits[series] - 1)
                late = random.integers(recent, limits[series])
                ends = np.where((np.arange(len(ends)) % 2 == 0) & (since < limits)[series], late, ends)
            longest = min(width, max(2, int(ends.max())))
            # The first rows have too little before them.
            begins = np.minimum(np.maximum(ends - longest, 0) + _WARM_UP - 1, ends - 1)
            anchors = np.sort(random.integers(begins[:, None], ends[:, None], (len(ends), _ANCHORS)))
            ahead, own = self._ahead(random), self._share
            return self._windows.cut(series[own], ends[own], anchors[own], ahead, longest, limits[series[own]]).inputs

        return batch

    def _ahead(self, random: np.random.Generator) -> NDArray[np.int64]:
        every = np.arange(1, self._horizon + 1)
        return every if len(every) <= _AHEAD else np.sort(random.choice(every, _AHEAD, replace=False))

    @staticmethod
    def loss(network: nn.Module, inputs: Inputs, state: object) -> tuple[Tensor, object]:
        """Compute the quantile loss over all anchors and steps ahead."""
        quantiles, state = network(inputs, state)
        return quantile_loss(quantiles, inputs.target, candidate_weight(inputs.candidates)), state


def batch_size(settings: ForecastSettings, window: int, *, tuned: bool) -> int:
    """Return the number of windows, of so many steps, in a batch of each network."""
    most = settings.batch_size or BATCH_SIZE
    if settings.batch_size is None and settings.training.patience is not None:
        tokens = _FEWER_TUNED_TOKENS if tuned else _TOKENS
    elif tuned:
        tokens = _TUNED_TOKENS
    else:
        return most
    # Processes that train together have equal shares.
    return min(most, max(1, tokens // window // _SMALLEST) * _SMALLEST)


def observed(panel: Panel, limits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N,), the number of observed values within the first `limits` (N,) rows of each series."""
    totals = np.concatenate([[0], np.cumsum(~np.isnan(panel.values))])
    starts = panel.offsets[:-1]
    return np.asarray(totals[starts + limits] - totals[starts], dtype=np.int64)
