"""`foretell backtest`"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from typer import Option

from foretell.cli.destinations import Destinations, default_destinations
from foretell.cli.options import ModelFolder, QuoteFormulas, TableOptions, TableOutput, TalkOptions
from foretell.cli.request import read_tables
from foretell.cli.results import Results
from foretell.cli.talk import Talk
from foretell.cli.training_options import Device


def backtest(
    model: ModelFolder,
    table: TableOptions,
    *,
    windows: Annotated[
        int | None,
        Option(
            metavar="N",
            help="The horizons at the end of each series to test on; as many as were held out of the fit if not given.",
        ),
    ] = None,
    refit: Annotated[
        bool,
        Option("--refit", help="Train anew before each window, on what was known then: slow, but any window will do."),
    ] = False,
    device: Device = "auto",
    output: TableOutput = None,
    quote_formulas: QuoteFormulas = False,
    words: TalkOptions,
) -> None:
    """Forecast the past as though it were still to come, and say how far off that would have been.

    Without --output the forecasts beside what came go into ./forecast/backtest.csv. Windows that the model was trained
    on are left out, unless --refit.
    """
    to = Destinations(backtest=output) if output else default_destinations("backtest")
    to = replace(to, quote_formulas=quote_formulas)
    talk = Talk(words, "backtest", stdout_taken=to.stdout_taken)
    to.check(json=words.json, tables=[table.table])
    results = Results.of_model(model, device, lambda: read_tables(table))
    results.test(windows, refit=refit, required=True)
    results.deliver(to, talk)
