"""The options of the translate commands, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option

from foretell.cli.options import encoding_option
from foretell.cli.training_options import TRAINING, Cell, StepsOrEpochs, TrainingOptions
from foretell.text.translation.settings import TranslatorSettings

_PAIRS = "The pairs"
_NETWORK = "The network"
_DEFAULTS = TranslatorSettings()

Encoding = Annotated[str | None, encoding_option(_PAIRS)]


class Attention(StrEnum):
    """The ways to look back at the source, by name."""

    GENERAL = "general"
    DOT = "dot"
    ADDITIVE = "additive"


@dataclass(frozen=True)
class PairOptions:
    """What to learn from, beside the files themselves."""

    validation_source: Annotated[
        Path | None,
        Option(metavar="FILE", help="Sentences to judge the training by, one a line.", rich_help_panel=_PAIRS),
    ] = None
    validation_target: Annotated[
        Path | None, Option(metavar="FILE", help="Their translations, one a line.", rich_help_panel=_PAIRS)
    ] = None
    source_column: Annotated[
        str | None,
        Option(metavar="COLUMN", help="In a table: the column to translate from.", rich_help_panel=_PAIRS),
    ] = None
    target_column: Annotated[
        str | None,
        Option(metavar="COLUMN", help="In a table: the column to translate to.", rich_help_panel=_PAIRS),
    ] = None
    encoding: Encoding = None
    longest: Annotated[
        int,
        Option(
            metavar="N",
            help="Pairs with more tokens (words and parts of words) on a side are left out.",
            rich_help_panel=_PAIRS,
        ),
    ] = _DEFAULTS.longest


@dataclass(frozen=True)
class TranslatorNetworkOptions:
    """The make of the network."""

    cell: Annotated[Cell, Option(help="The recurrent layers.", rich_help_panel=_NETWORK)] = Cell.GRU
    hidden: Annotated[
        int,
        Option(
            metavar="N",
            help="Features of the decoder, an even number; each direction of the encoder has half as many.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.hidden
    layers: Annotated[int, Option(metavar="N", help="Of encoder and decoder each.", rich_help_panel=_NETWORK)] = (
        _DEFAULTS.layers
    )
    embedding: Annotated[int, Option(metavar="N", help="Features of a token.", rich_help_panel=_NETWORK)] = (
        _DEFAULTS.embedding
    )
    attention: Annotated[
        Attention, Option(help="How the decoder looks back at the source.", rich_help_panel=_NETWORK)
    ] = Attention.GENERAL
    vocabulary: Annotated[
        int, Option(metavar="N", help="Tokens of each language, at most.", rich_help_panel=_NETWORK)
    ] = _DEFAULTS.vocabulary
    dropout: Annotated[
        float, Option(metavar="SHARE", help="Dropout, against learning by heart.", rich_help_panel=_NETWORK)
    ] = _DEFAULTS.dropout


@dataclass(frozen=True)
class TranslatorTrainingOptions(TrainingOptions, StepsOrEpochs):
    """How long and where to train."""

    steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help=f"Training steps, each on a batch of pairs; {_DEFAULTS.training.steps:,} if not given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    epochs: Annotated[
        float | None, Option(metavar="N", help="Instead of steps: passes over the pairs.", rich_help_panel=TRAINING)
    ] = None
    batch: Annotated[int, Option(metavar="N", help="Pairs a step.", rich_help_panel=TRAINING)] = _DEFAULTS.batch_size
    learning_rate: Annotated[
        float, Option(metavar="RATE", help="The highest of the run.", rich_help_panel=TRAINING)
    ] = _DEFAULTS.training.learning_rate
    label_smoothing: Annotated[
        float,
        Option(
            metavar="SHARE",
            help="Of a token's probability, how much is spread over all others: against being too sure.",
            rich_help_panel=TRAINING,
        ),
    ] = _DEFAULTS.label_smoothing
