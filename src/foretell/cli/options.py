"""The options that commands share, in groups: how each is spelled, and what its help says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from foretell.cli.training_options import TRAINING, StepsOrEpochs, TrainingOptions
from foretell.forecasting.settings import ForecastSettings

_DATA = "The table"
_AHEAD = "What is known ahead"
_FORECAST = "The forecast"
_NETWORK = "The network"
_OUTPUT = "Output"
_TALK = "What is said"
_DEFAULTS = ForecastSettings()


class Model(StrEnum):
    """What forecasts, by name."""

    AUTO = "auto"
    PRETRAINED = "pretrained"
    RNN = "rnn"
    LSTM = "lstm"
    GRU = "gru"
    WAVENET = "wavenet"


class Preset(StrEnum):
    """How much time a fit may take, by name."""

    INSTANT = "instant"
    FAST = "fast"
    BEST = "best"


class Layout(StrEnum):
    """How series lie in a table."""

    AUTO = "auto"
    LONG = "long"
    WIDE = "wide"


def encoding_option(panel: str) -> Any:
    """How a file's text is encoded, in that panel of the help."""
    return Option(
        metavar="NAME",
        help="How text is encoded, if not in UTF-8: cp1252, latin-1 and so on.",
        rich_help_panel=panel,
    )


ModelFolder = Annotated[Path, Argument(metavar="MODEL", help="The folder of a trained model.")]


@dataclass(frozen=True)
class TableOptions:
    """The table and how to read it."""

    table: Annotated[
        str | None, Argument(metavar="TABLE", help="A CSV, TSV or Parquet file, gzipped or not; - is standard input.")
    ] = None
    demo: Annotated[
        bool,
        Option(
            "--demo",
            help="Take Chicago's daily bus and rail boardings, which come with foretell, as the table.",
            rich_help_panel=_DATA,
        ),
    ] = False
    time: Annotated[
        str | None,
        Option(metavar="COLUMN", help="The column of time stamps. It is found if not given.", rich_help_panel=_DATA),
    ] = None
    target: Annotated[
        list[str] | None,
        Option(
            metavar="COLUMN",
            help="The column to forecast; several of a wide table by repeating it.",
            rich_help_panel=_DATA,
        ),
    ] = None
    id: Annotated[
        str | None,
        Option(
            metavar="COLUMN",
            help="The column that names the series, in a table of one row a series and time (long).",
            rich_help_panel=_DATA,
        ),
    ] = None
    layout: Annotated[
        Layout, Option(help="Long has an id column, wide one column a series; auto finds out.", rich_help_panel=_DATA)
    ] = Layout.AUTO
    frequency: Annotated[
        str | None,
        Option(
            metavar="STEP",
            help="One time step, such as 15min, h, D, B (business day), W, MS (month) or, for integer time, 1.",
            rich_help_panel=_DATA,
        ),
    ] = None
    encoding: Annotated[str | None, encoding_option(_DATA)] = None


@dataclass(frozen=True)
class CovariateOptions:
    """The columns beside target and time that a model is to use."""

    known: Annotated[
        list[str] | None,
        Option(
            metavar="COLUMN",
            help="A column whose future is known: a price, a holiday, a day type. Repeat it for more.",
            rich_help_panel=_AHEAD,
        ),
    ] = None
    static: Annotated[
        list[str] | None,
        Option(
            metavar="COLUMN",
            help="A column that never changes within a series: a region, a size. Repeat it for more.",
            rich_help_panel=_AHEAD,
        ),
    ] = None


@dataclass(frozen=True)
class FutureOptions:
    """Where the known columns' future is."""

    future: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="A table with the known columns for the steps to be forecast, unless TABLE itself has rows for them.",
            rich_help_panel=_AHEAD,
        ),
    ] = None


