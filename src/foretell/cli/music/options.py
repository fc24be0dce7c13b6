"""The options of the music commands, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option

from foretell.cli.training_options import TRAINING, TrainingOptions
from foretell.music.settings import MusicSettings

_NETWORK = "The network"
_PIECE = "The piece"
_CHOICE = "How notes are chosen"
_DEFAULTS = MusicSettings()


class Body(StrEnum):
    """The networks, by name."""

    LSTM = "lstm"
    GRU = "gru"
    WAVENET = "wavenet"
    CONV_LSTM = "conv-lstm"


@dataclass(frozen=True)
class MusicNetworkOptions:
    """The make of the network."""

    body: Annotated[
        Body,
        Option(
            help="A recurrent net (lstm, gru), stacked causal convolutions (wavenet), or convolutions and an LSTM.",
            rich_help_panel=_NETWORK,
        ),
    ] = Body.WAVENET
    hidden: Annotated[
        int | None,
        Option(
            metavar="N",
            help="Features of a recurrent layer, residual channels of a wavenet; by the body if not given.",
            rich_help_panel=_NETWORK,
        ),
    ] = None
    layers: Annotated[
        int | None,
        Option(
            metavar="N", help="Recurrent layers; of a wavenet, cycles of doubling dilations.", rich_help_panel=_NETWORK
        ),
    ] = None
    dropout: Annotated[
        float | None,
        Option(
            metavar="SHARE",
            help="Dropout before and after the recurrent layers, against learning by heart; 0.2 if not given. A "
            "wavenet has none.",
            rich_help_panel=_NETWORK,
        ),
    ] = None
    semitones: Annotated[
        int,
        Option(
            metavar="N",
            help="What is learned from is moved up or down by up to so many semitones; 0 keeps every key.",
            rich_help_panel=TRAINING,
        ),
    ] = _DEFAULTS.semitones


@dataclass(frozen=True)
class MusicTrainingOptions(TrainingOptions):
    """How long and where to train."""

    steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help=f"Training steps; {_DEFAULTS.training.steps:,} if not given.",
            rich_help_panel=TRAINING,
        ),
    ] = None


@dataclass(frozen=True)
class PieceOptions:
    """What to compose."""

    chords: Annotated[
        int | None,
        Option(metavar="N", help="New chords to compose, each a sixteenth; 256 if not given.", rich_help_panel=_PIECE),
    ] = None
    seconds: Annotated[
        float | None,
        Option(metavar="S", help="Instead of chords: how long they sound, by the tempo.", rich_help_panel=_PIECE),
    ] = None
    start: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help="A chorale (.csv, .mid) whose beginning the piece goes on from.",
            rich_help_panel=_PIECE,
        ),
    ] = None
    start_chords: Annotated[
        int, Option(metavar="N", help="How many chords of that file are taken.", rich_help_panel=_PIECE)
    ] = 16
    tempo: Annotated[float, Option(metavar="BPM", help="Beats a minute.", rich_help_panel=_PIECE)] = 90.0


@dataclass(frozen=True)
class ChoiceOptions:
    """How each note is drawn."""

    temperature: Annotated[
        float,
        Option(
            metavar="T",
            help="Below 1 the likely notes come more often, above 1 less often.",
            rich_help_panel=_CHOICE,
        ),
    ] = 1.0
    top_k: Annotated[
        int | None,
        Option(metavar="K", help="Only the K likeliest notes; 1 is always the likeliest.", rich_help_panel=_CHOICE),
    ] = None
    top_p: Annotated[
        float | None,
        Option(metavar="P", help="Only the fewest notes that together have this probability.", rich_help_panel=_CHOICE),
    ] = None
    seed: Annotated[int, Option(metavar="N", help="The same seed gives the same piece.", rich_help_panel=_CHOICE)] = 0
