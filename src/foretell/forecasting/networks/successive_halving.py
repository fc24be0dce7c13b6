"""Successive halving (Jamieson and Talwalkar, 2016): of several trainings only the more promising go on to the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from typing import Protocol, TypeVar

from foretell.forecasting.networks.side_by_side import SideBySide

SURVIVORS = 2
"""Number of trainings that go on to the end, of those that need all of the time."""


class Contestant(Protocol):
    """A training that can be continued."""

    @property
    def seconds(self) -> float:
        """Time spent on training so far."""

    @property
    def loss(self) -> float:
        """Lowest validation loss so far; infinite if there is none."""

    @property
    def ended(self) -> bool:
        """True if the training ended for another reason than time."""

    def train(self, minutes: float | None) -> None:
        """Train for up to `minutes` in all, earlier calls included."""


C = TypeVar("C", bound=Contestant)


def survivors(contestants: Sequence[C], minutes: float, together: SideBySide | None = None) -> list[C]:
    """Train all contestants, then again and again only the better half of them; return those trained to the end.

    Each round takes an equal part of the `minutes`, so that those that remain, `SURVIVORS` in the last round, train
    about twice as long as in the round before. As many train at the same time as `together` has lanes, one by default.
    A training that ends early costs no more time, so that it is kept; what it leaves is spent in later rounds.
    """
    together = together or SideBySide()
    running, ended, left = list(contestants), [], minutes
    for rounds_left in range(_rounds(len(contestants)), 0, -1):
        groups = [running[start : start + together.lanes] for start in range(0, len(running), together.lanes)]
        # A single step may have taken longer than there was time.
        share = left / rounds_left / max(1, len(groups))
        for group in groups if left > 0 else ():
            before = [contestant.seconds for contestant in group]
            together.run([partial(one.train, one.seconds / 60 + share) for one in group])
            left -= max(one.seconds - earlier for one, earlier in zip(group, before, strict=True)) / 60
        ended += [contestant for contestant in running if contestant.ended]
        running = sorted((c for c in running if not c.ended), key=attrgetter("loss"))
        if rounds_left > 1:
            running = running[: math.ceil(len(running) / 2)]
    return [contestant for contestant in contestants if contestant in ended or contestant in running]


def _rounds(count: int) -> int:
    return 1 + max(0, math.ceil(math.log2(count / SURVIVORS)))
