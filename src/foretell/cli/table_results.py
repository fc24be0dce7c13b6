"""Results of a command that goes over a whole table: what it found, as a table, and a report that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from foretell.cli.destinations import Destinations, default_destinations
from foretell.cli.options import ReportOutput
from foretell.storage.outputs import STDOUT

if TYPE_CHECKING:
    from foretell.forecasting.report.content import ReportContent


def destinations_of(output: ReportOutput, *defaults: str) -> Destinations:
    """Return where the results go: to the files that are named, without any to the `defaults` in ./forecast."""
    if output.output or output.report or output.png:
        to = Destinations(backtest=output.output, report=output.report, picture=output.png)
    else:
        to = default_destinations(*defaults)
    return replace(to, quote_formulas=output.quote_formulas)


def write_results(to: Destinations, what: str, table: Any, content: Callable[[], ReportContent]) -> dict[str, str]:
    """Write the table and, if one is wanted, the report of `content`; return the files by what they hold."""
    from foretell.tables.files import write_table

    to.make_folder()
    files: dict[str, str] = {}
    if to.backtest is not None:
        write_table(table, to.backtest, quote_formulas=to.quote_formulas)
        if to.backtest != STDOUT:
            files[what] = to.backtest
    if to.report is not None or to.picture is not None:
        from foretell.forecasting.report import write_png, write_report

        shown = content()
        if to.report is not None:
            write_report(shown, to.report)
            files["report"] = str(to.report)
        if to.picture is not None:
            write_png(shown.series, to.picture)
            files["picture"] = str(to.picture)
    return files
