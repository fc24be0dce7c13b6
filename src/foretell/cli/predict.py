"""`foretell predict`"""

from __future__ import annotations

from dataclasses import replace

from foretell.cli.destinations import Destinations, default_destinations
from foretell.cli.options import (
    FutureOptions,
    ModelFolder,
    PictureOutput,
    QuoteFormulas,
    ReportOutput,
    TableOptions,
    TableOutput,
    TalkOptions,
)
from foretell.cli.request import read_tables
from foretell.cli.results import Results
from foretell.cli.talk import Talk
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
    words: TalkOptions,
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
    talk = Talk(words, "predict", stdout_taken=to.stdout_taken)
    to.check(json=words.json, tables=[table.table, future.future])
    results = Results.of_model(model, device, lambda: read_tables(table, future=future))
    results.forecast()
    results.deliver(to, talk)
