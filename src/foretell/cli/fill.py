"""`foretell fill`"""

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
class FillOptions:
    """How gaps are filled."""

    level: Annotated[
        tuple[int, ...],
        Setting("Level of an interval, in percent. Repeat for several.", FORECAST, metavar="PERCENT"),
    ] = (80, 95)
    season: Annotated[
        tuple[int, ...],
        Setting(
            "Length of a season in steps. Repeat for several; detected if not given.",
            FORECAST,
            at_least=2,
            metavar="STEPS",
        ),
    ] = ()
    non_negative: Annotated[
        bool | None,
        Setting(
            "Keep what is filled at 0 or above, or let it be negative. If not given, it is kept there if no value of "
            "the table is negative.",
            FORECAST,
        ),
    ] = None

    def __post_init__(self) -> None:
        settle_fields(self)


def fill(table: TableOptions, ask: FillOptions, output: ReportOutput, *, messages: MessageOptions) -> None:
    """Fill the gaps of series: missing values, and steps without a row, between the first value and the last.

    Without an output option, all series are written to ./forecast/filled.csv, with a column that says what was filled,
    and ./forecast/filled.html shows them. The pretrained network forecasts each gap from both sides; nothing is
    trained.
    """
    to = destinations_of(output, "filled", "report of gaps")
    printer = Printer(messages, "fill", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table])
    tables = read_tables(table)
    from foretell.forecasting.filling.filling import fill as fill_table
    from foretell.forecasting.report.gaps import gaps_content

    found = fill_table(
        tables.table,
        levels=ask.level,
        non_negative=ask.non_negative,
        columns=tables.columns,
        season=ask.season or None,
    )
    files = write_results(to, "filled", found.table, lambda: gaps_content(found, title=tables.name))
    summaries.show_findings(printer, found.findings)
    printer.heading("Gaps")
    printer.listing(found.sentences)
    rows = found.table.filter("filled")
    if len(rows):
        printer.table(*summaries.first_rows(rows.drop("filled")))
    printer.files(files)
    document: dict[str, Any] = {
        "findings": {**found.findings.to_dict(), "sentences": found.findings.sentences()},
        "sentences": list(found.sentences),
        "gaps": found.gaps.listed,
        "filled": rows.drop("filled").to_dicts(),
        "files": files,
    }
    printer.document(document)
