"""`foretell predict`"""

from __future__ import annotations

from dataclasses import replace

from foretell.cli.destinations import Destinations, default_destinations
from foretell.cli.forecast_results import Results
from foretell.cli.from_options import read_tables
from foretell.cli.options import (
    FutureOptions,
    MessageOptions,
    ModelFolder,
    PictureOutput,
    QuoteFormulas,
    ReportOutput,
    TableOptions,
    TableOutput,
)
from foretell.cli.printer import Printer
from foretell.cli.training_options import Device


def predict(
    model: ModelFolder,
    table: TableOptions,
    future: FutureOptions,
    *,
    device: Device = "auto",
    output: TableOutput = None,
    quote_formulas: QuoteFormulas = False,
    report: ReportOutput = None,
    png: PictureOutput = None,
    messages: MessageOptions,
) -> None:
    """Forecast with a saved model, from the end of a table.

    Without an output option, the forecast is written to ./forecast/forecast.csv. The table may hold other series than
    the model was trained on, but its columns must have the same names.
    """
    if output or report or png:
        to = Destinations(forecast=output, report=report, picture=png)
    else:
        to = default_destinations("forecast")
    to = replace(to, quote_formulas=quote_formulas)
    printer = Printer(messages, "predict", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table, future.future])
    results = Results.of_model(model, device, lambda: read_tables(table, future=future))
    results.forecast()
    results.deliver(to, printer)
