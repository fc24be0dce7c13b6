"""Training and evaluation of a music network: random windows of chorales, transposed to other keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from foretell.model import score as model_score
from foretell.music.chorales import Chorale
from foretell.music.network import BEFORE
from foretell.music.notes import HIGHEST, LOWEST, REST, VOICES, classes_of
from foretell.music.settings import MusicSettings

_IGNORED = -100
_NOTES_AT_ONCE = 1 << 14


@dataclass(frozen=True)
class Score(model_score.Score):
    """Scores of predicted notes, each given all before it in its chorale; the first note is not predicted."""

    labels: ClassVar[dict[str, str]] = {"loss": "nats per note"}
    loss: float
    """Nats per note."""
    accuracy: float
    """Share of the notes that were the most likely ones."""
    notes: int
    """How many were asked."""


class TrainingTask:
    """Random windows of chorales, each moved to another key, and the loss on them."""

    def __init__(self, chorales: Sequence[Chorale], settings: MusicSettings, context: int) -> None:
        self._pitches = [chorale.notes for chorale in chorales]
        self._settings = settings
        self._context = context
        self._chords = min(settings.window, max(len(notes) for notes in self._pitches))
        lengths = np.array([len(notes) for notes in self._pitches], dtype=np.float64)
        self._shares = lengths / lengths.sum()

    def batch(self, number: int) -> dict[str, Tensor]:
        """Batch `number`: its windows are drawn evenly from all the music, each at its own pitch."""
        random = np.random.default_rng([self._settings.training.seed, number])
        rows = [
            self._window(k, random)
            for k in random.choice(len(self._pitches), self._settings.batch_size, p=self._shares)
        ]
        return _as_batch(rows)

    def loss(self, network: nn.Module, batch: dict[str, Tensor], state: object) -> tuple[Tensor, object]:
        """The mean cross-entropy of a note, in nats."""
        logits, _ = network(batch["past"], batch["position"], state)
        return cross_entropy(logits.transpose(1, 2), batch["notes"], ignore_index=_IGNORED), None

    def _window(self, k: int, random: np.random.Generator) -> tuple[NDArray[np.int64], int, NDArray[np.int64]]:
        pitches = self._pitches[k]
        length = len(pitches)
        half = self._chords // 2
        # Half a window may stick out at either end before it is pushed back: beginnings and ends come up often enough.
        start = int(np.clip(random.integers(-half, max(length - half, 1 - half)), 0, max(0, length - self._chords)))
        moved = transposed(pitches, self._settings.semitones, random)
        return _row(classes_of(moved).reshape(-1), VOICES * start, VOICES * self._chords, self._context)


def transposed(pitches: NDArray[np.int64], semitones: int, random: np.random.Generator) -> NDArray[np.int64]:
    """The pitches moved by a random number of semitones, at most so many, that keeps them within the range."""
    sounding = pitches[pitches != REST]
    if not sounding.size or not semitones:
        return pitches
    down = min(semitones, int(sounding.min()) - LOWEST)
    up = min(semitones, HIGHEST - int(sounding.max()))
    return np.where(pitches == REST, REST, pitches + random.integers(-down, up + 1))


def evaluate(network: Any, chorales: Sequence[Chorale]) -> Score:
    """Evaluate `network`, in evaluation mode, on whole chorales; its state is carried through long ones."""
    sequences = sorted((classes_of(chorale.notes).reshape(-1) for chorale in chorales), key=len)
    device = next(network.parameters()).device
    loss = right = notes = 0.0
    with torch.no_grad():
        while sequences:
            # As many of one length, nearly, as fit.
            count = max(1, _NOTES_AT_ONCE // len(sequences[-1]))
            group, sequences = sequences[-count:], sequences[:-count]
            longest = len(group[-1])
            batch = _as_batch([_row(sequence, 0, longest, network.context) for sequence in group])
            batch["notes"][:, 0] = _IGNORED
            state: Any = None
            at_once = max(1, _NOTES_AT_ONCE // count)
            for first in range(0, longest, at_once):
                due = batch["notes"][:, first : first + at_once].to(device)
                past = batch["past"][:, first : first + due.shape[1] + network.context - 1].to(device)
                logits, state = network(past, (batch["position"] + first).to(device), state)
                loss += float(cross_entropy(logits.transpose(1, 2), due, ignore_index=_IGNORED, reduction="sum"))
                right += int((logits.argmax(-1) == due).sum())
                notes += int((due != _IGNORED).sum())
    return Score(loss / notes, right / notes, int(notes))


def _row(
    sequence: NDArray[np.int64], start: int, steps: int, context: int
) -> tuple[NDArray[np.int64], int, NDArray[np.int64]]:
    """Return the inputs, the number of the first note, and the notes to predict, padded to `steps`."""
    padded = np.full(context + steps, BEFORE, dtype=np.int64)
    first = max(0, start - context)
    piece = sequence[first : start + steps]
    padded[context - (start - first) :][: len(piece)] = piece
    notes = np.full(steps, _IGNORED, dtype=np.int64)
    known = sequence[start : start + steps]
    notes[: len(known)] = known
    return padded[:-1], start, notes


def _as_batch(rows: Sequence[tuple[NDArray[np.int64], int, NDArray[np.int64]]]) -> dict[str, Tensor]:
    past, positions, notes = zip(*rows, strict=True)
    return {
        "past": torch.from_numpy(np.stack(past)),
        "position": torch.tensor(positions),
        "notes": torch.from_numpy(np.stack(notes)),
    }
