"""The arguments of each tool, declared once for their check and for the schema that agents read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from foretell.declaration import COVARIATES, DATA, FORECAST, OUTPUT, TRAINING, Setting
from foretell.field_types import settle_fields
from foretell.forecasting.anomalies.anomalies import PROBABILITY
from foretell.forecasting.holdout import WINDOWS
from foretell.forecasting.settings import PresetName
from foretell.forecasting.tables.question import TableQuestion

_MOST_ROWS = 1_000

Table = Annotated[str, Setting("Path of the table, from the folder of this server on.", DATA)]
Model = Annotated[
    str | None, Setting("Path of a saved model. Without it a forecaster is fitted to the table.", FORECAST)
]
Horizon = Annotated[
    int | None, Setting("Number of steps to forecast; needed unless a saved model is named.", FORECAST, at_least=1)
]
Level = Annotated[
    tuple[int, ...] | None, Setting("Levels of the intervals, in percent; 80 and 95 if not given.", FORECAST)
]
Preset = Annotated[
    PresetName,
    Setting(
        "Length of training: instant trains nothing and answers within seconds, fast trains for about half a minute, "
        "best for about five.",
        TRAINING,
    ),
]
Output = Annotated[str | None, Setting("Path of the table to write, such as forecast.csv or forecast.parquet.", OUTPUT)]
Overwrite = Annotated[bool, Setting("Replace what is there under the names to write.", OUTPUT)]
Rows = Annotated[
    int,
    Setting("Number of first rows of data to include in the answer; none if not given.", OUTPUT, at_least=0,
            at_most=_MOST_ROWS),
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LookQuestion(TableQuestion):
    """A table to be looked at."""

    table: Table
    rows: Rows = 0


@dataclass(frozen=True, kw_only=True)
class ForecastQuestion(TableQuestion):
    """A table to be forecast."""

    table: Table
    output: Annotated[str, Setting("Path of the forecast to write, such as forecast.csv.", OUTPUT)]
    horizon: Horizon = None
    level: Level = None
    model: Model = None
    preset: Preset = "instant"
    future: Annotated[
        str | None,
        Setting(
            "Path of a table with the known columns of the steps to forecast, unless the table has them.", COVARIATES
        ),
    ] = None
    save: Annotated[str | None, Setting("Path of a folder to save the fitted model in.", OUTPUT)] = None
    overwrite: Overwrite = False
    rows: Rows = 0


@dataclass(frozen=True, kw_only=True)
class BacktestQuestion(TableQuestion):
    """A model to be tested on the past of a table."""

    table: Table
    model: Model = None
    horizon: Horizon = None
    level: Level = None
    preset: Preset = "instant"
    windows: Annotated[
        int | None, Setting("Number of past horizons to forecast, at the end of each series.", FORECAST, at_least=1)
    ] = None
    output: Output = None
    overwrite: Overwrite = False
    rows: Rows = 0


@dataclass(frozen=True, kw_only=True)
class ExplainQuestion:
    """A saved model whose covariates are to be judged on a table."""

    table: Table
    model: Annotated[
        str, Setting("Path of a saved model that was fitted with known, past or static columns.", FORECAST)
    ]
    windows: Annotated[int, Setting("Number of past horizons to judge on.", FORECAST, at_least=1)] = WINDOWS

    def __post_init__(self) -> None:
        settle_fields(self)


@dataclass(frozen=True, kw_only=True)
class AnomalyQuestion(TableQuestion):
    """A table whose unlikely values are to be found."""

    table: Table
    output: Output = None
    probability: Annotated[
        float,
        Setting("Values that are less likely than this, given those before and after them, are anomalies.", FORECAST,
                above=0, at_most=0.1),
    ] = PROBABILITY  # fmt: skip
    overwrite: Overwrite = False
    rows: Rows = 0
