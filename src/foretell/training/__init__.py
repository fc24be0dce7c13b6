"""Backpropagation through time for any network: the training loop, its health checks and its checkpoints.

Names are imported on first use: settings and history are cheap, while the loop imports torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretell.training.history import History, Progress
    from foretell.training.loop import train
    from foretell.training.settings import TrainingSettings

__all__ = ["History", "Progress", "TrainingSettings", "train"]

_HOMES = {"History": "history", "Progress": "history", "TrainingSettings": "settings", "train": "loop"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
