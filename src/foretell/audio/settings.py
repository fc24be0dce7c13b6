"""Settings of an audio model: audio data, network and training."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal

from foretell.audio.speakers import SpeakersFrom
from foretell.declaration import DATA, MORE_TRAINING, TRAINING, Setting
from foretell.errors import SettingsError
from foretell.field_types import require
from foretell.model.settings import ModelSettings, evaluation_batches, held_out_share
from foretell.training.settings import TrainingSettings

HeadName = Literal["categorical", "mixture_of_logistics", "gaussian"]


@dataclass(frozen=True)
class AudioSettings(ModelSettings):
    """Audio data, network and training of an audio model; raises `SettingsError` on an invalid value."""

    validation: Annotated[float, held_out_share("Share of the files that is held out for validation; 0 for none.")] = (
        0.1
    )
    speakers_from: Annotated[
        SpeakersFrom | None,
        Setting(
            "Condition on the speaker, taken from the second part of a file name such as 7_george_12.wav "
            "(the first part if there are only two) or from the folder of the file.",
            DATA,
        ),
    ] = None
    sample_rate: Annotated[
        int | None,
        Setting(
            "Sampling rate; if not given, that of most files, but at most 16,000.",
            DATA,
            at_least=1_000,
            at_most=384_000,
            metavar="HZ",
            option="rate",
        ),
    ] = None
    trim: Annotated[
        float | None,
        Setting(
            "Trim silence at both ends: anything this many decibels below the file's peak; none keeps it.",
            DATA,
            above=0,
            metavar="DB",
        ),
    ] = 60.0
    skip_silent: Annotated[
        bool,
        Setting("Skip files that are silent throughout, instead of refusing them.", DATA, by_hand=True),
    ] = False
    head: Annotated[
        HeadName,
        Setting(
            "Output distribution of a sample: one of 256 mu-law levels (categorical), or 16 bits as a "
            "mixture_of_logistics or a gaussian."
        ),
    ] = "categorical"
    layers: Annotated[int, Setting("Layers per cycle; dilations double from 1.", at_least=1, at_most=24)] = 11
    cycles: Annotated[int, Setting("Number of cycles.", at_least=1)] = 1
    residual: Annotated[int, Setting("Residual channels.", at_least=1)] = 96
    skip: Annotated[int, Setting("Skip channels.", at_least=1)] = 128
    kernel_size: Annotated[int, Setting("Kernel size of the dilated convolutions.", at_least=1)] = 2
    speaker_size: Annotated[int, Setting("Size of the speaker embedding, if there are speakers.", at_least=1)] = 16
    batch: Annotated[int, Setting("Batch size, in sounds.", TRAINING, at_least=1)] = 4
    chunk: Annotated[
        int,
        Setting(
            "Approximate number of samples of each sound per training step. Gradients are truncated "
            "there, so it should not be much shorter than the longest dilation.",
            TRAINING,
            at_least=1,
        ),
    ] = 1024
    piece: Annotated[
        int,
        Setting("Longest piece of a sound, in samples; longer sounds are split.", MORE_TRAINING),
    ] = 1 << 16
    validation_steps: Annotated[int, evaluation_batches("Chunks")] = 20
    training: TrainingSettings = field(
        default_factory=partial(
            TrainingSettings, steps=2000, learning_rate=3e-3, average=0.995, evaluate_every=200, checkpoint_every=100
        )
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "piece", f"must be at least chunk={self.chunk}", self.piece >= self.chunk)
        if self.training.truncate is not None:
            raise SettingsError(
                "truncate has no meaning for sound, whose batches are already cut into chunks: set chunk"
            )

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.layers * self.cycles
