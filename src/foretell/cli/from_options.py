"""From the options of a forecasting command to its tables and its forecaster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from foretell.cli.declared_options import option_of, with_defaults
from foretell.cli.demo import DEMO_NAME, demo_covariates, demo_forecast, demo_future, demo_table
from foretell.cli.options import (
    CovariateOptions,
    FitOptions,
    ForecastOptions,
    FutureOptions,
    HierarchyOptions,
    SampleOptions,
    TableOptions,
)
from foretell.declaration import MORE_TRAINING, NETWORK, TRAINING
from foretell.errors import SettingsError

if TYPE_CHECKING:
    import polars as pl

    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.tables.columns import Columns
    from foretell.forecasting.tables.reading import Reading

_NO_TRAINING = {"model", "preset", "seed", "device", "checkpoint"}
"""Options of networks and their training that may stand where nothing is trained."""
_NO_COVARIATES, _NO_FUTURE, _NO_LEVELS = CovariateOptions(), FutureOptions(), HierarchyOptions()


@dataclass(frozen=True)
class Tables:
    """The tables that were read."""

    name: str
    """Name of the table, for titles."""
    table: pl.DataFrame
    plans: dict[str, pl.DataFrame]
    """Tables of future values by name."""
    columns: Columns

    @property
    def future(self) -> pl.DataFrame | dict[str, pl.DataFrame] | None:
        """The table of future values, or those of several plans by name; None without any."""
        return self.plans if len(self.plans) > 1 else next(iter(self.plans.values()), None)


def holds_no_table(options: TableOptions) -> bool:
    """Return whether no table is named in any way."""
    return options.table is None and options.sql is None and not options.demo


def read_tables(
    options: TableOptions,
    covariates: CovariateOptions = _NO_COVARIATES,
    future: FutureOptions = _NO_FUTURE,
    levels: HierarchyOptions = _NO_LEVELS,
) -> Tables:
    """Read the table, and that of future values if there is one. Raises `TableError` and `SettingsError`."""
    # Importing polars takes a tenth of a second, which would slow down --help.
    from foretell.forecasting.tables.series_file import read_series

    demo = options.demo
    options, future, columns = table_and_columns(options, covariates, future, levels)
    return Tables(
        name=name_of(options, demo=demo),
        table=_queried(options) if options.table is None else read_series(options.table, columns, options.encoding),
        plans={name: read_series(place, columns, options.encoding) for name, place in plan_places(future).items()},
        columns=columns,
    )


def read_tables_for(model: Columns, options: TableOptions, future: FutureOptions = _NO_FUTURE) -> Tables:
    """Read the tables for a model with these columns, which may be called otherwise: --time, --id and --target say how.

    Raises what `read_tables` and `with_names_of` raise.
    """
    from foretell.forecasting.tables.renamed_columns import with_names_of

    found = read_tables(options, future=future)
    return replace(
        found,
        table=with_names_of(found.table, found.columns, model),
        plans={name: with_names_of(plan, found.columns, model, future=True) for name, plan in found.plans.items()},
    )


def read_plans_for(
    model: Columns, options: TableOptions, future: FutureOptions
) -> pl.DataFrame | dict[str, pl.DataFrame] | None:
    """Read the tables of future values alone, as `read_tables_for` does: one, several by name, or none."""
    from foretell.forecasting.tables.renamed_columns import with_names_of
    from foretell.forecasting.tables.series_file import read_series

    said = columns_of(options)
    plans = {
        name: with_names_of(read_series(place, said, options.encoding), said, model, future=True)
        for name, place in plan_places(future).items()
    }
    return plans if len(plans) > 1 else next(iter(plans.values()), None)


def table_and_columns(
    options: TableOptions, covariates: CovariateOptions, future: FutureOptions, levels: HierarchyOptions
) -> tuple[TableOptions, FutureOptions, Columns]:
    """Return where the tables are, and their columns as named, with what the demo implies. Raises SettingsError."""
    demo = options.demo
    options = demo_table(options)
    covariates, future = demo_covariates(covariates, demo), demo_future(future, demo)
    if [options.table, *future.future].count("-") > 1:
        raise SettingsError("both tables are to come from standard input: give one of them as a file")
    return options, future, columns_of(options, covariates, levels)


def columns_of(
    options: TableOptions, covariates: CovariateOptions = _NO_COVARIATES, levels: HierarchyOptions = _NO_LEVELS
) -> Columns:
    """Return the columns as named."""
    from foretell.forecasting.hierarchy.columns import level_columns
    from foretell.forecasting.tables.columns import Columns

    targets = options.target or ()
    return Columns(
        id=options.id,
        time=options.time,
        target=targets[0] if len(targets) == 1 else targets or None,
        known=covariates.known,
        past=covariates.past,
        static=covariates.static,
        keep_outliers=covariates.keep_outliers,
        holidays=tuple(place.strip().upper() for place in covariates.holidays),
        layout=options.layout,
        hierarchy=level_columns(levels.hierarchy) if levels.hierarchy is not None else (),
        frequency=options.frequency,
        aggregate=options.aggregate,
    )


def name_of(options: TableOptions, *, demo: bool) -> str:
    """Return the table's name for titles."""
    if demo:
        return DEMO_NAME
    place = options.database or "" if options.table is None else options.table
    if place == "-":
        return "standard input"
    return _name_in(place)


