"""Two tasks whose answer hangs on what came long before: the adding problem and copy memory."""

import math

import torch
from torch import Tensor

SYMBOLS, TO_COPY = 8, 10


def adding(count: int, steps: int) -> tuple[Tensor, Tensor]:
    """Sequences `(count, steps, 2)` of a number from [0, 1) and a mark, and the sum of the marked numbers `(count,)`.

    One mark lies in the first tenth, one before the middle (after Hochreiter & Schmidhuber, 1997), so that at least
    half of the sequence lies between them and the answer. Always to guess 1 has the mean squared error 1/6.
    """
    values, marks = torch.rand(count, steps), torch.zeros(count, steps)
    rows = torch.arange(count)
    marks[rows, torch.randint(0, steps // 10, (count,))] = 1
    marks[rows, torch.randint(steps // 10, steps // 2, (count,))] = 1
    return torch.stack([values, marks], -1), (values * marks).sum(1)


GUESS_ADDING = 1 / 6


def copying(count: int, steps: int) -> tuple[Tensor, Tensor]:
    """Token ids in and out `(count, steps + 20)`: ten symbols, blanks, and at the end the symbols again.

    What is fed: ten of the symbols 1 to 8, blanks (0), and from the eleventh step before the end on the token 9, which
    asks for the symbols (Arjovsky, Shah & Bengio, 2016). Blanks are wanted until then.
    """
    symbols = torch.randint(1, SYMBOLS + 1, (count, TO_COPY))
    blanks = torch.zeros(count, steps - 1, dtype=torch.int64)
    fed = torch.cat([symbols, blanks, torch.full((count, TO_COPY + 1), SYMBOLS + 1)], 1)
    wanted = torch.cat([torch.zeros(count, steps + TO_COPY, dtype=torch.int64), symbols], 1)
    return fed, wanted


GUESS_COPYING = math.log(SYMBOLS)
"""Nats a symbol for a network that knows when to recall, but not what."""
