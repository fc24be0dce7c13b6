"""The effect of past columns: what they say of the errors of a forecast that knows nothing of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.panel import Panel
from foretell.forecasting.past_columns.features import PastFeatures

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PastEffect:
    """A linear effect on the H next steps, with the same weights for all series: usual change * (features @ weights)"""

    features: PastFeatures
    weights: Floats
    """(K, H)"""
    penalty: float
    """Ridge penalty that the weights were fitted with."""

    @property
    def subject(self) -> str:
        """What is read, in words."""
        return f"The past of {', '.join(map(repr, self.features.covariates.past))}"

    @property
    def steps(self) -> int:
        """H, the number of steps ahead that it reaches."""
        return int(self.weights.shape[1])

    def correction(self, panel: Panel, series: Integers, cutoffs: Integers, horizon: int) -> Floats:
        """Return (B, `horizon`), what is added after row `cutoffs` (B,) of `series` (B,); 0 far ahead.

        Raises TableError for a column that is absent or of another type.
        """
        found = np.zeros((len(series), horizon))
        reach = min(horizon, self.steps)
        read = self.features.read(panel, series, cutoffs)
        # Not a matrix product, whose rows may depend on how many there are.
        effect = np.einsum("bk,kh->bh", read, self.weights[:, :reach])
        with np.errstate(over="ignore"):
            found[:, :reach] = effect * self.features.usual_changes(panel, series, cutoffs)[:, None]
        return np.nan_to_num(found, posinf=0.0, neginf=0.0)
