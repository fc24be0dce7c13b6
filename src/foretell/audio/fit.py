"""The parts of a training on sounds: batches, evaluation in bits per sample, and audio samples for TensorBoard."""

from __future__ import annotations

import copy

from torch import nn

from foretell.audio.batches import Batches
from foretell.audio.corpus import Corpus
from foretell.audio.generation import Voice
from foretell.audio.levels import Levels
from foretell.audio.network import head_of
from foretell.audio.settings import AudioSettings
from foretell.audio.task import AudioTask, Scores
from foretell.errors import SettingsError
from foretell.nn import WaveNet
from foretell.training.tensorboard import TensorBoard

_LAST = 10
"""Factor by which the final evaluation exceeds those during training, in chunks."""


class AudioFit:
    """Sounds to train a network of these settings on, and others to judge it by.

    Raises `SettingsError` for sounds that were read for another head.
    """

    def __init__(
        self, training: Corpus, validation: Corpus | None, settings: AudioSettings, receptive_field: int
    ) -> None:
        self.settings = settings
        self.head = head_of(settings)
        self.task = AudioTask(self.head)
        kept, due = training.sounds[0].levels.dtype, Levels(self.head).dtype
        if kept != due:
            raise SettingsError(f"these sounds were read for a head other than {settings.head}: read them again")
        self._field = receptive_field
        self._corpus = training
        self.batches = self._batches(training)
        """Those of training."""
        self.held_out = self._batches(validation) if validation is not None else None

    @property
    def samples_per_step(self) -> float:
        """Samples that an optimiser step learns from, on average."""
        return self._corpus.samples / self.batches.steps

    @property
    def short(self) -> int:
        """Training sounds that are shorter than the network hears back."""
        return sum(len(sound.levels) < self._field for sound in self._corpus.sounds)

    @property
    def repeated(self) -> float:
        """The share of the samples that are read twice, as context, since long sounds are cut up."""
        return self.batches.repeated / self._corpus.samples

    def bits(self, network: nn.Module) -> float:
        """Bits per sample over some held-out sounds."""
        return self._scores(network, self.settings.validation_steps).total.bits

    def score(self, network: nn.Module) -> Scores:
        """The same over more of them than is worth while during training, speaker by speaker."""
        return self._scores(network, _LAST * self.settings.validation_steps)

    def illustrate(self, network: nn.Module, board: TensorBoard, steps: int) -> None:
        """A second of generated sound, of the first speaker."""
        import torch

        assert isinstance(network, WaveNet)
        rate = self._corpus.rate
        voice = Voice(copy.deepcopy(network).cpu(), self.head, 0 if self._corpus.speakers else None)
        (sound,) = voice.stream(rate, chunk=rate, seed=self.settings.training.seed)
        board.sound(steps, "generated", torch.from_numpy(sound), rate)

    def _scores(self, network: nn.Module, chunks: int) -> Scores:
        assert self.held_out is not None
        return self.task.score(network, self.held_out.once(chunks))

    def _batches(self, corpus: Corpus) -> Batches:
        settings = self.settings
        return Batches(
            corpus.sounds,
            self.head,
            batch=settings.batch,
            chunk=settings.chunk,
            piece=settings.piece,
            receptive_field=self._field,
            speakers=self._corpus.speakers or None,
            seed=settings.training.seed,
        )
