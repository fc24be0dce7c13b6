"""Keeps the best weights by validation, and says when waiting for better ones is over."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from foretell.training.weights import Snapshot, Weights


@dataclass
class EarlyStopping:
    """Remembers the weights with the lowest evaluation (Prechelt 1998); one that is not finite is never it."""

    patience: int | None
    best: float = math.inf
    best_step: int | None = None
    waited: int = 0
    """Evaluations since the best one."""
    snapshot: Snapshot | None = None

    def record(self, step: int, value: float, weights: Weights, vector: Tensor) -> bool:
        """Take in the evaluation of the weights `vector` `(P,)` after `step` steps; returns whether it is the best."""
        if math.isfinite(value) and value < self.best:
            self.best, self.best_step, self.waited = value, step, 0
            self.snapshot = weights.snapshot(vector)
            return True
        self.waited += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether `patience` evaluations have passed without a new best."""
        return self.patience is not None and self.waited >= self.patience
