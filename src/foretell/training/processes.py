"""The processes of a data-parallel training, as torchrun starts them: each holds the whole network and trains on its
share of every batch."""

from __future__ import annotations

import os

from foretell.errors import SettingsError
from foretell.training.settings import TrainingSettings


def count() -> int:
    """Return the number of processes that train together, 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def count_here() -> int:
    """Return how many of them run on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", count())) if count() > 1 else 1


def rank() -> int:
    """Return the number of this process among them; the first, 0, is the one that prints and writes."""
    return int(os.environ.get("RANK", "0")) if count() > 1 else 0


def require_shareable(settings: TrainingSettings, number: int) -> None:
    """Raise SettingsError for settings with which that number of processes could not go on from a checkpoint."""
    if number > 1 and settings.truncate is not None:
        raise SettingsError(
            "truncate cannot be combined with several processes: a checkpoint holds the state of one of them"
        )


def share_of(batch: int) -> slice:
    """Return which of the `batch` rows this process trains on. Raises SettingsError unless all have equal shares."""
    if batch % count():
        raise SettingsError(
            f"a batch of {batch} windows cannot be shared equally by {count()} processes: choose a batch size that is "
            f"a multiple of {count()}"
        )
    return slice(rank(), None, count())
