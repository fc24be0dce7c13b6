"""The options of the `foretell audio` commands, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from foretell.audio.settings import AudioSettings
from foretell.cli.training_options import TRAINING, StepsOrEpochs, TrainingOptions

_SOUND = "The sounds"
_NETWORK = "The network"
_GENERATION = "What is generated"
_DEFAULTS = AudioSettings()


class SpeakersFrom(StrEnum):
    """What tells who speaks."""

    NAME = "name"
    FOLDER = "folder"


class Head(StrEnum):
    """The distributions of a sample, by name."""

    CATEGORICAL = "categorical"
    MIXTURE_OF_LOGISTICS = "mixture_of_logistics"
    GAUSSIAN = "gaussian"


class Weights(StrEnum):
    """In what the weights are kept while generating."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


AudioModelFolder = Annotated[Path, Argument(metavar="MODEL", help="The folder of a model, as audio train writes it.")]
SoundFolder = Annotated[
    Path, Argument(metavar="FOLDER", help="A folder of WAV, FLAC, OGG and MP3 files, those in its folders included.")
]
SkipSilent = Annotated[
    bool,
    Option(
        "--skip-silent",
        help="Leave out files that are silent throughout. Otherwise they are refused.",
        rich_help_panel=_SOUND,
    ),
]


@dataclass(frozen=True)
class SoundOptions:
    """The sounds to train on, and how to read them."""

    folder: SoundFolder
    speakers_from: Annotated[
        SpeakersFrom | None,
        Option(
            help="Tell speakers apart, by the second part of names such as 7_george_12.wav (the first of two), or by "
            "the folders that hold the files.",
            rich_help_panel=_SOUND,
        ),
    ] = None
    validation: Annotated[
        str,
        Option(
            metavar="FOLDER|SHARE",
            help="Other sounds to judge the training by, or a share of the files that is held out for it; 0 for none.",
            rich_help_panel=_SOUND,
        ),
    ] = str(_DEFAULTS.validation)
    rate: Annotated[
        int | None,
        Option(
            metavar="HZ",
            help="Samples a second; what most files have, at most 16,000, if not given.",
            rich_help_panel=_SOUND,
        ),
    ] = None
    trim: Annotated[
        float,
        Option(
            metavar="DB",
            help="Cut off silence this far under a file's peak at both of its ends; 0 keeps it.",
            rich_help_panel=_SOUND,
        ),
    ] = _DEFAULTS.trim or 0.0
    skip_silent: SkipSilent = False


@dataclass(frozen=True)
class AudioNetworkOptions:
    """The make of the network."""

    head: Annotated[
        Head,
        Option(
            help="What is foretold of a sample: one of 256 mu-law levels (categorical), or 16 bits by a "
            "mixture_of_logistics or a gaussian.",
            rich_help_panel=_NETWORK,
        ),
    ] = Head.CATEGORICAL
    layers: Annotated[
        int,
        Option(metavar="N", help="Layers of a cycle, in which dilations double from 1.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.layers
    cycles: Annotated[int, Option(metavar="N", help="Cycles of layers.", rich_help_panel=_NETWORK)] = _DEFAULTS.cycles
    residual: Annotated[int, Option(metavar="N", help="Channels of the stack.", rich_help_panel=_NETWORK)] = (
        _DEFAULTS.residual
    )
    skip: Annotated[
        int, Option(metavar="N", help="Channels of what the layers add up to.", rich_help_panel=_NETWORK)
    ] = _DEFAULTS.skip
    kernel_size: Annotated[
        int, Option(metavar="N", help="Samples that a layer combines.", rich_help_panel=_NETWORK)
    ] = _DEFAULTS.kernel_size


@dataclass(frozen=True)
class AudioTrainingOptions(TrainingOptions, StepsOrEpochs):
    """How long and where to train: as other networks, in chunks of sound."""

    steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help=f"Training steps, each on a chunk of sounds side by side; {_DEFAULTS.training.steps:,} if not given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    epochs: Annotated[
        float | None,
        Option(metavar="N", help="Instead of steps: passes over the sounds.", rich_help_panel=TRAINING),
    ] = None
    tensorboard: Annotated[
        Path | None,
        Option(
            metavar="FOLDER",
            help="Write loss, bits a sample and a second of generated sound for TensorBoard there.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    batch: Annotated[int, Option(metavar="N", help="Sounds side by side.", rich_help_panel=TRAINING)] = _DEFAULTS.batch
    chunk: Annotated[
        int, Option(metavar="N", help="Samples of each of them a training step.", rich_help_panel=TRAINING)
    ] = _DEFAULTS.chunk


@dataclass(frozen=True)
class GenerationOptions:
    """What is to be generated."""

    seconds: Annotated[float, Option(metavar="S", help="How long.", rich_help_panel=_GENERATION)] = 5.0
    seed_audio: Annotated[
        Path | None,
        Option(metavar="FILE", help="A file of sound to go on from. It is not repeated.", rich_help_panel=_GENERATION),
    ] = None
    speaker: Annotated[
        str | None,
        Option(
            metavar="NAME",
            help="Who is to speak, where the model tells speakers apart; the first if not given.",
            rich_help_panel=_GENERATION,
        ),
    ] = None
    temperature: Annotated[
        float,
        Option(metavar="T", help="Below 1 more cautious, above 1 more daring.", rich_help_panel=_GENERATION),
    ] = 1.0
    top_k: Annotated[
        int | None,
        Option(metavar="K", help="Draw among the K likeliest levels alone.", rich_help_panel=_GENERATION),
    ] = None
    top_p: Annotated[
        float | None,
        Option(
            metavar="P",
            help="Draw among the likeliest levels that together have this probability.",
            rich_help_panel=_GENERATION,
        ),
    ] = None
    seed: Annotated[
        int, Option(metavar="N", help="The same seed gives the same sound.", rich_help_panel=_GENERATION)
    ] = 0
    weights: Annotated[
        Weights,
        Option(help="bfloat16 is faster, and a little less exact.", rich_help_panel=_GENERATION),
    ] = Weights.FLOAT32
