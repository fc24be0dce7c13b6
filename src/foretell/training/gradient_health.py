"""Is this step's gradient fit to be used? Its norm, clipping, and the count of steps that were not finite."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class GradientHealth:
    """Checks and clips the gradient of each step.

    A step is healthy if its loss and the norm of its gradient are finite. `clip_norm` None clips nothing.
    """

    clip_norm: float | None
    healthy: int = 0
    """Healthy steps so far."""
    skipped: int = 0
    """Steps so far that were not finite."""
    in_a_row: int = 0
    """Non-finite steps since the last healthy one."""

    def check(self, loss: Tensor, gradient: Tensor) -> tuple[float, float, bool]:
        """Clip `gradient` `(P,)` in place by its global norm (Pascanu et al. 2013) and count the step.

        Returns the loss, the norm before clipping, and whether the step is healthy. Waits for the device once.
        """
        norm = torch.linalg.vector_norm(gradient)
        loss_value, norm_value = torch.stack((loss.detach().to(norm.dtype), norm)).tolist()
        if not (math.isfinite(loss_value) and math.isfinite(norm_value)):
            self.skipped += 1
            self.in_a_row += 1
            return loss_value, norm_value, False
        self.healthy += 1
        self.in_a_row = 0
        if self.clip_norm is not None:
            # torch.nn.utils.clip_grad_norm_ has the same guard against a norm of zero.
            coefficient = self.clip_norm / (norm_value + 1e-6)
            if coefficient < 1:
                gradient.mul_(coefficient)
        return loss_value, norm_value, True
