"""What an audio model can be told: its sound, its network and its training."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal

from foretell.audio.speakers import SpeakersFrom
from foretell.declaration import DATA, MORE_TRAINING, TRAINING, Setting
from foretell.errors import SettingsError
from foretell.field_types import require
from foretell.model.settings import ModelSettings, held_out_share
from foretell.training.settings import TrainingSettings

HeadName = Literal["categorical", "mixture_of_logistics", "gaussian"]


@dataclass(frozen=True)
class AudioSettings(ModelSettings):
    """Sound, network and training of an audio model; raises `SettingsError` on a value that makes no sense."""

    validation: Annotated[
        float, held_out_share("Share of the files that is held out to judge the training by; 0 for none.")
    ] = 0.1
    speakers_from: Annotated[
        SpeakersFrom | None,
        Setting(
            "Tell speakers apart, by the second part of names such as 7_george_12.wav (the first of two), or by the "
            "folders that hold the files.",
            DATA,
        ),
    ] = None
    sample_rate: Annotated[
        int | None,
        Setting(
            "Samples per second; what most files have, at most 16,000, if not given.",
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
            "Cut off silence this far under a file's peak at both of its ends; none keeps it.",
            DATA,
            above=0,
            metavar="DB",
        ),
    ] = 60.0
    skip_silent: Annotated[
        bool,
        Setting("Leave out files that are silent throughout. Otherwise they are refused.", DATA, by_hand=True),
    ] = False
    head: Annotated[
        HeadName,
        Setting(
            "What is foretold of a sample: one of 256 mu-law levels (categorical), or 16 bits by a "
            "mixture_of_logistics or a gaussian."
        ),
    ] = "categorical"
    layers: Annotated[int, Setting("Layers of a cycle, in which dilations double from 1.", at_least=1, at_most=24)] = 11
    cycles: Annotated[int, Setting("Cycles of layers.", at_least=1)] = 1
    residual: Annotated[int, Setting("Channels of the stack.", at_least=1)] = 96
    skip: Annotated[int, Setting("Channels of what the layers add up to.", at_least=1)] = 128
    kernel_size: Annotated[int, Setting("Samples that a layer combines.", at_least=1)] = 2
    speaker_size: Annotated[
        int, Setting("Features of a speaker's embedding, where speakers are told apart.", at_least=1)
    ] = 16
    batch: Annotated[int, Setting("Sounds side by side.", TRAINING, at_least=1)] = 4
    chunk: Annotated[
        int,
        Setting(
            "Samples of each of them per training step, about. Gradients reach no further back, so it should not be "
            "much shorter than the longest dilation.",
            TRAINING,
            at_least=1,
        ),
    ] = 1024
    piece: Annotated[
        int,
        Setting("Longest stretch of samples that is read in one go; longer sounds are cut up.", MORE_TRAINING),
    ] = 1 << 16
    validation_steps: Annotated[
        int,
        Setting(
            "Chunks that an evaluation during training takes at most, always the same; the last one ten times more.",
            MORE_TRAINING,
            at_least=1,
        ),
    ] = 20
    training: TrainingSettings = field(
        default_factory=partial(
            TrainingSettings, steps=2000, learning_rate=3e-3, average=0.995, evaluate_every=200, checkpoint_every=100
        )
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "piece", f"must be at least chunk={self.chunk}", self.piece >= self.chunk)
        if self.training.truncate is not None:
            raise SettingsError("truncate has no meaning for sound, whose batches are cut already: set chunk")

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.layers * self.cycles
