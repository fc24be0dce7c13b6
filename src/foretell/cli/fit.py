"""`foretell fit`"""

from __future__ import annotations

from foretell.cli.destinations import Destinations, checkpoint_beside, default_destinations
from foretell.cli.forecast_results import Results
from foretell.cli.from_options import forecaster_for, read_tables
from foretell.cli.options import (
    CovariateOptions,
    FitOptions,
    ForecastOptions,
    MessageOptions,
    ModelOutput,
    NetworkOptions,
    TableOptions,
)
from foretell.cli.printer import Printer
from foretell.cli.training import train


def fit(
    table: TableOptions,
    ask: ForecastOptions,
    covariates: CovariateOptions,
    network: NetworkOptions,
    training: FitOptions,
    *,
    save: ModelOutput = None,
    messages: MessageOptions,
) -> None:
    """Fit a forecaster to a table, backtest it, and save the model.

    Without --save the model is written to ./forecast/model.
    """
    if save is not None:
        to = Destinations(
            model=save,
            checkpoint=training.checkpoint or checkpoint_beside([save]),
            tensorboard=training.tensorboard,
        )
    else:
        to = default_destinations("model", checkpoint=training.checkpoint, tensorboard=training.tensorboard)
    printer = Printer(messages, "fit")
    to.check(json=messages.json)
    tables = read_tables(table, covariates)
    forecaster, reading = forecaster_for(tables, ask, network, training, demo=table.demo)
    train(forecaster, reading, printer, checkpoint=to.checkpoint, tensorboard=to.tensorboard)
    results = Results(tables.name, forecaster)
    results.test(ask.windows)
    results.deliver(to, printer)
