"""Whether a call may leave torch for compiled code of our own without an operator in between."""

from __future__ import annotations

import torch
from torch import Tensor


def plain(*tensors: Tensor) -> bool:
    """Whether these are plain tensors, and no tracer, transform of functions or mode of dispatch is at work."""
    if not all(type(t) in (Tensor, torch.nn.Parameter) for t in tensors):
        return False
    watched = torch._C._len_torch_dispatch_stack() or torch._C._are_functorch_transforms_active()
    return not (watched or torch._C._get_tracing_state())
