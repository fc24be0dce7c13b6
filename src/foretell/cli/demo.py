"""The options that `--demo` implies: Chicago's bus and rail boardings, 14 days ahead, with known day types."""

from __future__ import annotations

from dataclasses import replace

from foretell import datasets
from foretell.cli.options import CovariateOptions, ForecastOptions, FutureOptions, TableOptions
from foretell.errors import SettingsError

DEMO_NAME = "Chicago's bus and rail boardings"
_HORIZON = 14


def demo_table(options: TableOptions) -> TableOptions:
    """Return the options with the demo table. Raises SettingsError for neither table nor demo, or both."""
    if options.demo and options.table is not None:
        raise SettingsError(f"a table ({options.table}) and --demo were given: drop one of the two")
    if options.sql is not None and (options.demo or options.table is not None):
        raise SettingsError(
            f"{'--demo' if options.demo else f'a table ({options.table})'} and --sql were given: drop one of the two"
        )
    if options.sql is not None and options.database is None:
        raise SettingsError("--sql needs the address of a database: add --database, such as sqlite:///sales.db")
    if not options.demo:
        if options.table is None and options.sql is None:
            raise SettingsError("no table was given: name a CSV, TSV or Parquet file, or try --demo")
        return options
    return replace(
        options,
        table=str(datasets.path("chicago_ridership")),
        time=options.time or "service_date",
        target=options.target or ("bus", "rail_boardings"),
    )


def demo_covariates(options: CovariateOptions, demo: bool) -> CovariateOptions:
    """Add the day type as a known covariate."""
    return replace(options, known=("day_type",)) if demo and not options.known else options


def demo_future(options: FutureOptions, demo: bool) -> FutureOptions:
    """Add the day types of the two weeks after the end of the table."""
    if not demo or options.future:
        return options
    return replace(options, future=(str(datasets.path("chicago_ridership_next")),))


def demo_forecast(options: ForecastOptions, demo: bool) -> ForecastOptions:
    """Set the horizon to two weeks. Raises SettingsError without the demo and without a horizon."""
    if options.horizon is not None:
        return options
    if not demo:
        raise SettingsError("no horizon was given: say with --horizon how many time steps to forecast")
    return replace(options, horizon=_HORIZON)
