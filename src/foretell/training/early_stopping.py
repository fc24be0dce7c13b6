"""Early stopping: keeping the weights with the best validation value, and deciding when to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from foretell.training.weights import Snapshot, Weights


@dataclass
class EarlyStopping:
    """A record of the weights with the lowest evaluation (Prechelt 1998); a non-finite one never counts as best."""

    patience: int | None
    best: float = math.inf
    best_step: int | None = None
    waited: int = 0
    """Evaluations since the best one."""
    snapshot: Snapshot | None = None

    def record(self, step: int, value: float, weights: Weights, vector: Tensor) -> bool:
        """Record the evaluation of the weights `vector` `(P,)` after `step` steps; return whether it is the best."""
        if math.isfinite(value) and value < self.best:
            self.best, self.best_step, self.waited = value, step, 0
            self.snapshot = weights.snapshot(vector)
            return True
        self.waited += 1
        return False

    @property
    def exhausted(self) -> bool:
        """True if `patience` evaluations have passed without a new best."""
        return self.patience is not None and self.waited >= self.patience
