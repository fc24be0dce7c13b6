"""Training a network on sounds: the loop of `foretell.training`, judged in bits a sample."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from foretell.audio.batches import Batches
from foretell.audio.corpus import Sound
from foretell.audio.data import AudioData
from foretell.audio.generation import Voice
from foretell.audio.levels import Levels
from foretell.audio.network import build, head_of
from foretell.audio.settings import AudioSettings
from foretell.audio.task import AudioTask
from foretell.errors import SettingsError
from foretell.nn import WaveNet
from foretell.nn.heads import Head
from foretell.training import History, Progress, train
from foretell.training.tensorboard import TensorBoard

_LAST = 10
"""How many times the chunks of an evaluation during training the last one takes."""


class AudioFit:
    """A network that is to be trained on some data.

    `fit` trains it; `score` judges it by more of the held-out sounds than was worth while during training.
    """

    def __init__(self, data: AudioData, settings: AudioSettings) -> None:
        self.settings = replace(settings, sample_rate=data.rate)
        self.head: Head = head_of(settings)
        self.network: WaveNet = build(settings, self.head, len(data.speakers), seed=settings.training.seed)
        self._data = data
        kept, due = data.training[0].levels.dtype, Levels(self.head).dtype
        if kept != due:
            raise SettingsError(f"these sounds were read for another head than {settings.head}: read them anew")
        self._task = AudioTask(self.head)
        self._training = self._batches(data.training)
        self._held_out = self._batches(data.validation) if data.validation else None

    @property
    def steps_an_epoch(self) -> int:
        """Optimiser steps in a pass over the training sounds."""
        return self._training.steps

    @property
    def samples_a_step(self) -> float:
        """Samples that an optimiser step learns from, on average."""
        return sum(len(sound.levels) for sound in self._data.training) / self._training.steps

    def sentences(self) -> list[str]:
        """What is worth saying of the network on these data."""
        field, rate = self.network.receptive_field, self._data.rate
        weights = sum(p.numel() for p in self.network.parameters())
        lines = [f"A network of {weights:,} weights that hears {field:,} samples back ({1000 * field / rate:,.0f} ms)."]
        sounds = self._data.training
        short = sum(len(sound.levels) < field for sound in sounds)
        if short:
            lines.append(
                f"{short:,} of {len(sounds):,} training sounds are shorter than that: what is missing before them "
                "counts as silence."
            )
        repeated = self._training.repeated / sum(len(sound.levels) for sound in sounds)
        if repeated:
            lines.append(f"Long sounds are cut up: {100 * repeated:.1f} % of the samples are read twice, as context.")
        return lines

    def fit(
        self,
        *,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> History:
        """Train the network, which ends on the CPU, in evaluation mode; raises what `foretell.training.train` does."""
        return train(
            self.network,
            self._training,
            self._task.loss,
            settings=self.settings.training,
            evaluate=self._bits if self._held_out is not None else None,
            device=device,
            checkpoint=checkpoint,
            tensorboard=tensorboard,
            illustrate=self._illustrate,
            on_progress=on_progress,
            identity=[[sound.name, len(sound.levels)] for sound in self._data.training],
        )

    def score(self) -> float | None:
        """Bits a sample over held-out sounds; None where nothing is held out."""
        return None if self._held_out is None else self._bits(self.network, _LAST * self.settings.validation_steps)

    def _batches(self, sounds: Sequence[Sound]) -> Batches:
        settings = self.settings
        return Batches(
            sounds,
            self.head,
            batch=settings.batch,
            chunk=settings.chunk,
            piece=settings.piece,
            receptive_field=self.network.receptive_field,
            speakers=self._data.speakers or None,
            seed=settings.training.seed,
        )

    def _bits(self, network: nn.Module, chunks: int | None = None) -> float:
        assert self._held_out is not None
        batches = self._held_out.once(chunks or self.settings.validation_steps)
        return self._task.score(network, batches).total.bits

    def _illustrate(self, network: nn.Module, board: TensorBoard, steps: int) -> None:
        """A second of generated sound, of the first speaker."""
        import torch

        assert isinstance(network, WaveNet)
        voice = Voice(copy.deepcopy(network).cpu(), self.head, 0 if self._data.speakers else None)
        (sound,) = voice.stream(self._data.rate, chunk=self._data.rate, seed=self.settings.training.seed)
        board.sound(steps, "generated", torch.from_numpy(sound), self._data.rate)
