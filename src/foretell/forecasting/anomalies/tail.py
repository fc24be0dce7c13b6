"""How rare distances are: the tail of the errors of a table, continued beyond what was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BODY, _TAIL = 0.2, 0.05
"""Shares of the values that are farther out than the two distances from which the tail is continued."""
_LEAST_BODY = 0.05
"""Least of the first of these distances: where most values are exactly as expected, not all others are anomalies."""
_LEAST_RATIO = 1.45
"""Least ratio of these distances, a little below that of a normal distribution: anomalies must not seem usual."""


@dataclass(frozen=True)
class Tail:
    """How often values lie how far from their medians, in units of their spread as it was forecast.

    The probability of more than d is exp(-a d^k), by the distances that a fifth and a twentieth of the values exceed: k
    is about 1.5 for a normal distribution, and 1 for one with heavy tails.
    """

    body: float
    far: float

    @classmethod
    def of(cls, distances: Floats) -> Tail:
        """The tail of distances without their signs."""
        body, far = (float(np.quantile(distances, 1 - share)) for share in (_BODY, _TAIL))
        body = max(body, _LEAST_BODY)
        return cls(body, max(far, _LEAST_RATIO * body))

    @property
    def _power(self) -> float:
        return float(np.log(np.log(_TAIL) / np.log(_BODY)) / np.log(self.far / self.body))

    def share_beyond(self, distance: Floats) -> Floats:
        """Return the probability of a distance of at least so much."""
        with np.errstate(over="ignore"):
            share: Floats = np.exp(np.log(_TAIL) * (distance / self.far) ** self._power)
        return share

    def distance(self, share: float) -> float:
        """Return the distance that this share of the values exceed."""
        return float(self.far * (np.log(share) / np.log(_TAIL)) ** (1 / self._power))
