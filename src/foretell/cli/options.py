"""The options of commands besides those that a kind of model declares, in groups."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from foretell.declaration import COVARIATES, DATA, FORECAST, LENGTH, MESSAGES, NETWORK, OUTPUT, TRAINING, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.forecasting.settings import LONGER, OF_GIVEN_LENGTH, ForecastSettings, ModelName, PresetName
from foretell.model.answer import TableOutput
from foretell.model.source import Encoding
from foretell.training.settings import NO_BOUND

ModelFolder = Annotated[Path, Setting("Folder of a trained model.", positional=True)]
Device = Annotated[str, Setting("Where to compute: auto, cpu, cuda, mps or, for one of several, cuda:1.", TRAINING)]


@dataclass(frozen=True)
class MessageOptions:
    """The options of a command's messages."""

    json: Annotated[bool, Setting("Print one JSON document instead of text and tables.", MESSAGES)] = False
    quiet: Annotated[bool, Setting("Print errors only.", MESSAGES, short="-q")] = False
    debug: Annotated[bool, Setting("Show the traceback of an error.", MESSAGES)] = False


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The device of training, and the files that it writes on the way."""

    device: Device = "auto"
    checkpoint: Annotated[
        Path | None,
        Setting(
            "Folder for checkpoints, from which an interrupted training resumes; deleted at the end. Next to the "
            "output if not given.",
            TRAINING,
            metavar="FOLDER",
        ),
    ] = None
    tensorboard: Annotated[
        Path | None, Setting("Folder for loss and gradient norms, for TensorBoard.", TRAINING, metavar="FOLDER")
    ] = None


@dataclass(frozen=True, kw_only=True)
class NewModelOptions(RunOptions):
    """The options of a training that writes a model."""

    out: Annotated[Path, Setting("Folder to save the model in.", OUTPUT, metavar="FOLDER", short="-o")]


@dataclass(frozen=True)
class TableOptions:
    """The table and how to read it."""

    table: Annotated[
        str | None,
        Setting(
            "A CSV, TSV, Parquet, Arrow, Excel or JSON lines file, optionally gzipped, or its address (s3://, gs://, "
            "az://, https://); - reads standard input.",
            positional=True,
        ),
    ] = None
    sql: Annotated[str | None, Setting("Query of --database whose result is the table.", DATA, metavar="QUERY")] = None
    database: Annotated[
        str | None,
        Setting(
            "Address of a database: sqlite:///sales.db, duckdb:///sales.duckdb or postgresql://user@host/database.",
            DATA,
            metavar="ADDRESS",
        ),
    ] = None
    demo: Annotated[bool, Setting("Use the demo table: Chicago's daily bus and rail boardings.", DATA)] = False
    time: Annotated[str | None, Setting("Column of time stamps; detected if not given.", DATA, metavar="COLUMN")] = None
    target: Annotated[
        tuple[str, ...] | None,
        Setting("Column to forecast. Repeat for several columns of a wide table.", DATA, metavar="COLUMN"),
    ] = None
    id: Annotated[
        str | None,
        Setting(
            "Column that identifies the series in a long table (one row per series and time).", DATA, metavar="COLUMN"
        ),
    ] = None
    layout: Annotated[
        Literal["auto", "long", "wide"],
        Setting("long has an id column, wide has one column per series, auto detects which.", DATA),
    ] = "auto"
    frequency: Annotated[
        str | None,
        Setting(
            "Length of a time step: 15min, h, D, B (business day), W, MS (month) and so on, or an integer for integer "
            "time; detected if not given.",
            DATA,
            metavar="STEP",
        ),
    ] = None
    aggregate: Annotated[
        Literal["sum", "mean", "median", "min", "max", "first", "last", "count"] | None,
        Setting(
            "How several rows of a series within one step become one: sum for sales, mean for measurements. With sum "
            "and count, steps without a row are 0.",
            DATA,
        ),
    ] = None
    encoding: Encoding = None


@dataclass(frozen=True)
class HierarchyOptions:
    """The levels of a hierarchy."""

    hierarchy: Annotated[
        str | None,
        Setting(
            'Columns from the top down, such as "region > shop > item": the series of every level are forecast, and '
            "the forecasts add up.",
            DATA,
            metavar="COLUMNS",
        ),
    ] = None


@dataclass(frozen=True)
class CovariateOptions:
    """What a model uses of a table: covariate columns, and values that may be wrong."""

    known: Annotated[
        tuple[str, ...],
        Setting(
            "Column whose future values are known, such as a price, a holiday or a day type. Repeat for several.",
            COVARIATES,
            metavar="COLUMN",
        ),
    ] = ()
    past: Annotated[
        tuple[str, ...],
        Setting(
            "Column known up to now and no further, such as measured weather or a competitor's price. Repeat for "
            "several.",
            COVARIATES,
            metavar="COLUMN",
        ),
    ] = ()
    holidays: Annotated[
        tuple[str, ...],
        Setting(
            "Country, region or stock exchange whose public holidays are known in advance: US, DE-BY, NYSE. Repeat for "
            "several.",
            COVARIATES,
            metavar="PLACE",
        ),
    ] = ()
    static: Annotated[
        tuple[str, ...],
        Setting(
            "Column that is constant within a series, such as a region or a size. Repeat for several.",
            COVARIATES,
            metavar="COLUMN",
        ),
    ] = ()
    keep_outliers: Annotated[
        bool,
        Setting(
            "Use values 100 times as far from the median of their series as all usual ones, which are otherwise read "
            "as missing.",
            DATA,
        ),
    ] = False


@dataclass(frozen=True)
class FutureOptions:
    """The future values of the known columns."""

    future: Annotated[
        tuple[str, ...],
        Setting(
            "Table with the known columns for the steps to forecast, unless TABLE itself contains those rows. Repeat "
            "for several plans, which are all forecast and compared.",
            COVARIATES,
            metavar="FILE",
        ),
    ] = ()


@dataclass(frozen=True)
class ForecastOptions:
    """The length of the forecast and its intervals."""

    horizon: Annotated[
        int | None, Setting("Number of time steps to forecast. The demo uses 14.", FORECAST, short="-n")
    ] = None
    level: Annotated[
        tuple[int, ...],
        Setting("Level of a prediction interval, in percent. Repeat for several.", FORECAST, metavar="PERCENT"),
    ] = (80, 95)


@dataclass(frozen=True)
class SampleOptions:
    """Sample paths of a forecast."""

    samples: Annotated[
        int | None,
        Setting(
            "Number of sample paths to draw: possible futures whose steps and series go together as their errors did, "
            "for totals and other sums.",
            FORECAST,
            at_least=1,
        ),
    ] = None
    samples_output: Annotated[
        str | None,
        Setting(
            "Table of the sample paths; ./forecast/samples.csv if no output is named.",
            OUTPUT,
            metavar="FILE",
        ),
    ] = None

    def __post_init__(self) -> None:
        settle_fields(self)
        if self.samples_output is not None and self.samples is None:
            raise SettingsError("--samples-output names a table of sample paths: say with --samples how many to draw")


@dataclass(frozen=True, kw_only=True)
class FitOptions(RunOptions):
    """The model, its settings and its training."""

    model: Annotated[
        ModelName,
        Setting(
            "auto combines a pretrained network, an LSTM and simple methods, weighted by their accuracy on held-out "
            "data; pretrained needs no training; rnn, lstm, gru (recurrent) and wavenet (causal convolutions) are "
            "trained on the table.",
            NETWORK,
        ),
    ] = "auto"
    preset: Annotated[
        PresetName | None,
        Setting(
            "Training time: instant trains nothing, fast (the default) takes about half a minute, best about five "
            "minutes.",
            TRAINING,
            exclusive=LENGTH,
        ),
    ] = None
    epochs: Annotated[
        float | None,
        Setting(
            "Passes over the data, instead of steps; one pass is as many windows as cover every time step once.",
            TRAINING,
            above=0,
            metavar="N",
            exclusive=LENGTH,
        ),
    ] = None
    settings: ForecastSettings = field(default_factory=ForecastSettings)
    given: frozenset[str] = frozenset()
    """The names of the options that were given."""

    def __post_init__(self) -> None:
        settle_fields(self)

    @classmethod
    def defaults_for(cls, given: Collection[str]) -> FitOptions:
        """Return the defaults of the options that are not `given`, which depend on how the length of training is."""
        settings = ForecastSettings()
        if {"steps", "epochs"} & set(given):
            settings = replace(settings, training=OF_GIVEN_LENGTH)
        elif "minutes" in given:
            settings = replace(settings, training=replace(LONGER, steps=NO_BOUND))
        return cls(settings=settings, given=frozenset(given))


@dataclass(frozen=True)
class ReportOutput(TableOutput):
    """The files that a table of results is written to, and drawn in."""

    report: Annotated[
        Path | None,
        Setting("Self-contained HTML report (.html).", OUTPUT),
    ] = None
    png: Annotated[Path | None, Setting("Plot of the series (.png).", OUTPUT)] = None


@dataclass(frozen=True)
class ForecastOutput(ReportOutput):
    """The files that a forecast is written to, and the table of a database."""

    out_table: Annotated[
        str | None,
        Setting(
            "Table of --database to add the forecast to, in one transaction; made if it is not there.",
            OUTPUT,
            metavar="NAME",
        ),
    ] = None
    replace_rows: Annotated[
        bool, Setting("Delete the rows that --out-table holds, in the same transaction.", OUTPUT)
    ] = False


ModelOutput = Annotated[
    Path | None,
    Setting("Folder to save the model in, for predict and backtest.", OUTPUT, metavar="FOLDER"),
]
