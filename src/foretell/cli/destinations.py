"""The destinations of a command's results: checked before any work is done, written as a whole afterwards."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from foretell.cli.options import ForecastOutput, SampleOptions, TableOptions
from foretell.errors import SettingsError
from foretell.storage.outputs import (
    STDOUT,
    TABLE_ENDINGS,
    can_draw,
    require_apart,
    require_drawing,
    require_ending,
    require_writable,
)
from foretell.storage.whole_folder import is_aside

FOLDER = Path("forecast")
"""The default folder of all results."""
_PAST = ("backtest", "cross_validation", "anomalies", "filled")
"""Names of the tables on the past."""
_STRETCHES = ("fit", "finish")
"""What the names of the checkpoints in a command's checkpoint folder begin with, one for each stretch of training."""


@dataclass(frozen=True)
class Destinations:
    """Files to write; whatever is None is not wanted."""

    forecast: str | None = None
    """A path, or - for standard output."""
    backtest: str | None = None
    samples: str | None = None
    """Table of sample paths."""
    report: Path | None = None
    picture: Path | None = None
    model: Path | None = None
    kind: str = "forecast"
    """Kind of the model."""
    checkpoint: Path | None = None
    """Folder of the checkpoint during training."""
    tensorboard: Path | None = None
    """While training goes on; it may be there already, with anything in it."""
    folder: Path | None = None
    """Made for them if it is not there."""
    database: str | None = None
    """Address of the database with `out_table`."""
    out_table: str | None = None
    """Table of the database that the forecast is added to."""
    replace_rows: bool = False
    """If True, the rows that it held are deleted."""
    quote_formulas: bool = False
    """If True, text that a spreadsheet would treat as a formula is quoted."""
    undrawn: bool = False
    """True if the report is skipped because matplotlib is missing."""

    @property
    def tables(self) -> tuple[str | None, ...]:
        """The places of all tables."""
        return self.forecast, self.backtest, self.samples

    @property
    def stdout_taken(self) -> bool:
        """Return whether a table goes to standard output."""
        return STDOUT in self.tables

    def check(self, *, json: bool = False, tables: Sequence[str | None] = ()) -> None:
        """Raise where something could not be written: better now than after the training.

        `json`: a document is to go to standard output; `tables`: those read, which are to stay as they are.

        `SettingsError` for a name or a folder that will not do, `MissingExtraError` for pictures without matplotlib.
        """
        if json and self.stdout_taken:
            raise SettingsError("--json and --output - both write to standard output: give only one")
        if self.report or self.picture:
            require_drawing()
        self._check_database()
        if self.tables.count(STDOUT) > 1:
            raise SettingsError("two tables are to go to standard output: give one of them a file")
        for table in self.tables:
            if table is not None and table != STDOUT:
                require_ending(Path(table), TABLE_ENDINGS)
                for read in tables:
                    require_apart(Path(table), read, "the table")
                require_writable(Path(table), self.folder)
        for path, ending in ((self.report, ".html"), (self.picture, ".png")):
            if path is not None:
                require_ending(path, (ending,))
                require_writable(path, self.folder)
        for folder in (self.model, self.checkpoint):
            if folder is not None:
                if folder.exists() and not folder.is_dir():
                    raise SettingsError(f"output {folder} is a file, but a folder is to be there: give another name")
                require_writable(folder, self.folder, folder=True)
        if self.tensorboard is not None:
            there = next((p for p in (self.tensorboard, *self.tensorboard.absolute().parents) if p.exists()), None)
            if there is not None and not there.is_dir():
                raise SettingsError(f"--tensorboard {self.tensorboard}: {there} is a file; give a folder")
        if self.checkpoint is not None and self.checkpoint.is_dir():
            own = {folder.name for folder in checkpoints_in(self.checkpoint)}
            others = sorted({entry.name for entry in self.checkpoint.iterdir()} - own)
            if others:
                raise SettingsError(
                    f"{self.checkpoint} holds {others[0]!r}, which is of no checkpoint; it stays as it is: give another"
                )
        self._require_apart()
        if self.model is not None and (self.model.is_dir() or is_aside(self.model)):
            from foretell.model.folder import refuse_to_replace

            refuse_to_replace(self.model.absolute(), self.kind)

    def _check_database(self) -> None:
        if self.out_table is None:
            if self.replace_rows:
                raise SettingsError("--replace-rows says what becomes of a table's rows: name it with --out-table")
            return
        if self.database is None:
            raise SettingsError(
                "--out-table needs the address of a database: add --database, such as sqlite:///sales.db"
            )
        from foretell.tables.databases import require_database

        require_database(self.database)

    def _require_apart(self) -> None:
        """Raise SettingsError where something would go into a folder that is to hold a model or a checkpoint alone."""
        files = [path for path in self.tables if path not in (None, STDOUT)]
        places = [
            *(("output", Path(path)) for path in files),
            *(("output", path) for path in (self.report, self.picture)),
            ("model", self.model),
            ("checkpoint", self.checkpoint),
            ("--tensorboard", self.tensorboard),
        ]
        for owner, folder in (("model", self.model), ("checkpoint", self.checkpoint)):
            for what, path in places:
                if path is not None and folder is not None and what != owner and lies_in(path, folder):
                    raise SettingsError(
                        f"{what} {path} is in the {owner}'s folder {folder}, which holds nothing else: give another"
                    )

    def make_folder(self) -> None:
        """Make the folder that the results share, just before they are written."""
        if self.folder is not None:
            self.folder.mkdir(exist_ok=True)

    def drop_stale(self, written: Collection[str]) -> None:
        """Take what a former run left in the shared folder and this one did not replace: it is of another forecast."""
        if self.folder is not None:
            for path in (*self.tables, self.report):
                if path is not None and str(path) not in written:
                    Path(path).unlink(missing_ok=True)

    def drop_checkpoint(self) -> None:
        """The results are safe, so the checkpoint has done its work. What else is in its folder stays."""
        if self.checkpoint is not None and self.checkpoint.is_dir():
            from foretell.training import checkpoint

            for stretch in checkpoints_in(self.checkpoint):
                checkpoint.delete(stretch)
            with suppress(OSError):
                self.checkpoint.rmdir()


