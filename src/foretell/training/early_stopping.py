"""Early stopping: keeping the weights with the best validation value, and deciding when to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from foretell.training.weights import Snapshot, Weights


@dataclass
class EarlyStopping:
    """A record of the weights with the lowest evaluation (Prechelt 1998); a non-finite one never counts as best.

    A plateau takes all of the patience, a value that has risen clearly, by more than the share `rise`, half of it.
    """

    patience: int | None
    rise: float | None = None
    best: float = math.inf
    best_step: int | None = None
    waited: int = 0
    """Evaluations since the best one."""
    latest: float = math.inf
    """The latest evaluation."""
    snapshot: Snapshot | None = None

    def record(self, step: int, value: float, weights: Weights, vector: Tensor) -> bool:
        """Record the evaluation of the weights `vector` `(P,)` after `step` steps; return whether it is the best."""
        self.latest = value
        if math.isfinite(value) and value < self.best:
            self.best, self.best_step, self.waited = value, step, 0
            self.snapshot = weights.snapshot(vector)
            return True
        self.waited += 1
        return False

    @property
    def exhausted(self) -> bool:
        """True if `patience` evaluations have passed without a new best, or half as many and the value has risen."""
        if self.patience is None:
            return False
        risen = self.rise is not None and self.latest - self.best > self.rise * abs(self.best)
        return self.waited >= (math.ceil(self.patience / 2) if risen else self.patience)
