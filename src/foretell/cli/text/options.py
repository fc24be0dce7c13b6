"""The options of the text commands, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from typer import Option

from foretell.cli.options import encoding_option
from foretell.cli.training_options import TRAINING, Cell, TrainingOptions
from foretell.text.language.settings import LanguageSettings

_TEXT = "The text"
_NETWORK = "The network"
_WRITTEN = "What is written"
_CHOICE = "How characters are chosen"
_DEFAULTS = LanguageSettings()


Encoding = Annotated[str | None, encoding_option(_TEXT)]


@dataclass(frozen=True)
class ReadingOptions:
    """How to read the text."""

    encoding: Encoding = None
    hold_out: Annotated[
        float,
        Option(
            metavar="SHARE",
            help="The share at the text's end that is not learned from but judged by; 0 for none.",
            rich_help_panel=_TEXT,
        ),
    ] = 0.05


@dataclass(frozen=True)
class LanguageNetworkOptions:
    """The make of the network."""

    cell: Annotated[Cell, Option(help="The recurrent layers' cell.", rich_help_panel=_NETWORK)] = Cell.LSTM
    hidden: Annotated[
        int,
        Option(metavar="N", help="Features of a layer: more remember more, and take longer.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.hidden
    layers: Annotated[int, Option(metavar="N", help="Recurrent layers.", rich_help_panel=_NETWORK)] = _DEFAULTS.layers
    dropout: Annotated[
        float,
        Option(metavar="SHARE", help="Dropout behind each layer, against learning by heart.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.dropout
    recurrent_dropout: Annotated[
        float,
        Option(metavar="SHARE", help="Dropout on the state that a layer is fed again.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.recurrent_dropout
    streams: Annotated[
        int,
        Option(metavar="N", help="Places of the text that are read side by side.", rich_help_panel=TRAINING),
    ] = _DEFAULTS.streams
    chunk: Annotated[
        int,
        Option(
            metavar="N",
            help="Characters of each that a step reads, and that a gradient reaches back. The state goes on.",
            rich_help_panel=TRAINING,
        ),
    ] = _DEFAULTS.chunk


@dataclass(frozen=True)
class LanguageTrainingOptions(TrainingOptions):
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
class WrittenOptions:
    """What to write."""

    start: Annotated[
        str,
        Option(metavar="TEXT", help="What it goes on from; otherwise from a beginning.", rich_help_panel=_WRITTEN),
    ] = ""
    length: Annotated[int, Option(metavar="N", help="New characters to write.", rich_help_panel=_WRITTEN)] = 500


@dataclass(frozen=True)
class CharacterOptions:
    """How each character is drawn."""

    temperature: Annotated[
        float,
        Option(
            metavar="T",
            help="Below 1 the likely characters come more often, above 1 less often.",
            rich_help_panel=_CHOICE,
        ),
    ] = 1.0
    top_k: Annotated[
        int | None,
        Option(
            metavar="K", help="Only the K likeliest characters; 1 is always the likeliest.", rich_help_panel=_CHOICE
        ),
    ] = None
    top_p: Annotated[
        float | None,
        Option(
            metavar="P", help="Only the fewest characters that together have this probability.", rich_help_panel=_CHOICE
        ),
    ] = None
    seed: Annotated[int, Option(metavar="N", help="The same seed gives the same text.", rich_help_panel=_CHOICE)] = 0
