"""An exponential moving average of the weights (Polyak and Juditsky 1992, with a decay)."""

from __future__ import annotations

from torch import Tensor


class MovingAverage:
    """A moving average: `average <- d average + (1 - d) weights` after each step, starting at the initial weights.

    The decay of the t-th update (t = 1, 2, ...) is `d = min(decay, (1 + t) / (10 + t))`, so that a short run soon
    forgets the initial weights.
    """

    def __init__(self, vector: Tensor, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.vector = vector.clone()

    def update(self, vector: Tensor) -> None:
        """Update the average with the weights `(P,)` after a step."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.vector.lerp_(vector, 1 - decay)
