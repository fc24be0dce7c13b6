"""Checks on the gradient of each step: its norm, clipping, and a count of non-finite steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class GradientHealth:
    """A check of each step's gradient, which it also clips.

    A step is healthy if its loss and the norm of its gradient are finite. With `clip_norm=None` nothing is clipped.
    """

    clip_norm: float | None
    healthy: int = 0
    """Healthy steps so far."""
    skipped: int = 0
    """Non-finite steps so far."""
    in_a_row: int = 0
    """Non-finite steps since the last healthy one."""

    def check(self, loss: Tensor, gradient: Tensor) -> tuple[float, float, bool]:
        """Clip `gradient` `(P,)` in place by its global norm (Pascanu et al. 2013) and count the step.

        Returns the loss, the norm before clipping, and whether the step is healthy. Synchronises with the device once.
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