@dataclass(frozen=True)
class ForecastOptions:
    """What to forecast."""

    horizon: Annotated[
        int | None,
        Option(
            "--horizon", "-n", metavar="N", help="Time steps to forecast. The demo takes 14.", rich_help_panel=_FORECAST
        ),
    ] = None
    level: Annotated[
        list[int] | None,
        Option(
            metavar="PERCENT",
            help="An interval to hold this share of what comes. Repeat it for more; 80 and 95 if not given.",
            rich_help_panel=_FORECAST,
        ),
    ] = None
    season: Annotated[
        list[int] | None,
        Option(
            metavar="STEPS",
            help="Steps after which a pattern repeats, such as 7 for days. Repeat it for more; found if not given.",
            rich_help_panel=_FORECAST,
        ),
    ] = None
    windows: Annotated[
        int | None,
        Option(
            metavar="N",
            help="Backtest windows to hold out at the end of each series; 0 for no backtest. Up to 3, and no more than "
            "a fifth of a series, if not given.",
            rich_help_panel=_FORECAST,
        ),
    ] = None


@dataclass(frozen=True)
class NetworkOptions:
    """The make of the network."""

    model: Annotated[
        Model,
        Option(
            help="auto mixes a pretrained network, an lstm and simple methods as held-out data decide; pretrained "
            "needs no training; trained on the table: rnn, lstm, gru (recurrent), wavenet (causal convolutions).",
            rich_help_panel=_NETWORK,
        ),
    ] = Model.AUTO
    layers: Annotated[
        int, Option(metavar="N", help="Layers; of a wavenet, cycles of doubling dilations.", rich_help_panel=_NETWORK)
    ] = _DEFAULTS.layers
    hidden: Annotated[
        int,
        Option(metavar="N", help="Features of a layer: more remember more, and take longer.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.hidden
    layer_norm: Annotated[
        bool,
        Option(
            "--layer-norm",
            help="Normalise within the recurrent cell, against unstable gradients.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.layer_norm
    conv_stride: Annotated[
        int,
        Option(
            metavar="N",
            help="Shorten the input by a convolution with this stride, for long memories.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.conv_stride
    dropout: Annotated[
        float,
        Option(metavar="SHARE", help="Dropout between layers, against learning by heart.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.dropout
    members: Annotated[
        int,
        Option(
            metavar="N",
            help="Networks whose forecasts are averaged: steadier, for N times the training.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.members
    input_steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help="Past steps that the network reads; from season and horizon if not given.",
            rich_help_panel=_NETWORK,
        ),
    ] = None


@dataclass(frozen=True)
class FitOptions(TrainingOptions, StepsOrEpochs):
    """How long and where to train forecasters."""

    preset: Annotated[
        Preset | None,
        Option(
            help="How much time to take: instant trains nothing, fast takes about half a minute, best about five. Fast "
            "if not given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help=f"Training steps, each on {_DEFAULTS.batch_size} windows; as many as validation finds right if not "
            "given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    epochs: Annotated[
        float | None,
        Option(
            metavar="N",
            help="Instead of steps: passes over the data, each as many windows as cover every time step once.",
            rich_help_panel=TRAINING,
        ),
    ] = None


@dataclass(frozen=True)
class TalkOptions:
    """What is said, and to whom."""

    json: Annotated[
        bool, Option("--json", help="Print one JSON document instead of words and tables.", rich_help_panel=_TALK)
    ] = False
    quiet: Annotated[bool, Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=_TALK)] = False
    debug: Annotated[bool, Option("--debug", help="Show the traceback of an error.", rich_help_panel=_TALK)] = False


TableOutput = Annotated[
    str | None,
    Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The table, as .csv, .tsv or .parquet by its name's ending; - is standard output.",
        rich_help_panel=_OUTPUT,
    ),
]
QuoteFormulas = Annotated[
    bool,
    Option(
        "--quote-formulas",
        help="In a .csv or .tsv, put an apostrophe before text that a spreadsheet would take for a formula.",
        rich_help_panel=_OUTPUT,
    ),
]
ReportOutput = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="A page (.html) of forecasts, backtest and training, complete in one file.",
        rich_help_panel=_OUTPUT,
    ),
]
PictureOutput = Annotated[
    Path | None, Option(metavar="FILE", help="A picture (.png) of the forecasts.", rich_help_panel=_OUTPUT)
]
ModelOutput = Annotated[
    Path | None,
    Option(
        "--save",
        "--model-folder",
        metavar="FOLDER",
        help="Keep the model there, for predict and backtest.",
        rich_help_panel=_OUTPUT,
    ),
]
