"""Simple forecasts of many series at every step, each with its errors so far (`native/candidates`).

A forecasting network chooses from these candidates, and they are its knowledge of the past. The compiled code and its
twin in `foretell.kernels.candidates_twin` compute the same values.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foretell.kernels import candidates_twin, native
from foretell.kernels.structures import CandidateScan

BASIC = (
    "last",
    "mean",
    "seasonal naive",
    "phase mean",
    "second seasonal naive",
    "second phase mean",
    "seasonal naive with growth",
    "seasonal naive with relative growth",
    "drift",
    "latest cycle's mean",
)
"""The candidates before the smoothings."""
CHOSEN = ("nearest", "farthest", "Theta", "weighted mean", "median")
"""The candidates after the smoothings: those with the smallest error one step and one cycle ahead, the Theta method
with the smallest error, the mean weighted by the inverse cube of the errors, and the median of all."""
SIGNED = (
    "from the mean",
    "from the step before",
    "from one season before",
    "from one second season before",
    "growth of the cycle's mean",
    "mean",
)
"""The first features of a step: distances, in units."""
SPREADS = ("change", "seasonal change", "deviation", "recent change", "range")
"""The next features: sizes, in units."""
FACTS = (
    "missing",
    "log count",
    "log season",
    "log cycles",
    "log second season",
    "positive",
    "zeros",
    "repeats",
    "place in the range",
)
"""The next features, which are of order 1 without scaling. They are followed by three features per candidate, in units:
its error at this step, and its mean absolute errors so far, one step and one cycle ahead."""


@dataclass(frozen=True)
class Smoothings:
    """A bank of P exponential smoothings, each array (P,)."""

    level_gain: NDArray[np.float64]
    trend_gain: NDArray[np.float64]
    damping: NDArray[np.float64]
    """Damping of the trend: 1 for a linear trend, 0 for none."""
    season_gain: NDArray[np.float64]
    theta: NDArray[np.uint8]
    """1 where half of the overall slope is the drift, instead of a trend of its own."""
    logarithmic: NDArray[np.uint8]
    """1 where logarithms are smoothed, as long as all values are positive."""
    first_of_second: int
    """Index of the first smoothing that follows the second season, if there is one."""

    def __len__(self) -> int:
        return len(self.level_gain)


@dataclass(frozen=True)
class Past:
    """A description of B series over their last W steps, and forecasts from A steps, the anchors."""

    features: NDArray[np.float32]
    """(B, W, F): see `SIGNED`, `SPREADS` and `FACTS`; zeros before a series begins."""
    candidates: NDArray[np.float32]
    """(B, A, K, H): forecasts, as differences from the last value in units."""
    unit: NDArray[np.float64]
    """(B, A): the typical size of changes from step to step and from season to season, so far."""
    last: NDArray[np.float64]
    """(B, A): the last value seen."""


def candidate_count(bank: Smoothings) -> int:
    """Return K, the number of candidates."""
    return len(BASIC) + len(bank) + len(CHOSEN)


def feature_count(bank: Smoothings) -> int:
    """Return F, the number of features."""
    return len(SIGNED) + len(SPREADS) + len(FACTS) + 3 * candidate_count(bank)


def look_back(
    values: NDArray[np.float64],
    bank: Smoothings,
    *,
    season: int,
    second: int,
    window: int,
    anchors: NDArray[np.int64],
    ahead: NDArray[np.int64],
    threads: int = 1,
) -> Past:
    """Describe B series and forecast from anchors in them.

    `values` (B, T) are NaN where missing and before a series begins; `season` and `second` are in steps, 1 and 0 for
    none; `window` is at most T; `anchors` (B, A) are ascending steps below T; `ahead` (H,) or (B, A, H) are steps of at
    least 1. Infinities and values beyond 1e300 count as missing, so that all results are finite.
    """
    library = native.library()
    given = _Given(values, bank, season, second, window, anchors, ahead)
    if library is None:
        return Past(*candidates_twin.look_back(given.values, bank, season, second, window, given.anchors, given.ahead))
    past = given.empty()
    call = given.scan(past, threads)
    if library.candidates["run"](ctypes.byref(call)):
        raise MemoryError(f"foretell: not enough memory for the candidates of {len(values)} series")
    return past


@dataclass(frozen=True)
class _Given:
    """The arguments, contiguous and in the types that the compiled code reads."""

    values: NDArray[np.float64]
    bank: Smoothings
    season: int
    second: int
    window: int
    anchors: NDArray[np.int64]
    ahead: NDArray[np.int64]
    held: list[NDArray[np.generic]] = field(default_factory=list)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "values", np.ascontiguousarray(self.values, np.float64))
        set_(self, "anchors", np.ascontiguousarray(self.anchors, np.int64))
        set_(self, "ahead", np.ascontiguousarray(self.ahead, np.int64))

    def empty(self) -> Past:
        count, anchors, ahead = len(self.values), self.anchors.shape[1], self.ahead.shape[-1]
        return Past(
            np.empty((count, self.window, feature_count(self.bank)), np.float32),
            np.empty((count, anchors, candidate_count(self.bank), ahead), np.float32),
            np.empty((count, anchors)),
            np.empty((count, anchors)),
        )

    def scan(self, past: Past, threads: int) -> ctypes.Structure:
        bank = self.bank
        self.held.extend(
            np.ascontiguousarray(getattr(bank, name), dtype)
            for name, dtype in (
                *((name, np.float64) for name in ("level_gain", "trend_gain", "damping", "season_gain")),
                *((name, np.uint8) for name in ("theta", "logarithmic")),
            )
        )
        return CandidateScan(
            len(self.values), self.values.shape[1], threads, self.season, self.second, self.values.ctypes.data,
            len(bank), bank.first_of_second, *(array.ctypes.data for array in self.held),
            self.window, past.features.ctypes.data,
            self.anchors.shape[1], self.ahead.shape[-1], int(self.ahead.ndim == 3),
            self.anchors.ctypes.data, self.ahead.ctypes.data,
            past.candidates.ctypes.data, past.unit.ctypes.data, past.last.ctypes.data,
        )  # fmt: skip
