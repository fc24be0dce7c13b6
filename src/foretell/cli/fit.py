"""`foretell fit`"""

from __future__ import annotations

from foretell.cli.destinations import Destinations, checkpoint_beside, default_destinations
from foretell.cli.options import (
    CovariateOptions,
    FitOptions,
    ForecastOptions,
    ModelOutput,
    NetworkOptions,
    TableOptions,
    TalkOptions,
)
from foretell.cli.request import forecaster_for, read_tables
from foretell.cli.results import Results
from foretell.cli.talk import Talk
from foretell.cli.training import train


def fit(
    table: TableOptions,
    ask: ForecastOptions,
    covariates: CovariateOptions,
    network: NetworkOptions,
    training: FitOptions,
    *,
    save: ModelOutput = None,
    words: TalkOptions,
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
    talk = Talk(words, "fit")
    to.check(json=words.json)
    tables = read_tables(table, covariates)
    forecaster, reading = forecaster_for(tables, ask, network, training, demo=table.demo)
    train(forecaster, reading, talk, checkpoint=to.checkpoint, tensorboard=to.tensorboard)
    results = Results(tables.name, forecaster)
    results.test(ask.windows)
    results.deliver(to, talk)
