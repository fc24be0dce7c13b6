"""A model of four-part music: training on chorales, evaluation on others, and generation of new ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from foretell.errors import MusicError
from foretell.model.base import Model, Recipe
from foretell.music import task
from foretell.music.chorales import Chorale
from foretell.music.generation import compose
from foretell.music.network import NoteNetwork, build
from foretell.music.notes import VOICES, Notes
from foretell.music.settings import MusicSettings
from foretell.music.task import Score, TrainingTask
from foretell.nn import Sampling


class MusicModel(Model[MusicSettings, None, NoteNetwork, Sequence[Chorale], Score]):
    """The next note of a chorale, given all before it: a network over the notes one after another.

    Each chord's four notes follow each other from the highest voice down, so that a note is predicted from the chords
    before and the higher notes of its own.
    """

    kind = "music"

    def evaluate(
        self, data: Sequence[Chorale], *, on_progress: Callable[[float], None] | None = None
    ) -> Score:  # one pass, over at once
        """Nats per note and accuracy over every note of the chorales but each one's first, each given all before it."""
        if not any(chorale.notes.size > 1 for chorale in data):
            raise MusicError("there is no chorale to evaluate on: give at least one")
        score = task.evaluate(self.network, data)
        if on_progress is not None:
            on_progress(1.0)
        return score

    def generate(
        self,
        chords: int,
        *,
        start: Notes | None = None,
        sampling: Sampling | None = None,
        seed: int = 0,
        on_progress: Callable[[float], None] | None = None,
    ) -> Notes:
        """Pitches `(S + chords, 4)`, one chord per sixteenth: those of `start` `(S, 4)`, if given, and new ones.

        `sampling` is how a note is drawn: temperature, top-k, top-p. One seed gives one piece. `on_progress` is told
        the share that is done. Raises `SettingsError` for numbers that make no sense.
        """
        return compose(self.network, chords, start=start, sampling=sampling, seed=seed, on_progress=on_progress)

    def sentences(self) -> list[str]:
        """See `Model`."""
        return [f"{self.settings.backbone} of {self.parameters:,} trainable parameters."]

    def _recipe(
        self, data: Sequence[Chorale], validation: Sequence[Chorale] | None
    ) -> Recipe[None, NoteNetwork, Score]:
        if not data:
            raise MusicError("there is no chorale to train on: give at least one, in the training part")
        settings = self.settings
        chores = TrainingTask(data, settings, build(settings).context)
        held = validation or ()
        units_per_step = VOICES * settings.window * settings.batch_size
        return Recipe(
            None,
            chores.batch,
            chores.loss,
            steps_per_epoch=sum(chorale.notes.size for chorale in data) / units_per_step,
            units_per_step=units_per_step,
            identity=lambda: [_digest(data), _digest(held)],
            evaluate=(lambda network: task.evaluate(network, held).loss) if held else None,
            score=(lambda network: task.evaluate(network, held)) if held else None,
        )

    def _build(self, learned: None) -> NoteNetwork:  # noqa: ARG002
        return build(self.settings)

    def _facts(self) -> dict[str, Any]:
        return {"backbone": self.settings.backbone, "features": self.settings.features, "layers": self.settings.depth}


def _digest(chorales: Sequence[Chorale]) -> str:
    """Tells these chorales from others."""
    found = hashlib.sha256()
    for chorale in chorales:
        found.update(f"{chorale.name}\0{chorale.notes.shape}\0".encode() + chorale.notes.tobytes())
    return found.hexdigest()
