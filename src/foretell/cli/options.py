"""The options that commands share, in groups: their names and their help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from foretell.cli.training_options import TRAINING, StepsOrEpochs, TrainingOptions
from foretell.forecasting.settings import ForecastSettings

_DATA = "The table"
_AHEAD = "Covariates"
_FORECAST = "The forecast"
_NETWORK = "The network"
_OUTPUT = "Output"
_TALK = "Messages"
_DEFAULTS = ForecastSettings()


class Model(StrEnum):
    """The forecasting models, by name."""

    AUTO = "auto"
    PRETRAINED = "pretrained"
    RNN = "rnn"
    LSTM = "lstm"
    GRU = "gru"
    WAVENET = "wavenet"


class Preset(StrEnum):
    """The presets for the time that fitting takes, by name."""

    INSTANT = "instant"
    FAST = "fast"
    BEST = "best"


class Layout(StrEnum):
    """The layouts of series in a table."""

    AUTO = "auto"
    LONG = "long"
    WIDE = "wide"


def encoding_option(panel: str) -> Any:
    """Return the type of the option for a file's text encoding, in that panel of the help."""
    return Option(
        metavar="NAME",
        help="Encoding of the text if it is not UTF-8, such as cp1252 or latin-1.",
        rich_help_panel=panel,
    )


ModelFolder = Annotated[Path, Argument(metavar="MODEL", help="Folder of a trained model.")]


@dataclass(frozen=True)
class TableOptions:
    """The table and how to read it."""

    table: Annotated[
        str | None,
        Argument(metavar="TABLE", help="A CSV, TSV or Parquet file, optionally gzipped; - reads standard input."),
    ] = None
    demo: Annotated[
        bool,
        Option(
            "--demo",
            help="Use the demo table: Chicago's daily bus and rail boardings.",
            rich_help_panel=_DATA,
        ),
    ] = False
    time: Annotated[
        str | None,
        Option(metavar="COLUMN", help="Column of time stamps; detected if not given.", rich_help_panel=_DATA),
    ] = None
    target: Annotated[
        list[str] | None,
        Option(
            metavar="COLUMN",
            help="Column to forecast. Repeat for several columns of a wide table.",
            rich_help_panel=_DATA,
        ),
    ] = None
    id: Annotated[
        str | None,
        Option(
            metavar="COLUMN",
            help="Column that identifies the series in a long table (one row per series and time).",
            rich_help_panel=_DATA,
        ),
    ] = None
    layout: Annotated[
        Layout,
        Option(
            help="long has an id column, wide has one column per series, auto detects which.", rich_help_panel=_DATA
        ),
    ] = Layout.AUTO
    frequency: Annotated[
        str | None,
        Option(
            metavar="STEP",
            help="Length of a time step: 15min, h, D, B (business day), W, MS (month) and so on, or an integer"
            " for integer time; detected if not given.",
            rich_help_panel=_DATA,
        ),
    ] = None
    encoding: Annotated[str | None, encoding_option(_DATA)] = None


@dataclass(frozen=True)
class CovariateOptions:
    """The covariate columns that a model uses."""

    known: Annotated[
        list[str] | None,
        Option(
            metavar="COLUMN",
            help="Column whose future values are known, such as a price, a holiday or a day type. Repeat for several.",
            rich_help_panel=_AHEAD,
        ),
    ] = None
    static: Annotated[
        list[str] | None,
        Option(
            metavar="COLUMN",
            help="Column that is constant within a series, such as a region or a size. Repeat for several.",
            rich_help_panel=_AHEAD,
        ),
    ] = None


@dataclass(frozen=True)
class FutureOptions:
    """The future values of the known columns."""

    future: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="Table with the known columns for the steps to forecast, unless TABLE itself contains those rows.",
            rich_help_panel=_AHEAD,
        ),
    ] = None


@dataclass(frozen=True)
class ForecastOptions:
    """The options of the forecast itself."""

    horizon: Annotated[
        int | None,
        Option(
            "--horizon",
            "-n",
            metavar="N",
            help="Number of time steps to forecast. The demo uses 14.",
            rich_help_panel=_FORECAST,
        ),
    ] = None
    level: Annotated[
        list[int] | None,
        Option(
            metavar="PERCENT",
            help="Level of a prediction interval, in percent. Repeat for several; 80 and 95 if not given.",
            rich_help_panel=_FORECAST,
        ),
    ] = None
    season: Annotated[
        list[int] | None,
        Option(
            metavar="STEPS",
            help="Length of a season in steps, such as 7 for daily data. Repeat for several; detected if not given.",
            rich_help_panel=_FORECAST,
        ),
    ] = None
    windows: Annotated[
        int | None,
        Option(
            metavar="N",
            help="Number of backtest windows to hold out at the end of each series; 0 for no backtest. If not "
            "given, up to 3, and no more than a fifth of a series.",
            rich_help_panel=_FORECAST,
        ),
    ] = None


