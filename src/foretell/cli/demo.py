"""What `--demo` stands for: Chicago's bus and rail boardings, two weeks ahead, with the types of the days to come."""

from __future__ import annotations

from dataclasses import replace

from foretell import datasets
from foretell.cli.options import CovariateOptions, ForecastOptions, FutureOptions, TableOptions
from foretell.errors import SettingsError

DEMO_NAME = "Chicago's bus and rail boardings"
_HORIZON = 14


def demo_table(options: TableOptions) -> TableOptions:
    """The options with the demo filled in, where it is asked for. SettingsError for neither table nor demo, or both."""
    if options.demo and options.table is not None:
        raise SettingsError(f"a table ({options.table}) and --demo were given: drop one of the two")
    if not options.demo:
        if options.table is None:
            raise SettingsError("no table was given: name a CSV, TSV or Parquet file, or try --demo")
        return options
    return replace(
        options,
        table=str(datasets.path("chicago_ridership")),
        time=options.time or "service_date",
        target=options.target or ["bus", "rail_boardings"],
    )


def demo_covariates(options: CovariateOptions, demo: bool) -> CovariateOptions:
    """The day type is known for the days to come."""
    return replace(options, known=["day_type"]) if demo and not options.known else options


def demo_future(options: FutureOptions, demo: bool) -> FutureOptions:
    """Of the two weeks after the table's end."""
    if not demo or options.future is not None:
        return options
    return replace(options, future=str(datasets.path("chicago_ridership_next")))


def demo_forecast(options: ForecastOptions, demo: bool) -> ForecastOptions:
    """Two weeks ahead. SettingsError where no horizon is given without the demo."""
    if options.horizon is not None:
        return options
    if not demo:
        raise SettingsError("no horizon was given: say with --horizon how many time steps to forecast")
    return replace(options, horizon=_HORIZON)