def _name_in(place: str) -> str:
    name = place.partition("?")[0].replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return name.split(".")[0] or name


def plan_places(future: FutureOptions) -> dict[str, str]:
    """Return the places of the tables of future values by the names of the plans: those of the files.

    Files of one name are told apart by their whole places. Raises SettingsError for a file that is given twice.
    """
    names = ["standard input" if place == "-" else _name_in(place) for place in future.future]
    found: dict[str, str] = {}
    for name, place in zip(names, future.future, strict=True):
        plan = place if names.count(name) > 1 else name
        if plan in found:
            raise SettingsError(f"--future {place} is given twice: give each plan once")
        found[plan] = place
    return found


def looking_ahead(reading: Reading, tables: Tables, horizon: int) -> Reading:
    """Return the series with the known values of the horizon; those of several plans are only checked.

    Raises TableError if a value is missing, naming the first date.
    """
    if len(tables.plans) < 2:
        return reading.looking_ahead(next(iter(tables.plans.values()), None), horizon)
    from foretell.forecasting.what_if import readings_by_plan

    readings_by_plan(reading, tables.plans, horizon)
    return reading


def refuse_samples_of_plans(drawn: SampleOptions, future: FutureOptions) -> None:
    """Raise SettingsError if sample paths of several plans are asked for."""
    if drawn.samples is not None and len(future.future) > 1:
        raise SettingsError("--samples draws the sample paths of one plan: give one --future")


def _queried(options: TableOptions) -> pl.DataFrame:
    from foretell.tables.databases import read_query

    assert options.sql is not None
    assert options.database is not None
    return read_query(options.sql, options.database)


def forecaster_for(tables: Tables, ask: ForecastOptions, fit: FitOptions, *, demo: bool) -> tuple[Forecaster, Reading]:
    """Return a forecaster that is yet to be fitted, and the series that it is to be fitted to.

    Raises SettingsError for invalid options, TableError for an invalid table.
    """
    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.networks.backbones import PRETRAINED
    from foretell.forecasting.plan import Plan
    from foretell.forecasting.settings import BATCH_SIZE
    from foretell.forecasting.tables.reading import Reading

    ask = demo_forecast(ask, demo)
    assert ask.horizon is not None
    forecaster = Forecaster(
        fit.model,
        ask.horizon,
        levels=ask.level,
        holidays=tables.columns.holidays,
        columns=tables.columns,
        preset=fit.preset,
        device=fit.device,
        settings=fit.settings,
    )
    if forecaster.model == PRETRAINED:
        refuse_training(fit)
    reading = Reading.of(tables.table, tables.columns)
    if fit.epochs is not None:
        plan, settings = Plan.of(reading.observed, ask.horizon, fit.settings), fit.settings
        batch_size = settings.batch_size or BATCH_SIZE
        training = settings.training.for_epochs(fit.epochs, plan.windows_per_epoch / batch_size)
        forecaster.settings = replace(settings, training=training)
    return forecaster, reading


def refuse_training(fit: FitOptions) -> None:
    """Raise SettingsError for options that would change nothing, since nothing is trained."""
    needless = [
        option_of(field)
        for field, _ in with_defaults(FitOptions)
        if field.name in fit.given - _NO_TRAINING and field.group in (NETWORK, TRAINING, MORE_TRAINING)
    ]
    if needless:
        raise SettingsError(
            f"nothing is trained with --preset instant or --model pretrained, so that {' and '.join(needless)} would "
            "change nothing: leave one or the other out"
        )
