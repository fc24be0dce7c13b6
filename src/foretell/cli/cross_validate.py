"""`foretell cross-validate`"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from foretell.cli.destinations import Destinations, default_destinations
from foretell.cli.forecast_results import Results
from foretell.cli.from_options import forecaster_for, looking_ahead, read_tables
from foretell.cli.options import (
    CovariateOptions,
    FitOptions,
    ForecastOptions,
    FutureOptions,
    MessageOptions,
    ReportOutput,
    TableOptions,
)
from foretell.cli.printer import Printer
from foretell.cli.training import train
from foretell.declaration import FORECAST, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields


@dataclass(frozen=True)
class WindowOptions:
    """The windows of a cross-validation, in addition to their number."""

    step_size: Annotated[
        int | None,
        Setting(
            "Number of time steps from one window to the next; by default the horizon, so that none overlap.",
            FORECAST,
            at_least=1,
        ),
    ] = None
    refit: Annotated[
        bool, Setting("Fit a new model before each window, on the data up to it.", FORECAST, exclusive="the refits")
    ] = False
    refit_every: Annotated[
        int | None,
        Setting("Fit a new model before every N-th window.", FORECAST, at_least=1, exclusive="the refits"),
    ] = None

    def __post_init__(self) -> None:
        settle_fields(self)


def cross_validate(
    table: TableOptions,
    ask: ForecastOptions,
    windows: WindowOptions,
    covariates: CovariateOptions,
    future: FutureOptions,
    fit: FitOptions,
    output: ReportOutput,
    *,
    messages: MessageOptions,
) -> None:
    """Forecast windows of the past from the data before them, and score the forecasts.

    Without an output option, forecasts and actual values are written to ./forecast/cross_validation.csv. One model
    forecasts all windows, unless refits are asked for. A report shows a forecast of the next steps too, for which one
    more model is fitted, to all of the data.
    """
    if fit.checkpoint is not None or fit.tensorboard is not None:
        raise SettingsError(
            "cross-validate fits models that it does not keep: leave out --checkpoint and --tensorboard"
        )
    if len(future.future) > 1:
        raise SettingsError("cross-validate forecasts the next steps for a report alone: give one --future")
    if output.output or output.report or output.png:
        to = Destinations(backtest=output.output, report=output.report, picture=output.png)
    else:
        to = default_destinations("cross_validation")
    to = replace(to, quote_formulas=output.quote_formulas)
    printer = Printer(messages, "cross-validate", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table, *future.future])
    tables = read_tables(table, covariates, future)
    forecaster, reading = forecaster_for(tables, ask, fit, demo=table.demo)
    drawn = to.report is not None or to.picture is not None
    if drawn:
        reading = looking_ahead(reading, tables, forecaster.horizon)
    results = Results(tables.name, forecaster)
    every = windows.refit_every if windows.refit_every is not None else windows.refit
    results.cross_validate(fit.settings.windows, reading, printer, step_size=windows.step_size, refit=every)
    if drawn:
        train(forecaster, reading, printer, checkpoint=None, tensorboard=None)
        results.forecast()
    results.deliver(to, printer)
