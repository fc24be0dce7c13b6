"""The options of the classify commands, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from typer import Option

from foretell.cli.options import encoding_option
from foretell.cli.training_options import TRAINING, Cell, StepsOrEpochs, TrainingOptions
from foretell.text.classification.settings import ClassifierSettings

_TABLE = "The table"
_NETWORK = "The network"
_DEFAULTS = ClassifierSettings()


class Units(StrEnum):
    """What a text is cut into."""

    WORDS = "words"
    SUBWORDS = "subwords"


Encoding = Annotated[str | None, encoding_option(_TABLE)]


@dataclass(frozen=True)
class ClassifierTableOptions:
    """Where texts and labels are."""

    text: Annotated[str, Option(metavar="COLUMN", help="The column of texts.", rich_help_panel=_TABLE)]
    label: Annotated[str, Option(metavar="COLUMN", help="The column of labels.", rich_help_panel=_TABLE)]
    encoding: Encoding = None
    hold_out: Annotated[
        float,
        Option(
            metavar="SHARE",
            help="The share of each class that is not learned from but judged by; 0 for none.",
            rich_help_panel=_TABLE,
        ),
    ] = _DEFAULTS.validation


@dataclass(frozen=True)
class ClassifierNetworkOptions:
    """The make of the network."""

    units: Annotated[
        Units,
        Option(
            help="What a text is cut into; subwords are for scripts without spaces, such as Chinese.",
            rich_help_panel=_NETWORK,
        ),
    ] = Units.WORDS
    vocabulary: Annotated[
        int, Option(metavar="N", help="Units that the network tells apart, at most.", rich_help_panel=_NETWORK)
    ] = _DEFAULTS.vocabulary
    counted: Annotated[
        int,
        Option(
            metavar="N",
            help="Words, pairs and runs of subwords that naive Bayes counts, at most; 0 leaves all to the network.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.counted
    cell: Annotated[Cell, Option(help="The recurrent layers' cell.", rich_help_panel=_NETWORK)] = Cell.GRU
    hidden: Annotated[
        int,
        Option(metavar="N", help="Features of a layer, in each direction.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.hidden
    layers: Annotated[int, Option(metavar="N", help="Recurrent layers.", rich_help_panel=_NETWORK)] = _DEFAULTS.layers
    members: Annotated[
        int,
        Option(
            metavar="N",
            help="Networks whose probabilities are averaged: steadier, for N times the training.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.members
    dropout: Annotated[
        float,
        Option(metavar="SHARE", help="Dropout before the scores, against learning by heart.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.output_dropout
    word_dropout: Annotated[
        float,
        Option(metavar="SHARE", help="The share of a text's words that training hides.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.word_dropout


@dataclass(frozen=True)
class ClassifierTrainingOptions(TrainingOptions, StepsOrEpochs):
    """How long and where to train."""

    epochs: Annotated[
        float | None,
        Option(
            metavar="N",
            help="Passes over the texts; by their number if not given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help=f"Training steps, each on {_DEFAULTS.batch_size} texts, instead of epochs.",
            rich_help_panel=TRAINING,
        ),
    ] = None
