"""Learning rate schedules, as pure functions of the completed fraction of the run.

The one-cycle schedule is that of Smith and Topin (2019): a rise from 1/25 of the peak, then a fall to almost zero, both
along half a cosine. The cosine schedule is that of Loshchilov and Hutter (2017) without restarts.
"""

from __future__ import annotations

import math

from foretell.training.settings import ScheduleName

START = 1 / 25
END = START / 1e4


def rate_factor(schedule: ScheduleName, progress: float, *, warm_up: float = 0.25) -> float:
    """Return the learning rate as a fraction of its peak, when `progress` in [0, 1] of the run is completed.

    `warm_up` in [0, 1) is the fraction of the one-cycle schedule in which the rate rises.
    """
    progress = min(max(progress, 0.0), 1.0)
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return _half_cosine(1.0, 0.0, progress)
    if progress < warm_up:
        return _half_cosine(START, 1.0, progress / warm_up)
    return _half_cosine(1.0, END, (progress - warm_up) / (1 - warm_up))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))
