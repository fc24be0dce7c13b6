"""Windows: segments of a panel's series and their covariates, as inputs of a network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.forecasting.any_horizon.inputs import Inputs, describe
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.covariates.calendar import calendar_features, calendar_names
from foretell.forecasting.covariates.covariates import Covariates
from foretell.forecasting.panel import Panel
from foretell.forecasting.seasons.further_seasons import phase_columns, phase_features


@dataclass(frozen=True)
class Window:
    """B segments of series, each up to a row."""

    inputs: Inputs
    """Network inputs, in units of `scale`."""
    scale: NDArray[np.float64]
    """(B,) powers of two, so that scaling and its inverse are exact."""
    count: NDArray[np.int64]
    """(B,) number of observed values in each window."""


@dataclass(frozen=True)
class Windows:
    """Cutter of windows from a panel whose covariates are encoded."""

    panel: Panel
    reading: Reading
    features: NDArray[np.float32]
    """(rows, C): calendar, phases of further seasons, known and past columns of each step, including the horizon."""
    starts: NDArray[np.int64]
    """(N,) first row of each series in `features`."""
    rows: NDArray[np.int64]
    """(N,) number of rows of each series in `features`."""
    calendar: int
    """Number of features of the calendar and of further seasons, which come first and need no lookup."""
    ahead: int
    """Number of features that are known ahead: all but those of past columns, which come last."""
    static: NDArray[np.float32]
    """(N, S)"""
    categories: NDArray[np.int64]
    """(N, S')"""

    @classmethod
    def bare(cls, panel: Panel, reading: Reading) -> Windows:
        """Create windows of the values without covariates."""
        count = len(panel)
        nothing = np.zeros((count, 0), np.float32)
        return cls(
            panel, reading, nothing[:0], np.zeros(count, np.int64), np.zeros(count, np.int64), 0, 0,
            nothing, nothing.astype(np.int64),
        )  # fmt: skip

    @classmethod
    def of(cls, panel: Panel, covariates: Covariates, reading: Reading, horizon: int) -> Windows:
        """Create windows with calendar and covariates. Raises TableError for a column absent or of another type."""
        spans = panel.history + horizon
        starts = np.concatenate([[0], np.cumsum(spans)[:-1]])
        dated = len(calendar_names(panel.frequency))
        calendar = dated + phase_columns(reading.further)
        columns = covariates.encode_steps(panel)
        features = np.zeros((int(spans.sum()), calendar + columns.shape[1]), np.float32)
        for i, (start, span) in enumerate(zip(starts, spans, strict=True)):
            there = features[start : start + span]
            if calendar:
                times = panel.times(i, int(span))
                there[:, :dated] = calendar_features(panel.clock.wall_times(times), panel.frequency)
                there[:, dated:calendar] = phase_features(panel.frequency.positions(times)[0], reading.further)
            first, end = panel.offsets[i : i + 2]
            rows = min(int(span), int(end - first))
            features[start : start + rows, calendar:] = columns[first : first + rows]
        ahead = calendar + covariates.known_features
        static, categories = covariates.encode_static(panel)
        return cls(panel, reading, features, starts, spans, calendar, ahead, static, categories)

    def cut(
        self,
        series: NDArray[np.int64],
        ends: NDArray[np.int64],
        anchors: NDArray[np.int64],
        ahead: NDArray[np.int64],
        width: int,
        until: NDArray[np.int64] | None = None,
    ) -> Window:
        """Cut the first `ends` (B,) rows of `series` (B,); the network runs over the last `width` of them.

        `anchors` (B, A), ascending, are rows among these from which to forecast `ahead` (H,) steps. Rows count from
        the start of each series. Only the targets use values after `ends`, up to the rows `until` (B,).
        """
        steps = max(width, min(self.reading.reach, int(ends.max())))
        values = self._values(series, ends[:, None] + np.arange(-steps, 0), ends)
        largest = np.nan_to_num(np.fmax.reduce(np.abs(values), axis=1))
        # No larger than the largest value: the next power of two may exceed the range of a float.
        scale = np.where(largest > 0, np.ldexp(1.0, np.frexp(largest)[1] - 1), 1.0)
        places = anchors - ends[:, None] + values.shape[1]
        inputs = describe(
            values / scale[:, None], self.reading.seasons, places, ahead, width, threads=torch.get_num_threads()
        )
        if until is not None:
            with np.errstate(over="ignore"):
                came = self._values(series, anchors[..., None] + ahead, until) / scale[:, None, None]
            inputs = inputs.with_targets(came)
        if self.features.shape[1] or self.static.shape[1] or self.categories.shape[1]:
            past = self._features(series, ends[:, None] + np.arange(-inputs.steps.shape[1], 0))
            inputs = replace(
                inputs,
                covariates=torch.from_numpy(past),
                future=torch.from_numpy(self._future(series, anchors, ahead)),
                static=torch.from_numpy(self.static[series]),
                categories=torch.from_numpy(self.categories[series]),
            )
        return Window(inputs, scale, (~np.isnan(values)).sum(1))

    def _values(
        self, series: NDArray[np.int64], rows: NDArray[np.int64], until: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the values at rows (B, ...), NaN before a series begins and from the row `until` (B,) on."""
        shape = (-1, *[1] * (rows.ndim - 1))
        there = (rows >= 0) & (rows < until.reshape(shape))
        values = np.full(rows.shape, np.nan)
        values[there] = self.panel.values[(rows + self.panel.offsets[series].reshape(shape))[there]]
        return values

    def _features(self, series: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the features (B, ..., C) of rows (B, ...), 0 where a series has none."""
        shape = (-1, *[1] * (rows.ndim - 1))
        there = (rows >= 0) & (rows < self.rows[series].reshape(shape))
        features = self.features[np.where(there, rows + self.starts[series].reshape(shape), 0)]
        features[~there] = 0
        return features

    def _future(
        self, series: NDArray[np.int64], anchors: NDArray[np.int64], ahead: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return (B, A, H, C'): calendar and known columns of the steps ahead, and the latter whole seasons earlier."""
        rows = anchors[..., None] + ahead
        season = self.reading.season
        there = self._features(series, rows)[..., : self.ahead]
        before = self._features(series, rows - -(-ahead // season) * season)
        return np.concatenate([there, before[..., self.calendar : self.ahead]], -1)


def future_features(calendar: int, known: int) -> int:
    """Return C', the number of columns of `Inputs.future`."""
    return calendar + 2 * known
