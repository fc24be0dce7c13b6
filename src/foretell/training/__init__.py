"""Backpropagation through time for any network: the training loop, its health checks and its checkpoints.

Names are imported on first use: settings and history are cheap, while the loop imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretell.on_first_use import on_first_use

if TYPE_CHECKING:
    from foretell.training.history import History, Progress
    from foretell.training.loop import train
    from foretell.training.settings import TrainingSettings

__all__ = ["History", "Progress", "TrainingSettings", "train"]

__getattr__, __dir__ = on_first_use(
    __name__, {"history": "History Progress", "loop": "train", "settings": "TrainingSettings"}
)
