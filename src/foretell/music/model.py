"""A music model: trained on chorales, asked how well it foresees others, and for new ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from foretell.errors import MusicError
from foretell.field_types import from_plain
from foretell.music import task
from foretell.music.chorales import Chorale
from foretell.music.generation import compose
from foretell.music.network import NoteNetwork, build
from foretell.music.notes import Notes
from foretell.music.settings import MusicSettings
from foretell.music.task import Score, TrainingTask
from foretell.training import History, Progress, train
from foretell.training.model_folder import read_folder, write_folder

if TYPE_CHECKING:
    from foretell.nn import Sampling

KIND = "music"
"""What its folder says it is."""


class MusicModel:
    """The next note of a chorale, given all before it: a network over the notes one after another.

    Each chord's four notes follow each other from the highest voice down, so that a note is foreseen from the chords
    before and the higher notes of its own. Without `train` or `load` its weights are random.
    """

    def __init__(self, settings: MusicSettings | None = None) -> None:
        self.settings = MusicSettings() if settings is None else settings
        self.history: History | None = None
        """The course of its training, once there was one."""
        self.validation: Score | None = None
        """How well it foresees the chorales that its training was judged by."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.settings.training.seed)
            self._network = build(self.settings).eval()

    @property
    def network(self) -> NoteNetwork:
        """The network itself, on the CPU in evaluation mode."""
        return self._network

    @property
    def parameters(self) -> int:
        """How many numbers were, or are to be, learned."""
        return sum(p.numel() for p in self._network.parameters())

    def train(
        self,
        chorales: Sequence[Chorale],
        validation: Sequence[Chorale] = (),
        *,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> MusicModel:
        """Train on `chorales`; with `validation` the weights are kept that foresaw those best. Returns itself.

        See `foretell.training.train` for the other arguments and what it raises; `MusicError` where there is nothing to
        train on.
        """
        if not chorales:
            raise MusicError("there is no chorale to train on: give at least one, in the training part")
        chores = TrainingTask(chorales, self.settings, self._network.context)
        try:
            self.history = train(
                self._network,
                chores.batch,
                chores.loss,
                settings=self.settings.training,
                evaluate=(lambda network: task.evaluate(network, validation).loss) if validation else None,
                device=device,
                checkpoint=checkpoint,
                tensorboard=tensorboard,
                on_progress=on_progress,
            )
        finally:
            self._network.cpu().eval()
        self.validation = self.evaluate(validation) if validation else None
        return self

    def evaluate(self, chorales: Sequence[Chorale]) -> Score:
        """Nats a note and accuracy over every note of the chorales but each one's first, each given all before it."""
        if not any(chorale.notes.size > 1 for chorale in chorales):
            raise MusicError("there is no chorale to evaluate on: give at least one")
        return task.evaluate(self._network, chorales)

    def generate(
        self,
        chords: int,
        *,
        start: Notes | None = None,
        sampling: Sampling | None = None,
        seed: int = 0,
        on_progress: Callable[[float], None] | None = None,
    ) -> Notes:
        """Pitches `(S + chords, 4)`, one chord a sixteenth: those of `start` `(S, 4)`, if given, and new ones.

        `sampling` is how a note is drawn: temperature, top-k, top-p. One seed gives one piece. `on_progress` is told
        the share that is done. Raises `SettingsError` for numbers that make no sense.
        """
        return compose(self._network, chords, start=start, sampling=sampling, seed=seed, on_progress=on_progress)

    def save(self, folder: str | Path) -> None:
        """Write the model's folder, whole or not at all. Raises `SettingsError` where it cannot be written."""
        write_folder(
            folder,
            KIND,
            {
                "settings": dataclasses.asdict(self.settings),
                "history": self.history.to_dict() if self.history else None,
                "validation": dataclasses.asdict(self.validation) if self.validation else None,
            },
            {name: tensor.detach() for name, tensor in self._network.state_dict().items()},
        )

    @classmethod
    def load(cls, folder: str | Path) -> MusicModel:
        """The model that `save` wrote. Raises `ModelError` for a folder that is missing, damaged or of another kind."""
        stored = read_folder(folder, KIND)
        with stored.understood():
            settings = from_plain(MusicSettings, stored.description["settings"])
            history, validation = stored.description["history"], stored.description["validation"]
            history = None if history is None else History.from_dict(history)
            validation = None if validation is None else from_plain(Score, validation)
        weights = stored.tensors(lambda: build(settings).state_dict(), at_least=settings.depth)
        model = cls(settings)
        model._network.load_state_dict(weights)
        model.history, model.validation = history, validation
        return model

    def facts(self) -> dict[str, Any]:
        """What there is to say of it, by name: its make and what it was trained to."""
        return {
            "body": self.settings.body,
            "features": self.settings.features,
            "layers": self.settings.depth,
            "parameters": self.parameters,
            "validation_loss": self.validation.loss if self.validation else None,
            "validation_accuracy": self.validation.accuracy if self.validation else None,
        }
