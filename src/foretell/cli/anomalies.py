"""`foretell anomalies`"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from foretell.cli import summaries
from foretell.cli.from_options import read_tables
from foretell.cli.options import MessageOptions, ReportOutput, TableOptions
from foretell.cli.printer import Printer
from foretell.cli.table_results import destinations_of, write_results
from foretell.declaration import FORECAST, Setting
from foretell.field_types import settle_fields


@dataclass(frozen=True)
class AnomalyOptions:
    """What counts as an anomaly."""

    probability: Annotated[
        float,
        Setting(
            "Values that are less likely than this, given those before and after them, are anomalies.",
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
    """Find values that are unlikely beside those before and after them.

    Without an output option, they are written to ./forecast/anomalies.csv, and ./forecast/anomalies.html shows them.
    The pretrained network forecasts each value from those before it and, read backwards, from those after it; nothing
    is trained, and no labels are needed.
    """
    to = destinations_of(output, "anomalies", "report of anomalies")
    printer = Printer(messages, "anomalies", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table])
    tables = read_tables(table)
    from foretell.forecasting.anomalies.anomalies import find_anomalies
    from foretell.forecasting.report.anomalies import anomalies_content

    found = find_anomalies(tables.table, probability=ask.probability, columns=tables.columns, season=ask.season or None)
    files = write_results(to, "anomalies", found.table, lambda: anomalies_content(found, title=tables.name))
    summaries.show_findings(printer, found.findings)
    printer.heading("Anomalies")
    printer.listing([found.sentence])
    if len(found.table):
        printer.table(*summaries.first_rows(found.table.sort("probability")))
    printer.files(files)
    document: dict[str, Any] = {
        "findings": {**found.findings.to_dict(), "sentences": found.findings.sentences()},
        "judged": found.judged,
        "anomalies": found.table.to_dicts(),
        "files": files,
    }
    printer.document(document)