def checkpoints_in(folder: Path) -> list[Path]:
    """The folders of the stretches of training; the last stretch first, so that one deletes none before what goes on
    from it."""
    return sorted(path for path in folder.glob("*") if path.name.partition("-")[0] in _STRETCHES)


def default_destinations(*wanted: str, checkpoint: Path | None = None, tensorboard: Path | None = None) -> Destinations:
    """The `wanted` of forecast, backtest or cross_validation, samples, report and model in ./forecast.

    There is no report where nothing can draw it.
    """
    return Destinations(
        forecast=str(FOLDER / "forecast.csv") if "forecast" in wanted else None,
        backtest=next((str(FOLDER / f"{name}.csv") for name in _PAST if name in wanted), None),
        samples=str(FOLDER / "samples.csv") if "samples" in wanted else None,
        report=_report(wanted) if can_draw() else None,
        model=FOLDER / "model" if "model" in wanted else None,
        checkpoint=checkpoint or (FOLDER / "checkpoint" if "model" in wanted else None),
        tensorboard=tensorboard,
        folder=FOLDER,
        undrawn=_report(wanted) is not None and not can_draw(),
    )


def _report(wanted: Collection[str]) -> Path | None:
    """Return the place of the report that is wanted."""
    names = {"report": "report.html", "report of anomalies": "anomalies.html", "report of gaps": "filled.html"}
    return next((FOLDER / file for name, file in names.items() if name in wanted), None)


def with_samples(to: Destinations, drawn: SampleOptions) -> Destinations:
    """Add the place of the sample paths, if some are to be drawn. Raises SettingsError where none is named."""
    if drawn.samples is None:
        return to
    if drawn.samples_output is None and to.samples is None:
        raise SettingsError("--samples beside named outputs: name a file for the sample paths with --samples-output")
    return replace(to, samples=drawn.samples_output or to.samples)


def with_forecast_output(to: Destinations, output: ForecastOutput, table: TableOptions) -> Destinations:
    """Add how tables are written, and the table of a database."""
    return replace(
        to,
        quote_formulas=output.quote_formulas,
        database=table.database,
        out_table=output.out_table,
        replace_rows=output.replace_rows,
    )


def lies_in(path: Path, folder: Path) -> bool:
    """Return whether `path` is the folder itself or inside it, by any route; neither needs to exist."""
    place, holder = Path(os.path.realpath(path)), Path(os.path.realpath(folder))
    return any(part == holder or _is_same(part, holder) for part in (place, *place.parents))


def _is_same(path: Path, other: Path) -> bool:
    """Return whether two names refer to one folder: through another mount or another spelling of letter case."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def checkpoint_beside(places: Sequence[Path | str | None]) -> Path | None:
    """Return the folder of a run's checkpoint: beside the first of its results that is a file or folder."""
    first = next((str(place) for place in places if place is not None and place != STDOUT), None)
    return Path(f"{first}.checkpoint") if first else None
