"""`foretell fit`"""

from __future__ import annotations

from foretell.cli.destinations import Destinations, checkpoint_beside, default_destinations
from foretell.cli.forecast_results import Results
from foretell.cli.from_options import forecaster_for, read_tables
from foretell.cli.options import (
    CovariateOptions,
    FitOptions,
    ForecastOptions,
    HierarchyOptions,
    MessageOptions,
    ModelOutput,
    TableOptions,
)
from foretell.cli.printer import Printer
from foretell.cli.several_processes import ProcessOptions, messages_of_the_first, run_together
from foretell.cli.training import train
from foretell.training import processes


def fit(
    table: TableOptions,
    ask: ForecastOptions,
    covariates: CovariateOptions,
    levels: HierarchyOptions,
    fit: FitOptions,
    together: ProcessOptions,
    *,
    save: ModelOutput = None,
    messages: MessageOptions,
) -> None:
    """Fit a forecaster to a table, backtest it, and save the model.

    Without --save the model is written to ./forecast/model. Unless you set the length of training, it stops once
    validation no longer improves.
    """
    messages = messages_of_the_first(messages)
    if save is not None:
        checkpoint = fit.checkpoint or checkpoint_beside([save])
        to = Destinations(model=save, checkpoint=checkpoint, tensorboard=fit.tensorboard)
    else:
        to = default_destinations("model", checkpoint=fit.checkpoint, tensorboard=fit.tensorboard)
    printer = Printer(messages, "fit")
    to.check(json=messages.json)
    tables = read_tables(table, covariates, levels=levels)
    forecaster, reading = forecaster_for(tables, ask, fit, demo=table.demo)
    run_together(together, forecaster.settings.training)  # once all that can be refused has been
    train(forecaster, reading, printer, checkpoint=to.checkpoint, tensorboard=to.tensorboard)
    if processes.rank():
        return  # the first process has the same model
    results = Results(tables.name, forecaster)
    results.test(fit.settings.windows)
    results.deliver(to, printer)
