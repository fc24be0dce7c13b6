"""The results of a command: made, shown and written in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretell.cli import summaries
from foretell.cli.destinations import Destinations
from foretell.cli.from_options import Tables
from foretell.cli.printer import Printer
from foretell.cli.progress import ProgressDisplay
from foretell.errors import SettingsError, TableError
from foretell.storage.outputs import STDOUT

if TYPE_CHECKING:
    import polars as pl

    from foretell.forecasting.backtesting.backtest import Backtest
    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.tables.columns import Columns
    from foretell.forecasting.tables.reading import Reading


class Results:
    """The results of a fitted forecaster on tables."""

    def __init__(
        self, name: str, forecaster: Forecaster, tables: Tables | None = None, *, loaded: bool = False
    ) -> None:
        """`name`: of the table. `tables`: None stands for those of the fit, which the forecaster has read already, or
        holds if it was `loaded`.
        """
        self._name = name
        self._forecaster = forecaster
        self._fitted_here = not loaded and tables is None
        self._table = None if tables is None else tables.table
        self._future = None if tables is None else tables.future
        self._backtest: Backtest | None = None
        self._untested: str | None = None
        self._forecast: pl.DataFrame | None = None
        self._in_parts = False
        self._samples: pl.DataFrame | None = None

    @classmethod
    def of_model(cls, folder: Path, device: str, read: Callable[[Columns], Tables] | None) -> Results:
        """Load a model from its folder, then read the tables; None stands for the series that the model holds.

        Raises what both raise.
        """
        from foretell.forecasting.forecaster import Forecaster

        forecaster = Forecaster.load(folder, device)
        tables = None if read is None else read(forecaster.columns)
        return cls(folder.absolute().name if tables is None else tables.name, forecaster, tables, loaded=True)

    @property
    def columns(self) -> Columns:
        """The columns of the forecaster."""
        return self._forecaster.columns

    def test(self, windows: int | None, *, refit: bool = False, required: bool = False) -> None:
        """Backtest; where that cannot be and is not `required`, say why later."""
        if windows == 0 and not required:
            self._untested = "none was asked for"
            return
        try:
            self._backtest = self._forecaster.backtest(self._table, windows=windows, refit=refit)
        except (SettingsError, TableError) as error:
            if required:
                raise
            self._untested = str(error)

    def cross_validate(self, windows: int | None, reading: Reading, printer: Printer, **options: Any) -> None:
        """Cross-validate, with the progress of each fit shown."""
        from foretell.forecasting.holdout import WINDOWS

        with ProgressDisplay(printer.aside) as display:
            self._forecaster.cross_validation(
                reading, n_windows=WINDOWS if windows is None else windows, on_progress=display, **options
            )
        self._backtest = self._forecaster.validation
        self._in_parts = True

    def forecast(self, plans: pl.DataFrame | dict[str, pl.DataFrame] | None = None) -> None:
        """Forecast what comes after the table, by each of the `plans` if there are any beside those of the tables."""
        self._forecast = self._forecaster.predict(self._table, future=self._future if plans is None else plans)

    def sample(self, samples: int | None) -> None:
        """Draw sample paths, if a number of them is asked for."""
        if samples is not None:
            self._samples = self._forecaster.samples_of_prediction(samples)

    def deliver(self, to: Destinations, printer: Printer) -> None:
        """Write the files and say what there is."""
        files = self._write(to)
        to.drop_checkpoint()
        summaries.show_findings(printer, self._forecaster.findings)
        if self._fitted_here and self._forecaster.is_fitted:
            summaries.show_model(printer, self._forecaster.fitted_model)
        if self._backtest is not None:
            summaries.show_backtest(printer, self._backtest)
            if self._in_parts:
                summaries.show_parts(printer, self._backtest)
        elif self._untested:
            printer.heading("Backtest")
            printer.listing([f"There is no backtest: {self._untested}."])
        if self._forecast is not None:
            summaries.show_forecast(printer, self._forecast)
            summaries.show_plans(printer, self._forecaster)
        printer.files(files)
        if to.undrawn:
            printer.note("No report was drawn, since matplotlib is missing: pip install 'foretell[report]'")
        printer.document(self._document(files))

    def _write(self, to: Destinations) -> dict[str, str]:
        from foretell.tables.files import write_table

        to.make_folder()
        files: dict[str, str] = {}
        if to.model is not None:
            self._forecaster.save(to.model)
            files["model"] = str(to.model)
        tables = (
            ("forecast", to.forecast, self._forecast),
            ("backtest", to.backtest, self._backtest_table),
            ("samples", to.samples, self._samples),
        )
        for what, place, table in tables:
            if place is not None and table is not None:
                write_table(table, place, quote_formulas=to.quote_formulas)
                if place != STDOUT:
                    files[what] = place
        if to.report is not None or to.picture is not None:
            from foretell.forecasting.report import write_png, write_report
            from foretell.forecasting.report.assembly import report_content

            content = report_content(self._forecaster, self._backtest, title=self._name)
            if to.report is not None:
                write_report(content, to.report)
                files["report"] = str(to.report)
            if to.picture is not None:
                write_png(content.series, to.picture)
                files["picture"] = str(to.picture)
        if to.out_table is not None and self._forecast is not None:
            from foretell.tables.databases import write_rows

            assert to.database is not None
            write_rows(self._forecast, to.out_table, to.database, replace=to.replace_rows)
            files["forecast in the database"] = to.out_table
        to.drop_stale(files.values())
        return files

    @property
    def _backtest_table(self) -> pl.DataFrame | None:
        return None if self._backtest is None else self._backtest.table

    def _document(self, files: dict[str, str]) -> dict[str, Any]:
        forecaster = self._forecaster
        content: dict[str, Any] = {
            "model": forecaster.model,
            "horizon": forecaster.horizon,
            "levels": list(forecaster.levels),
            "findings": {**forecaster.findings.to_dict(), "sentences": forecaster.findings.sentences()},
        }
        if self._fitted_here and forecaster.is_fitted:
            history = forecaster.history
            content["training"] = history.summary() if history else None
            content["chosen"] = forecaster.fitted_model.blend.summary()
        if self._backtest is not None:
            content["backtest"] = self._backtest.summary()
            if self._in_parts:
                content["backtest"]["scores_by"] = summaries.parts_document(self._backtest)
        if self._forecast is not None and forecaster.plans:
            content["plans"] = summaries.plans_document(forecaster)
        return {**content, "files": files}
