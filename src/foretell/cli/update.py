"""`foretell update`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from foretell.cli import summaries
from foretell.cli.destinations import Destinations
from foretell.cli.from_options import read_tables_for
from foretell.cli.options import Device, MessageOptions, ModelFolder, TableOptions
from foretell.cli.printer import Printer
from foretell.cli.progress import ProgressDisplay
from foretell.declaration import OUTPUT, Setting


def update(
    model: ModelFolder,
    table: TableOptions,
    *,
    out: Annotated[
        Path | None,
        Setting("Folder to save the updated model in; that of the model if not given.", OUTPUT, metavar="FOLDER"),
    ] = None,
    device: Device = "auto",
    messages: MessageOptions,
) -> None:
    """Let a saved model learn from what came since, in seconds, and say whether it has drifted.

    The table holds the new rows; it may repeat earlier ones, lack some series and have new ones. Its columns have the
    names of those that the model was fitted to, unless --time, --id and --target say otherwise. The model's folder is
    replaced once the update is complete.
    """
    place = model if out is None else out
    printer = Printer(messages, "update")
    Destinations(model=place).check(json=messages.json, tables=[table.table])
    from foretell.forecasting.forecaster import Forecaster

    forecaster = Forecaster.load(model, device)
    tables = read_tables_for(forecaster.columns, table)
    with ProgressDisplay(printer.aside) as display:
        found = forecaster.update(tables.table, on_progress=display)
    files = {}
    if found.values or found.revised or out is not None:
        forecaster.save(place)
        files["model"] = str(place)
    summaries.show_findings(printer, forecaster.findings)
    printer.heading("Update")
    printer.listing([*found.sentences, found.drift.sentence])
    printer.files(files)
    printer.document(
        {
            "findings": {**forecaster.findings.to_dict(), "sentences": forecaster.findings.sentences()},
            "values": found.values,
            "revised": found.revised,
            "sentences": list(found.sentences),
            "drift": found.drift.to_dict(),
            "chosen": forecaster.fitted_model.blend.summary(),
            "files": files,
        }
    )