@dataclass(frozen=True)
class NetworkOptions:
    """The architecture of the network."""

    model: Annotated[
        Model,
        Option(
            help="auto combines a pretrained network, an LSTM and simple methods, weighted by their accuracy "
            "on held-out data; pretrained needs no training; rnn, lstm, gru (recurrent) and wavenet "
            "(causal convolutions) are trained on the table.",
            rich_help_panel=_NETWORK,
        ),
    ] = Model.AUTO
    layers: Annotated[
        int,
        Option(
            metavar="N", help="Number of layers; for wavenet, cycles of doubling dilations.", rich_help_panel=_NETWORK
        ),
    ] = _DEFAULTS.layers
    hidden: Annotated[
        int,
        Option(
            metavar="N",
            help="Hidden size of each layer; larger has more capacity and is slower.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.hidden
    layer_norm: Annotated[
        bool,
        Option(
            "--layer-norm",
            help="Use layer normalisation in the recurrent cell, to stabilise gradients.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.layer_norm
    conv_stride: Annotated[
        int,
        Option(
            metavar="N",
            help="Shorten the input with a convolution of this stride, for long-range dependencies.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.conv_stride
    dropout: Annotated[
        float,
        Option(metavar="SHARE", help="Dropout between layers, to reduce overfitting.", rich_help_panel=_NETWORK),
    ] = _DEFAULTS.dropout
    members: Annotated[
        int,
        Option(
            metavar="N",
            help="Number of networks whose forecasts are averaged: more robust, but training takes N times as long.",
            rich_help_panel=_NETWORK,
        ),
    ] = _DEFAULTS.members
    input_steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help="Number of past steps that the network reads; derived from season and horizon if not given.",
            rich_help_panel=_NETWORK,
        ),
    ] = None


@dataclass(frozen=True)
class FitOptions(TrainingOptions, StepsOrEpochs):
    """The duration and device of a forecaster's training."""

    preset: Annotated[
        Preset | None,
        Option(
            help="Training time: instant trains nothing, fast (the default) takes about half a minute, best "
            "about five minutes.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    steps: Annotated[
        int | None,
        Option(
            metavar="N",
            help=f"Training steps, each on {_DEFAULTS.batch_size} windows; until validation stops improving if not "
            "given.",
            rich_help_panel=TRAINING,
        ),
    ] = None
    epochs: Annotated[
        float | None,
        Option(
            metavar="N",
            help="Passes over the data, instead of steps; one pass is as many windows as cover every time step once.",
            rich_help_panel=TRAINING,
        ),
    ] = None


@dataclass(frozen=True)
class MessageOptions:
    """The options of a command's messages."""

    json: Annotated[
        bool, Option("--json", help="Print one JSON document instead of text and tables.", rich_help_panel=_TALK)
    ] = False
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print errors only.", rich_help_panel=_TALK)] = False
    debug: Annotated[bool, Option("--debug", help="Show the traceback of an error.", rich_help_panel=_TALK)] = False


TableOutput = Annotated[
    str | None,
    Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Output table; the extension .csv, .tsv or .parquet decides the format. - writes to standard output.",
        rich_help_panel=_OUTPUT,
    ),
]
QuoteFormulas = Annotated[
    bool,
    Option(
        "--quote-formulas",
        help="In a .csv or .tsv file, put an apostrophe before text that a spreadsheet would treat as a formula.",
        rich_help_panel=_OUTPUT,
    ),
]
ReportOutput = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="Self-contained HTML report (.html) of the forecasts, the backtest and the training.",
        rich_help_panel=_OUTPUT,
    ),
]
PictureOutput = Annotated[
    Path | None, Option(metavar="FILE", help="Plot of the forecasts (.png).", rich_help_panel=_OUTPUT)
]
ModelOutput = Annotated[
    Path | None,
    Option(
        "--save",
        "--model-folder",
        metavar="FOLDER",
        help="Folder to save the model in, for predict and backtest.",
        rich_help_panel=_OUTPUT,
    ),
]
