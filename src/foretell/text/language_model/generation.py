"""Writing: one character after another, each drawn from what the network expects after all before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from foretell.errors import TextError
from foretell.nn import Sampling, SequenceToSequence
from foretell.nn.decoding.tokens import stream
from foretell.text.language_model.characters import NONE, Characters

_READ_AT_ONCE = 1 << 12
_DRAWN_AT_ONCE = 32
"""Characters of one call, after each of which they can be shown."""
_NAMED = 5


def check_start(start: str, characters: Characters) -> None:
    """Raise `TextError`, naming them, for characters that the model does not know."""
    unknown = characters.unknown(start)
    if unknown:
        named = ", ".join(f"{symbol!r} (U+{ord(symbol):04X})" for symbol in unknown[:_NAMED])
        more = f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else ""
        raise TextError(
            f"the start holds characters that the model has never read: {named}{more}, first as its character number "
            f"{start.index(unknown[0]) + 1:,}; leave them out, or train on a text that holds them"
        )


@torch.no_grad()
def write_on(
    network: SequenceToSequence, characters: Characters, start: str, sampling: Sampling, seed: int
) -> Iterator[str]:
    """The characters that follow `start`, without end: see `foretell.nn.decoding.stream`.

    The network is on the CPU in evaluation mode. One seed gives one text. `start` is known to the model, see
    `check_start`. Raises ValueError for a network whose outputs are NaN.
    """
    given = torch.from_numpy(np.concatenate([[NONE], characters.encode(start)]).astype(np.int64))[None]
    state = None
    for first in range(0, given.shape[1] - 1, _READ_AT_ONCE):
        _, state = network(given[:, first : min(first + _READ_AT_ONCE, given.shape[1] - 1)], state)
    # NONE is nothing that can be written.
    for piece in stream(
        network, state, given[:, -1], sampling=sampling, seed=seed, never=(NONE,), chunk=_DRAWN_AT_ONCE
    ):
        yield from characters.decode(piece[0].tolist())
