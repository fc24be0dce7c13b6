"""The options of the caption commands, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from foretell.caption.settings import CaptionSettings
from foretell.cli.options import encoding_option
from foretell.cli.training_options import TRAINING, TrainingOptions

_DATA = "The table"
_NETWORK = "The network"
_DEFAULTS = CaptionSettings()


@dataclass(frozen=True)
class CaptionTableOptions:
    """The table of captions and how to read it."""

    captions: Annotated[
        Path,
        Option(
            metavar="TABLE",
            help="A CSV, TSV or Parquet file with a row a caption: a picture's file name, and what is said of it.",
            rich_help_panel=_DATA,
        ),
    ]
    image: Annotated[
        str | None,
        Option(
            metavar="COLUMN",
            help="The column of file names, as they are within FOLDER. It is found if not given.",
            rich_help_panel=_DATA,
        ),
    ] = None
    caption: Annotated[
        str | None,
        Option(metavar="COLUMN", help="The column of captions. It is found if not given.", rich_help_panel=_DATA),
    ] = None
    encoding: Annotated[str | None, encoding_option(_DATA)] = None


@dataclass(frozen=True)
class CaptionNetworkOptions:
    """The make of the network."""

    size: Annotated[
        int,
        Option(
            metavar="PIXELS",
            help="Every picture becomes a square of this side, its aspect kept: larger shows more, and takes longer.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.size
    channels: Annotated[
        int,
        Option(
            metavar="N",
            help="Channels of the first convolution; the next have twice and four times as many.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.channels
    hidden: Annotated[int, Option(metavar="N", help="Features of the recurrent layer.", rich_help_panel=_NETWORK)] = (
        _DEFAULTS.hidden
    )
    attention: Annotated[
        bool,
        Option(
            help="Whether each word looks at the places of the picture anew, or all come from one vector.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.attention
    dropout: Annotated[
        float, Option(metavar="SHARE", help="Dropout, against learning by heart.", rich_help_panel=_NETWORK)
    ] = _DEFAULTS.dropout
    vocabulary: Annotated[
        int, Option(metavar="N", help="Words and parts of words, at most.", rich_help_panel=_NETWORK)
    ] = _DEFAULTS.vocabulary


@dataclass(frozen=True)
class CaptionTrainingOptions(TrainingOptions):
    """How long and where to train."""

    steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help=f"Training steps, each on {_DEFAULTS.batch_size} pictures; {_DEFAULTS.training.steps:,} if not given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    shift: Annotated[
        int,
        Option(
            metavar="PIXELS",
            help="In training each picture is moved by up to so many of its pixels; 0 leaves it alone.",
            rich_help_panel=TRAINING,
        ),
    ] = _DEFAULTS.shift
