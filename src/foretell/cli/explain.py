"""`foretell explain`"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from foretell.cli.destinations import Destinations
from foretell.cli.from_options import read_tables_for
from foretell.cli.options import Device, MessageOptions, ModelFolder, TableOptions
from foretell.cli.printer import Printer
from foretell.declaration import FORECAST, Setting
from foretell.field_types import settle_fields
from foretell.model.answer import TableOutput
from foretell.storage.outputs import STDOUT

_SHOWN = ["column", "MAE", "MAE permuted", "CRPS", "CRPS permuted", "change"]


@dataclass(frozen=True)
class ExplainOptions:
    """The windows that covariates are judged on."""

    windows: Annotated[
        int, Setting("Number of horizons at the end of each series to judge on.", FORECAST, at_least=1)
    ] = 3

    def __post_init__(self) -> None:
        settle_fields(self)


def explain(
    model: ModelFolder,
    table: TableOptions,
    ask: ExplainOptions,
    output: TableOutput,
    *,
    device: Device = "auto",
    messages: MessageOptions,
) -> None:
    """Say what each covariate of a saved model is worth: how much worse forecasts are without its own values.

    Windows of the past that the model was not fitted to are forecast with a column's own values, and with those that it
    had in other windows: permutation over whole windows.
    """
    to = replace(Destinations(backtest=output.output), quote_formulas=output.quote_formulas)
    printer = Printer(messages, "explain", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table])
    from foretell.forecasting.forecaster import Forecaster
    from foretell.tables.files import write_table

    forecaster = Forecaster.load(model, device)
    found = forecaster.explain(read_tables_for(forecaster.columns, table).table, windows=ask.windows)
    files: dict[str, str] = {}
    if to.backtest is not None:
        write_table(found, to.backtest, quote_formulas=to.quote_formulas)
        if to.backtest != STDOUT:
            files["effects"] = to.backtest
    printer.heading("What each column is worth (permutation over whole windows)")
    printer.table(_SHOWN, [list(row) for row in found.select(_SHOWN).rows()])
    printer.files(files)
    printer.document({"effects": found.to_dicts(), "files": files})
