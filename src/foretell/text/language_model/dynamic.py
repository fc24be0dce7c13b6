"""Dynamic evaluation: a network keeps learning from a text while predicting it.

Each stretch of the text is predicted first, and only then learned from, so that every character is given what came
before it and nothing else (Mikolov et al., 2010; Krause et al., 2018). A text with names, words and habits of its own
is predicted better the longer it gets.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from foretell.errors import SettingsError, TrainingError
from foretell.field_types import settle_fields
from foretell.text.language_model.characters import NONE, Numbers
from foretell.text.language_model.task import Score
from foretell.training.truncation import detach

_MOMENTS = (0.9, 0.99)
_CLIP = 1.0


@dataclass(frozen=True)
class DynamicSettings:
    """Settings of dynamic evaluation, which trains while it reads; raises `SettingsError` on an invalid value."""

    learning_rate: float = 1e-3
    """Learning rate of Adam."""
    forgetting: float = 0.0025
    """Share of the way back to the weights that it came with, after every stretch, in [0, 1)."""
    stretch: int = 64
    """Number of characters that are predicted, and then learned from together."""

    def __post_init__(self) -> None:
        settle_fields(self)
        self._require("learning_rate", "must be above 0", 0 < self.learning_rate < math.inf)
        self._require("forgetting", "must be in [0, 1)", 0 <= self.forgetting < 1)
        self._require("stretch", "must be at least 1", self.stretch >= 1)

    def _require(self, name: str, rule: str, holds: bool) -> None:
        if not holds:
            raise SettingsError(f"{name} is {getattr(self, name)!r}: it {rule}")


def evaluate_dynamically(
    network: Any,
    numbers: Numbers,
    settings: DynamicSettings,
    on_progress: Callable[[float], None] | None = None,
) -> Score:
    """Evaluate `network`, in evaluation mode, on a text `(N,)` that it keeps learning from.

    It is left as it was: a copy learns, of the characters that it knows alone; otherwise it would learn to predict the
    unknown, which is no one character. `on_progress` gets the share of the text that is done. Raises `TrainingError`
    where the learning diverges.
    """
    learner = copy.deepcopy(network).eval()
    device = next(learner.parameters()).device
    weights = [*learner.parameters()]
    before = [weight.detach().clone() for weight in weights]
    optimiser = torch.optim.Adam(weights, lr=settings.learning_rate, betas=_MOMENTS)
    due = torch.from_numpy(numbers.astype(np.int64)).to(device)[None]
    read = torch.cat([torch.full_like(due[:, :1], NONE), due[:, :-1]], 1)
    bits, right = 0.0, 0
    state: Any = None
    for start in range(0, len(numbers), settings.stretch):
        here = slice(start, start + settings.stretch)
        with torch.enable_grad():
            scores, state = learner(read[:, here], detach(state))
            losses = cross_entropy(scores[0], due[0, here], reduction="none")
            known = losses[due[0, here] != NONE]
            optimiser.zero_grad()
            if len(known):
                known.mean().backward()  # type: ignore[no-untyped-call]
        bits += float(losses.detach().sum()) / math.log(2)
        right += int((scores[0].argmax(-1) == due[0, here]).sum())
        if not math.isfinite(bits):
            raise TrainingError(
                f"learning diverged by character {start:,} of the text: give a learning_rate below "
                f"{settings.learning_rate:g}"
            )
        if len(known):
            torch.nn.utils.clip_grad_norm_(weights, _CLIP)
            optimiser.step()
        with torch.no_grad():
            for weight, first in zip(weights, before, strict=True):
                weight.lerp_(first, settings.forgetting)
        if on_progress is not None:
            on_progress(min(1.0, (start + settings.stretch) / len(numbers)))
    return Score(bits / len(numbers), right / len(numbers), len(numbers), int((numbers == NONE).sum()))
