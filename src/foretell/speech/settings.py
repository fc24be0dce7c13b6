"""Settings of a speech model: recordings, networks and training."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal

from foretell.declaration import DATA, MORE_TRAINING, TRAINING, Setting
from foretell.errors import SettingsError
from foretell.model.settings import ModelSettings, evaluation_batches, held_out_share
from foretell.training.settings import TrainingSettings

RATE_LIMIT = 48_000
"""In samples per second: filter banks grow with it."""


@dataclass(frozen=True)
class SpeechSettings(ModelSettings):
    """Recordings, networks and training of a speech model; raises `SettingsError` on an invalid value."""

    validation: Annotated[
        float, held_out_share("Share of the recordings that is held out for validation; 0 for none.")
    ] = 0.05
    sample_rate: Annotated[
        int | None,
        Setting(
            "Sampling rate; if not given, that of most recordings, but at most 16,000.",
            DATA,
            at_least=4_000,
            at_most=RATE_LIMIT,
            metavar="HZ",
            option="rate",
        ),
    ] = None
    bands: Annotated[int, Setting("Bands of the mel spectrum.", at_least=12, at_most=80)] = 40
    prediction_order: Annotated[
        int, Setting("Order of the linear prediction whose residual the WaveNet generates.", at_least=4, at_most=32)
    ] = 16
    whitening: Annotated[
        float,
        Setting(
            "Share of the log spectrum that the linear prediction takes out: 1 leaves a white residual, 0 the spectrum "
            "as it is.",
            at_least=0,
            at_most=1,
        ),
    ] = 0.5
    hidden: Annotated[int, Setting("Channels of the acoustic network.", at_least=1)] = 128
    encoder_layers: Annotated[int, Setting("Layers that read phonemes.", at_least=1, at_most=12)] = 4
    decoder_layers: Annotated[int, Setting("Layers that make spectra.", at_least=1, at_most=24)] = 8
    dropout: Annotated[
        float, Setting("Share of the acoustic network's activations dropped in training.", at_least=0, below=1)
    ] = 0.1
    voice_size: Annotated[int, Setting("Size of the voice embedding.", at_least=1)] = 16
    layers: Annotated[int, Setting("WaveNet: layers per cycle; dilations double from 1.", at_least=1, at_most=12)] = 8
    cycles: Annotated[int, Setting("WaveNet: number of cycles.", at_least=1)] = 2
    residual: Annotated[int, Setting("WaveNet: residual channels.", at_least=1)] = 32
    skip: Annotated[int, Setting("WaveNet: skip channels.", at_least=1)] = 64
    local: Annotated[int, Setting("WaveNet: channels of its conditioning on spectra.", at_least=1)] = 32
    acoustic_share: Annotated[
        float,
        Setting("Share of the steps, or of the time, that trains the acoustic network.", TRAINING, above=0, below=1),
    ] = 0.35
    critic_share: Annotated[
        float,
        Setting(
            "Share of the acoustic network's training in which it learns beside a critic that tells recorded from "
            "predicted spectra, so that these become less smooth; 0 for none.",
            MORE_TRAINING,
            at_least=0,
            below=1,
        ),
    ] = 0.25
    acoustic_learning_rate: Annotated[
        float, Setting("Highest learning rate of the acoustic network.", MORE_TRAINING, above=0)
    ] = 2e-3
    acoustic_batch: Annotated[int, Setting("Recordings per step of the acoustic network.", TRAINING, at_least=1)] = 8
    acoustic_precision: Annotated[
        Literal["auto", "32-true", "bf16-mixed"],
        Setting(
            "Precision of the acoustic network: auto is bf16-mixed on a processor with instructions for bfloat16, and "
            "else that of the WaveNet.",
            MORE_TRAINING,
        ),
    ] = "auto"
    batch: Annotated[int, Setting("WaveNet: stretches of sound per step.", TRAINING, at_least=1)] = 3
    stretch: Annotated[int, Setting("WaveNet: frames of 10 ms per stretch.", TRAINING, at_least=2)] = 12
    misheard: Annotated[
        float,
        Setting(
            "WaveNet: largest standard deviation, in dB, of the error in loudness of the samples that it reads in "
            "training, so that it takes loudness from the spectrum and not from what it has said before.",
            MORE_TRAINING,
            at_least=0,
        ),
    ] = 0.0
    harmonics: Annotated[
        int,
        Setting(
            "WaveNet: harmonics of the voice whose phase it is told at each sample, so that it need not find the "
            "period in what it has said; 0 for none.",
            at_least=0,
            at_most=32,
        ),
    ] = 16
    validation_steps: Annotated[int, evaluation_batches("Batches")] = 20
    training: TrainingSettings = field(
        default_factory=partial(
            TrainingSettings, steps=4000, learning_rate=4e-3, average=0.995, evaluate_every=200, checkpoint_every=200
        )
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.training.truncate is not None:
            raise SettingsError("truncate has no meaning for speech, whose recordings are already cut up: set stretch")

    @property
    def fewest_tensors(self) -> int:
        """See `ModelSettings`."""
        return self.layers * self.cycles + self.encoder_layers + self.decoder_layers
