"""`foretell anomalies`"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from foretell import __version__
from foretell.cli import summaries
from foretell.cli.destinations import Destinations, default_destinations
from foretell.cli.from_options import read_tables
from foretell.cli.options import MessageOptions, ReportOutput, TableOptions
from foretell.cli.printer import Printer
from foretell.declaration import FORECAST, Setting
from foretell.field_types import settle_fields
from foretell.storage.outputs import STDOUT


@dataclass(frozen=True)
class AnomalyOptions:
    """What counts as an anomaly."""

    probability: Annotated[
        float,
        Setting(
            "Values that are less likely than this, given everything before them, are anomalies.",
            FORECAST,
            above=0,
            at_most=0.1,
        ),
    ] = 0.002
    season: Annotated[
        tuple[int, ...],
        Setting(
            "Length of a season in steps. Repeat for several; detected if not given.",
            FORECAST,
            at_least=2,
            metavar="STEPS",
        ),
    ] = ()

    def __post_init__(self) -> None:
        settle_fields(self)


def anomalies(table: TableOptions, ask: AnomalyOptions, output: ReportOutput, *, messages: MessageOptions) -> None:
    """Find values that lie outside of what everything before them made likely.

    Without an output option, they are written to ./forecast/anomalies.csv, and ./forecast/anomalies.html shows them.
    The pretrained network forecasts each value from those before it; nothing is trained, and no labels are needed.
    """
    if output.output or output.report or output.png:
        to = Destinations(backtest=output.output, report=output.report, picture=output.png)
    else:
        to = default_destinations("anomalies", "report of anomalies")
    to = replace(to, quote_formulas=output.quote_formulas)
    printer = Printer(messages, "anomalies", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table])
    tables = read_tables(table)
    from foretell.forecasting.anomalies.anomalies import find_anomalies
    from foretell.tables.files import write_table

    found = find_anomalies(tables.table, probability=ask.probability, columns=tables.columns, season=ask.season or None)
    to.make_folder()
    files: dict[str, str] = {}
    if to.backtest is not None:
        write_table(found.table, to.backtest, quote_formulas=to.quote_formulas)
        if to.backtest != STDOUT:
            files["anomalies"] = to.backtest
    if to.report is not None or to.picture is not None:
        from foretell.forecasting.report import write_png, write_report
        from foretell.forecasting.report.anomalies import anomalies_content

        content = anomalies_content(found, title=tables.name)
        if to.report is not None:
            write_report(content, to.report)
            files["report"] = str(to.report)
        if to.picture is not None:
            write_png(content.series, to.picture)
            files["picture"] = str(to.picture)
    summaries.show_findings(printer, found.findings)
    printer.heading("Anomalies")
    printer.listing([found.sentence])
    if len(found.table):
        printer.table(*summaries.first_rows(found.table.sort("probability")))
    printer.files(files)
    document: dict[str, Any] = {
        "foretell": __version__,
        "findings": {**found.findings.to_dict(), "sentences": found.findings.sentences()},
        "judged": found.judged,
        "anomalies": found.table.to_dicts(),
        "files": files,
    }
    printer.document(document)
