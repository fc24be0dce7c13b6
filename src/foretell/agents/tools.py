"""What agents can do: each tool reads and writes files of one folder, and answers with paths, shapes and findings.

No answer holds a row of data unless `rows` asks for some.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import polars as pl

from foretell.agents.allowed_folder import AllowedFolder
from foretell.agents.questions import (
    AnomalyQuestion,
    BacktestQuestion,
    ExplainQuestion,
    ForecastQuestion,
    LookQuestion,
)
from foretell.errors import SettingsError, TableError
from foretell.forecasting.anomalies.anomalies import find_anomalies
from foretell.forecasting.backtesting.backtest import Backtest
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.holdout import WINDOWS
from foretell.forecasting.seasons.detection import find_seasons
from foretell.forecasting.tables.columns import Columns
from foretell.forecasting.tables.findings import Findings
from foretell.forecasting.tables.look import look
from foretell.forecasting.tables.reading import Reading
from foretell.forecasting.tables.series_file import read_series
from foretell.tables.files import write_table
from foretell.training.history import Progress

Answer = dict[str, Any]
_LEVELS = (80, 95)


@dataclass(frozen=True)
class Work:
    """What a tool needs besides its arguments."""

    folder: AllowedFolder
    device: str
    report: Callable[[float, str], None]
    """Takes the share that is done and what is being done; raises where the work is to stop."""

    def on_progress(self, phase: str, progress: Progress) -> None:
        """Tell of a step of training."""
        self.report(progress.fraction, phase)

    def read(self, given: str, columns: Columns, encoding: str | None) -> pl.DataFrame:
        """Read a table of the folder. Raises TableError for what is none."""
        return read_series(self.folder.table(given), columns, encoding)

    def load(self, given: str) -> Forecaster:
        """Load a model of the folder. Raises ModelError for what is none."""
        return Forecaster.load(self.folder.model(given), self.device)

    def write(self, table: pl.DataFrame, path: Path) -> Answer:
        """Write a table, and return where it is and its shape."""
        self.report(1.0, "writing")
        write_table(table, path)
        return {"path": self.folder.name_of(path), "shape": list(table.shape), "columns": table.columns}


def look_at_table(work: Work, asked: LookQuestion) -> Answer:
    """Say what is in a table, before anything is fitted: its columns and their roles, the layout, time stamps and time
    zone, frequency, number and lengths of series, gaps, missing values and seasons, and a horizon that suits it. What
    was not detected well is corrected by the other arguments, here and in the other tools alike."""
    table = work.read(asked.table, asked.columns, asked.encoding)
    reading = Reading.of(table, asked.columns)
    panel = reading.observed
    if len(panel):
        seasons = find_seasons(panel, panel.history, panel.frequency.seasons)
        reading = replace(reading, findings=replace(reading.findings, seasons=seasons))
    return {
        "path": work.folder.name_of(work.folder.table(asked.table)),
        "shape": list(table.shape),
        **look(table, reading),
        **_first_rows(table, asked.rows),
    }


def forecast(work: Work, asked: ForecastQuestion) -> Answer:
    """Forecast every series of a table with calibrated intervals, and write the forecast to a file: unique_id, ds, the
    median, and the bounds of each interval. Uses a saved model, or fits a forecaster to the table; the answer has its
    backtest beside simple baselines, so compare before you trust it. Known columns need values for the steps to
    forecast, as rows at the end of the table without a target, or in a table of their own (`future`)."""
    out = _new_table(work, asked.output, asked, asked.table, asked.future)
    save = None if asked.save is None else work.folder.new_model(asked.save, overwrite=asked.overwrite)
    if save is not None and asked.model is not None:
        raise SettingsError("the model is saved already: leave save or model out")
    columns = asked.columns
    forecaster = _saved(work, asked) or _new(work, asked)
    if asked.model is not None:
        columns = asked.columns_for(forecaster.fitted_model.columns)
    table = work.read(asked.table, columns, asked.encoding)
    future = None if asked.future is None else work.read(asked.future, columns, asked.encoding)
    answer: Answer = {}
    if asked.model is not None:
        reading = forecaster.read(table, future, columns)
    else:
        reading = Reading.of(table, columns).looking_ahead(future, forecaster.horizon)
        forecaster.fit(reading, on_progress=work.on_progress)
        answer["chosen"] = forecaster.fitted_model.choice
        answer["backtest"] = _tested(forecaster)
        reading = forecaster.reading
    work.report(1.0, "forecasting")
    made = cast(pl.DataFrame, forecaster.table_of(reading, forecaster.forecast(reading)))
    written = work.write(made, out)
    if save is not None:
        forecaster.save(save)
        answer["model"] = work.folder.name_of(save)
    return {
        **written,
        "horizon": forecaster.horizon,
        "levels": list(forecaster.levels),
        "findings": _findings(reading.findings),
        **answer,
        **_first_rows(made, asked.rows),
    }


def backtest(work: Work, asked: BacktestQuestion) -> Answer:
    """Test forecasts on the past: the last windows of each series are forecast from the data before them, and scored
    beside simple baselines, with the coverage of the intervals. Tests a saved model on windows that it was not fitted
    to, or fits a forecaster to the data before the first window. May write forecasts and actual values to a file."""
    out = _new_table(work, asked.output, asked, asked.table)
    saved = _saved(work, asked)
    if saved is not None:
        table = work.read(asked.table, asked.columns_for(saved.fitted_model.columns), asked.encoding)
        found = saved.backtest(table, windows=asked.windows)
        findings = saved.findings
    else:
        fresh = _new(work, asked)
        reading = Reading.of(work.read(asked.table, asked.columns, asked.encoding), asked.columns)
        fresh.cross_validation(reading, n_windows=asked.windows or WINDOWS, on_progress=work.on_progress)
        assert fresh.validation is not None
        found, findings = fresh.validation, reading.findings
    table = cast(pl.DataFrame, found.table)
    written = {} if out is None else work.write(table, out)
    return {**written, "findings": _findings(findings), "backtest": found.summary(), **_first_rows(table, asked.rows)}


def explain(work: Work, asked: ExplainQuestion) -> Answer:
    """Say what each known, past and static column of a saved model is worth: how much worse its forecasts of
    windows of the past become when a column has the values of other windows. A change of 0.1 is a tenth more error."""
    forecaster = work.load(asked.model)
    table = work.read(asked.table, forecaster.fitted_model.columns, None)
    effects = cast(pl.DataFrame, forecaster.explain(table, windows=asked.windows))
    return {"findings": _findings(forecaster.findings), "effects": effects.to_dicts()}


def anomalies(work: Work, asked: AnomalyQuestion) -> Answer:
    """Find values that are unlikely beside those before and after them, without labels and without training. May
    write them to a file: unique_id, ds, y, what was expected, its bounds, the probability, and the size in spreads."""
    out = _new_table(work, asked.output, asked, asked.table)
    table = work.read(asked.table, asked.columns, asked.encoding)
    found = find_anomalies(table, probability=asked.probability, columns=asked.columns)
    unlikely = cast(pl.DataFrame, found.table).sort("probability")
    written = {} if out is None else work.write(unlikely, out)
    return {
        **written,
        "findings": _findings(found.findings),
        "judged": found.judged,
        "anomalies": len(unlikely),
        "sentence": found.sentence,
        **_first_rows(unlikely, asked.rows),
    }


def _saved(work: Work, asked: ForecastQuestion | BacktestQuestion) -> Forecaster | None:
    """Return the saved model that is asked for, with horizon and levels as asked."""
    if asked.model is None:
        return None
    return work.load(asked.model).asked(asked.horizon, asked.level)


def _new(work: Work, asked: ForecastQuestion | BacktestQuestion) -> Forecaster:
    if asked.horizon is None:
        raise SettingsError("horizon is missing: say how many steps to forecast, or name a saved model")
    levels = _LEVELS if asked.level is None else asked.level
    return Forecaster(
        horizon=asked.horizon, levels=levels, columns=asked.columns, preset=asked.preset, device=work.device
    )


def _tested(forecaster: Forecaster) -> Answer:
    """Return the backtest of a forecaster that was just fitted, or why there is none."""
    try:
        found: Backtest = forecaster.backtest()
    except (SettingsError, TableError) as error:
        return {"untested": str(error)}
    return found.summary()


def _new_table(
    work: Work,
    given: str | None,
    asked: ForecastQuestion | BacktestQuestion | AnomalyQuestion,
    *read: str | None,
) -> Any:
    """Return the path of the table to write, None where none is asked for; it is none of those `read`."""
    if given is None:
        return None
    tables = tuple(work.folder.table(name) for name in read if name is not None)
    return work.folder.new_table(given, overwrite=asked.overwrite, read=tables)


def _findings(findings: Findings) -> list[str]:
    return findings.sentences()


def _first_rows(table: pl.DataFrame, rows: int) -> Answer:
    return {"rows": table.head(rows).to_dicts()} if rows else {}
