"""The check whether a call may run foretell's compiled code directly, without an operator in between."""

from __future__ import annotations

import torch
from torch import Tensor


def plain(*tensors: Tensor) -> bool:
    """Return whether these are plain tensors, and no tracer, function transform or dispatch mode is active."""
    if not all(type(t) in (Tensor, torch.nn.Parameter) for t in tensors):
        return False
    watched = torch._C._len_torch_dispatch_stack() or torch._C._are_functorch_transforms_active()
    return not (watched or torch._C._get_tracing_state())
