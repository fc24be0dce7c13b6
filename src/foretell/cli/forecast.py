"""`foretell forecast`"""

from __future__ import annotations

from foretell.cli.destinations import (
    Destinations,
    checkpoint_beside,
    default_destinations,
    with_forecast_output,
    with_samples,
)
from foretell.cli.forecast_results import Results
from foretell.cli.from_options import forecaster_for, looking_ahead, read_tables, refuse_samples_of_plans
from foretell.cli.options import (
    CovariateOptions,
    FitOptions,
    ForecastOptions,
    ForecastOutput,
    FutureOptions,
    HierarchyOptions,
    MessageOptions,
    ModelOutput,
    SampleOptions,
    TableOptions,
)
from foretell.cli.printer import Printer
from foretell.cli.training import train


def forecast(
    table: TableOptions,
    ask: ForecastOptions,
    covariates: CovariateOptions,
    levels: HierarchyOptions,
    future: FutureOptions,
    fit: FitOptions,
    output: ForecastOutput,
    drawn: SampleOptions,
    *,
    save: ModelOutput = None,
    messages: MessageOptions,
) -> None:
    """Fit a forecaster to a table, backtest it, and forecast the next steps.

    Without an output option, all results are written to ./forecast: forecast.csv, backtest.csv, report.html and model.
    Unless you set the length of training, it stops once validation no longer improves.
    """
    refuse_samples_of_plans(drawn, future)
    files = (output.output, output.report, output.png, save, drawn.samples_output)
    if output.out_table is not None or any(file is not None for file in files):
        to = Destinations(
            forecast=output.output,
            report=output.report,
            picture=output.png,
            model=save,
            checkpoint=fit.checkpoint or checkpoint_beside(files),
            tensorboard=fit.tensorboard,
        )
    else:
        to = default_destinations(
            "forecast", "backtest", "samples", "report", "model", checkpoint=fit.checkpoint, tensorboard=fit.tensorboard
        )
    to = with_samples(with_forecast_output(to, output, table), drawn)
    printer = Printer(messages, "forecast", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table, *future.future])
    tables = read_tables(table, covariates, future, levels)
    forecaster, reading = forecaster_for(tables, ask, fit, demo=table.demo)
    # Check the future values before training, so that a missing date fails at once.
    reading = looking_ahead(reading, tables, forecaster.horizon)
    if drawn.samples is not None:
        forecaster.require_memory(reading, drawn.samples)
    train(forecaster, reading, printer, checkpoint=to.checkpoint, tensorboard=to.tensorboard)
    results = Results(tables.name, forecaster)
    results.test(fit.settings.windows)
    results.forecast(tables.plans if len(tables.plans) > 1 else None)
    results.sample(drawn.samples)
    results.deliver(to, printer)
