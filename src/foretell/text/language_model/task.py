"""Training and evaluation of a language model: predicting the next character at every position of a text.

For truncated backpropagation through time a text is laid out in parallel streams, cut into consecutive chunks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from foretell.model import score as model_score
from foretell.nn.losses import sequence_loss
from foretell.text.language_model.characters import NONE, Numbers

_CHARACTERS_AT_ONCE = 1 << 12
_SCORES_AT_ONCE = 1 << 23
_LEAST_OF_A_STREAM, _MOST_STREAMS = 1024, 32
_READ_AHEAD = 128
"""Characters that a stream reads before the first that counts, so that its state is not a beginner's."""


@dataclass(frozen=True)
class Score(model_score.Score):
    """Scores of the characters of a text, each predicted from all before it."""

    labels: ClassVar[dict[str, str]] = {"bits": "bits per character"}
    bits: float
    """Bits per character."""
    accuracy: float
    """Share of the characters that were the most likely ones."""
    characters: int
    """Number of predicted characters: all of the text, including the first."""
    unknown: int = 0
    """How many of them the model had never read; each counts as its chance that something unknown comes."""


def loss(network: nn.Module, chunk: dict[str, Tensor], state: Any) -> tuple[Tensor, Any]:
    """Bits per character on a chunk of `Streams`, and the state after it."""
    scores, state = network(chunk["read"], state)
    return sequence_loss(scores, chunk["due"]) / math.log(2), state


def evaluate(
    network: Any, numbers: Numbers, streams: int = 1, on_progress: Callable[[float], None] | None = None
) -> Score:
    """Evaluate `network`, in evaluation mode, on a text `(N,)` of at least one character.

    One pass from the first character to the last carries the state. With more `streams` the text is split into that
    many parts, which run side by side, much faster and with nearly the same result: each starts _READ_AHEAD characters
    early. `on_progress` gets the fraction that is done.
    """
    device = next(network.parameters()).device
    read = np.concatenate([np.array([NONE], dtype=np.int32), numbers[:-1]])
    total = len(numbers)
    part = -(-total // streams)
    counted_from = np.arange(streams)[:, None] * part
    first = np.maximum(counted_from - _READ_AHEAD, 0)
    longest = part + (_READ_AHEAD if streams > 1 else 0)
    bits = right = asked = 0.0
    state: Any = None
    with torch.no_grad():
        for start in range(0, longest, at_once := _steps_at_once(network, streams)):
            at = first + np.arange(start, min(start + at_once, longest))
            counts = (at >= counted_from) & (at < np.minimum(counted_from + part, total))
            at = np.minimum(at, total - 1)
            scores, state = network(_placed(read[at], device), state)
            due = _placed(numbers[at], device)[_placed(counts, device)]
            scores = scores[_placed(counts, device)]
            bits += float(cross_entropy(scores, due, reduction="sum")) / math.log(2)
            right += int((scores.argmax(-1) == due).sum())
            asked += len(due)
            if on_progress is not None:
                on_progress(min(1.0, (start + at_once) / longest))
    return Score(bits / total, right / total, int(asked), int((numbers == NONE).sum()))


def side_by_side(numbers: Numbers) -> int:
    """In how many streams a text is judged while training goes on."""
    return min(max(len(numbers) // _LEAST_OF_A_STREAM, 1), _MOST_STREAMS)


def _steps_at_once(network: Any, streams: int) -> int:
    scores = streams * int(network.head.out_features)
    return max(1, min(_CHARACTERS_AT_ONCE // streams, _SCORES_AT_ONCE // scores))


def _placed(values: Any, device: torch.device) -> Tensor:
    tensor = torch.from_numpy(values)
    return (tensor if tensor.dtype == torch.bool else tensor.long()).to(device)


class Streams:
    """The chunks of a text of numbers `(N,)`: `streams` and `chunk` at most, fewer where the text is short.

    The text is a ring: after its end comes NONE, and then its beginning. Each of B streams reads around it from its own
    start, the starts evenly spaced, L characters per step. A stream thus always continues where it stopped, with its
    state, every character is read equally often, and the chunks are cut elsewhere in each round.
    """

    def __init__(self, numbers: Numbers, streams: int, chunk: int) -> None:
        self._ring = np.concatenate([np.array([NONE], dtype=np.int32), numbers])
        length = len(self._ring)
        self.length = min(chunk, length)
        """L, the characters that a stream reads in a step."""
        self.count = min(streams, length // self.length)
        """B, the streams."""
        self._starts = np.arange(self.count) * length // self.count

    def chunk(self, number: int) -> dict[str, Tensor]:
        """Chunk number 0, 1, ... of every stream: the characters `read` `(B, L)`, and those `due` `(B, L)` after each.

        A pure function of the number; int64.
        """
        steps = number * self.length + np.arange(self.length + 1)
        piece = torch.from_numpy(self._ring[(self._starts[:, None] + steps) % len(self._ring)].astype(np.int64))
        return {"read": piece[:, :-1], "due": piece[:, 1:]}
