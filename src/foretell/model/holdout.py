"""Random hold-out of data that comes in pieces, decided by the seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def held_out(
    count: int,
    share: float,
    seed: int,
    *,
    fewest: int = 2,
    most: int | None = None,
    owners: Sequence[Hashable] | None = None,
) -> list[int]:
    """The numbers of those of `count` pieces that are held out, in ascending order.

    A `share` of them, at least one and at most `most`; none of fewer than `fewest`. Where pieces have `owners`, the
    last piece of each stays in training.
    """
    import numpy as np  # not for --help

    if not share or count < fewest:
        return []
    wanted = min(max(1, round(share * count)), count if most is None else most)
    owners = [None] * count if owners is None else owners
    left = Counter(owners)
    held: list[int] = []
    for number in np.random.default_rng([seed, count]).permutation(count).tolist():
        if len(held) < wanted and left[owners[number]] > 1:
            left[owners[number]] -= 1
            held.append(number)
    return sorted(held)
