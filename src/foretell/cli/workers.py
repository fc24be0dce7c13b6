"""`foretell predict --engine`: the forecasts of many files by several workers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from foretell.cli.options import TableOptions
from foretell.cli.printer import Printer
from foretell.declaration import OUTPUT, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields

GROUP = OUTPUT


@dataclass(frozen=True)
class WorkerOptions:
    """The workers that share the series of many files."""

    engine: Annotated[
        Literal["process", "ray"] | None,
        Setting(
            "Share the series of the files that TABLE matches, such as 'sales/*.parquet', among workers: processes of "
            "this machine, or Ray.",
            GROUP,
        ),
    ] = None
    workers: Annotated[int, Setting("Number of workers on this machine.", GROUP, at_least=1)] = 2
    address: Annotated[
        str | None, Setting("Address of a cluster of Ray; without it, Ray is started here.", GROUP, metavar="ADDRESS")
    ] = None
    out: Annotated[
        Path | None,
        Setting("Folder of Parquet files that the workers write; new or empty.", GROUP, metavar="FOLDER"),
    ] = None

    def __post_init__(self) -> None:
        settle_fields(self)


def predict_by_workers(model: Path, table: TableOptions, asked: WorkerOptions, printer: Printer) -> None:
    """Forecast all files that the table's name matches, and say what was written."""
    if table.table is None or asked.out is None or asked.engine is None:
        raise SettingsError("--engine needs files, such as 'sales/*.parquet', and --out with the folder to write")
    from foretell.distributed import predict_files

    with printer.progress("Forecasting") as on_progress:
        rows = predict_files(
            model,
            table.table,
            asked.out,
            engine=asked.engine,
            workers=asked.workers,
            address=asked.address,
            on_progress=on_progress,
        )
    files = {"forecast": str(asked.out)}
    printer.say(f"{rows:,} rows of forecasts.")
    printer.files(files)
    printer.document({"rows": rows, "files": files})
