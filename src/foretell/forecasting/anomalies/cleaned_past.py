"""The past without its anomalies: what stands in their place for the values after them, and which are mere echoes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LONGEST_RUN = 3
"""So many in a row are a new level, and are not replaced."""


@dataclass(frozen=True)
class CleanedPast:
    """The anomalies of a panel of R rows that are replaced so far, the earliest first.

    An anomaly moves the forecasts of the next value and of those a season later, which may then look odd themselves, as
    its echoes. So of those found at the same time only the ones that are no such echo of another are replaced.
    """

    panel: Panel
    lags: tuple[int, ...]
    """Numbers of rows after an anomaly at which echoes are expected."""
    found: Flags
    """(R,)"""
    expected: Floats
    """(R,) what stands in their place, as expected from what came before when they were found."""

    @classmethod
    def of(cls, panel: Panel, seasons: Sequence[int]) -> CleanedPast:
        """Return the past as it is."""
        return cls(panel, tuple(sorted({1, *seasons})), np.zeros(len(panel.values), dtype=bool), panel.values)

    def after(self, unlikely: Flags, expected: Floats) -> CleanedPast:
        """Return the past after values (R,) turned out `unlikely`; found ones that no longer are, are put back."""
        kept, new = self.found & unlikely, unlikely & ~self.found
        first = new & ~self.follows(new)
        return replace(self, found=kept | first, expected=np.where(first, expected, self.expected))

    def follows(self, flags: Flags, lags: Sequence[int] | None = None) -> Flags:
        """Return (R,), which rows lie one of the lags after one of the `flags` (R,), in the same series."""
        owner = np.repeat(np.arange(len(self.panel)), np.diff(self.panel.offsets))
        after = np.zeros(len(flags), dtype=bool)
        for lag in self.lags if lags is None else lags:
            if lag < len(flags):
                after[lag:] |= flags[:-lag] & (owner[lag:] == owner[:-lag])
        return after

    def values(self) -> Floats:
        """Return (R,) the values, with what was expected in the place of anomalies that are no new level."""
        return np.where(self._alone(self.found), self.expected, self.panel.values)

    def values_without(self, suspects: Flags, expected: Floats) -> Floats:
        """Return (R,) the same without `suspects` (R,), in whose place stands what is `expected` (R,) now."""
        return np.where(self._alone(suspects) & ~self.found, expected, self.values())

    def _alone(self, flags: Flags) -> Flags:
        """Return those in runs that are too short for a new level."""
        owner = np.repeat(np.arange(len(self.panel)), np.diff(self.panel.offsets))
        new = np.append(True, (np.diff(flags.astype(int)) != 0) | (np.diff(owner) != 0))
        run = np.cumsum(new) - 1
        return np.asarray(flags & (np.bincount(run)[run] < _LONGEST_RUN))
