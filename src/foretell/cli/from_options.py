"""From options to what the Python interface takes: a table, columns, settings, a forecaster."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING

from foretell.cli.demo import DEMO_NAME, demo_covariates, demo_forecast, demo_future, demo_table
from foretell.cli.options import (
    CovariateOptions,
    FitOptions,
    ForecastOptions,
    FutureOptions,
    NetworkOptions,
    TableOptions,
)
from foretell.cli.training import require_one_length, trained_for
from foretell.errors import SettingsError
from foretell.forecasting.settings import OF_GIVEN_LENGTH, UNTIL_NO_BETTER, ForecastSettings
from foretell.training.settings import NO_BOUND, TrainingSettings

if TYPE_CHECKING:
    import polars as pl

    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.tables.columns import Columns
    from foretell.forecasting.tables.reading import Reading

_LEVELS = (80, 95)
_NO_COVARIATES, _NO_FUTURE = CovariateOptions(), FutureOptions()


@dataclass(frozen=True)
class Tables:
    """The tables that were read."""

    name: str
    """Name of the table, for titles."""
    table: pl.DataFrame
    future: pl.DataFrame | None
    columns: Columns


def read_tables(
    options: TableOptions, covariates: CovariateOptions = _NO_COVARIATES, future: FutureOptions = _NO_FUTURE
) -> Tables:
    """Read the table, and that of future values if there is one. Raises `TableError` and `SettingsError`."""
    # Importing polars takes a tenth of a second, which would slow down --help.
    from foretell.forecasting.tables.columns import Columns
    from foretell.forecasting.tables.identity import possible_ids
    from foretell.tables.files import read_table

    demo = options.demo
    options = demo_table(options)
    covariates, future = demo_covariates(covariates, demo), demo_future(future, demo)
    assert options.table is not None
    if options.table == future.future == "-":
        raise SettingsError("both tables are to come from standard input: give one of them as a file")
    targets = tuple(options.target or ())
    columns = Columns(
        id=options.id,
        time=options.time,
        target=targets[0] if len(targets) == 1 else targets or None,
        known=tuple(covariates.known or ()),
        static=tuple(covariates.static or ()),
        layout=options.layout.value,
        frequency=options.frequency,
    )
    as_written = partial(possible_ids, said=columns)
    name = "standard input" if options.table == "-" else options.table.replace("\\", "/").rsplit("/", 1)[-1]
    return Tables(
        name=DEMO_NAME if demo else name.split(".")[0] or name,
        table=read_table(options.table, options.encoding, as_written=as_written),
        future=None if future.future is None else read_table(future.future, options.encoding, as_written=as_written),
        columns=columns,
    )


def forecaster_for(
    tables: Tables, ask: ForecastOptions, network: NetworkOptions, training: FitOptions, *, demo: bool
) -> tuple[Forecaster, Reading]:
    """A forecaster that is yet to be fitted, and the series that it is to be fitted to.

    Raises `SettingsError` for options that make no sense, `TableError` for a table that does not.
    """
    from foretell.forecasting.backbones import PRETRAINED
    from foretell.forecasting.epochs import steps_of_epochs
    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.tables.reading import Reading

    ask = demo_forecast(ask, demo)
    assert ask.horizon is not None
    settings = _settings(ask, network, training)
    forecaster = Forecaster(
        network.model.value,
        ask.horizon,
        levels=tuple(ask.level or _LEVELS),
        columns=tables.columns,
        preset=training.preset,
        minutes=training.minutes,
        device=training.device,
        settings=settings,
    )
    if forecaster.model == PRETRAINED:
        _refuse_training(network, training)
    reading = Reading.of(tables.table, tables.columns)
    if training.epochs is not None:
        if training.epochs > NO_BOUND:
            raise SettingsError(f"--epochs {training.epochs:g}: give {NO_BOUND:,} at most")
        steps = steps_of_epochs(training.epochs, reading.observed, ask.horizon, settings)
        forecaster.settings = replace(settings, training=replace(settings.training, steps=steps))
    return forecaster, reading


def _refuse_training(network: NetworkOptions, training: FitOptions) -> None:
    """Raise SettingsError for options that would change nothing, since nothing is trained."""
    made = [f.name for f in fields(network) if f.name != "model" and getattr(network, f.name) != f.default]
    trained = [n for n in ("steps", "epochs", "minutes", "tensorboard") if getattr(training, n) is not None]
    if given := [f"--{name.replace('_', '-')}" for name in (*made, *trained)]:
        raise SettingsError(
            f"nothing is trained with --preset instant or --model pretrained, so that {' and '.join(given)} would "
            "change nothing: leave one or the other out"
        )


def _settings(ask: ForecastOptions, network: NetworkOptions, training: FitOptions) -> ForecastSettings:
    return ForecastSettings(
        layers=network.layers,
        hidden=network.hidden,
        layer_norm=network.layer_norm,
        conv_stride=network.conv_stride,
        dropout=network.dropout,
        members=network.members,
        input_steps=network.input_steps,
        seasons=tuple(ask.season) if ask.season else None,
        windows=ask.windows,
        training=_training(training),
    )


def _training(asked: FitOptions) -> TrainingSettings:
    """Return training settings of the requested length; without one, train until validation stops improving."""
    if asked.preset is not None:
        require_one_length(preset=1, steps=asked.steps, epochs=asked.epochs, minutes=asked.minutes)
    given = asked.steps is not None or asked.epochs is not None
    return trained_for(OF_GIVEN_LENGTH if given else UNTIL_NO_BETTER, asked)
