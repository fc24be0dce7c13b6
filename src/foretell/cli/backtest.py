"""`foretell backtest`"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from typer import Option

from foretell.cli.destinations import Destinations, default_destinations
from foretell.cli.forecast_results import Results
from foretell.cli.from_options import read_tables
from foretell.cli.options import MessageOptions, ModelFolder, QuoteFormulas, TableOptions, TableOutput
from foretell.cli.printer import Printer
from foretell.cli.training_options import Device


def backtest(
    model: ModelFolder,
    table: TableOptions,
    *,
    windows: Annotated[
        int | None,
        Option(
            metavar="N",
            help="Number of horizons at the end of each series to test on; by default, as many as were held "
            "out when the model was fitted.",
        ),
    ] = None,
    refit: Annotated[
        bool,
        Option(
            "--refit",
            help="Train a new model before each window, on the data up to it: slow, but any window can be tested.",
        ),
    ] = False,
    device: Device = "auto",
    output: TableOutput = None,
    quote_formulas: QuoteFormulas = False,
    messages: MessageOptions,
) -> None:
    """Test a saved model on past data: compare its forecasts with the actual values.

    Without --output, forecasts and actual values are written to ./forecast/backtest.csv. Windows that the model was
    trained on are skipped, unless --refit is given.
    """
    to = Destinations(backtest=output) if output else default_destinations("backtest")
    to = replace(to, quote_formulas=quote_formulas)
    printer = Printer(messages, "backtest", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table])
    results = Results.of_model(model, device, lambda: read_tables(table))
    results.test(windows, refit=refit, required=True)
    results.deliver(to, printer)
