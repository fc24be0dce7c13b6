"""`foretell backtest`"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from foretell.cli.destinations import Destinations, default_destinations
from foretell.cli.forecast_results import Results
from foretell.cli.from_options import read_tables_for
from foretell.cli.options import Device, MessageOptions, ModelFolder, TableOptions
from foretell.cli.printer import Printer
from foretell.declaration import FORECAST, Setting
from foretell.model.answer import TableOutput


@dataclass(frozen=True)
class BacktestOptions:
    """The windows of a backtest."""

    windows: Annotated[
        int | None,
        Setting(
            "Number of horizons at the end of each series to test on; by default, as many as were held out when the "
            "model was fitted.",
            FORECAST,
        ),
    ] = None
    refit: Annotated[
        bool,
        Setting(
            "Train a new model before each window, on the data up to it: slow, but any window can be tested.", FORECAST
        ),
    ] = False


def backtest(
    model: ModelFolder,
    table: TableOptions,
    ask: BacktestOptions,
    output: TableOutput,
    *,
    device: Device = "auto",
    messages: MessageOptions,
) -> None:
    """Test a saved model on past data: compare its forecasts with the actual values.

    Without --output, forecasts and actual values are written to ./forecast/backtest.csv. Windows that the model was
    trained on are skipped, unless --refit is given.
    """
    to = Destinations(backtest=output.output) if output.output else default_destinations("backtest")
    to = replace(to, quote_formulas=output.quote_formulas)
    printer = Printer(messages, "backtest", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table])
    results = Results.of_model(model, device, lambda columns: read_tables_for(columns, table))
    results.test(ask.windows, refit=ask.refit, required=True)
    results.deliver(to, printer)
