"""The Python programs of forecasting commands: what `--python` prints. Each function takes what its command takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretell.cli.anomalies import AnomalyOptions
from foretell.cli.backtest import BacktestOptions
from foretell.cli.cross_validate import WindowOptions
from foretell.cli.destinations import FOLDER
from foretell.cli.explain import ExplainOptions
from foretell.cli.fill import FillOptions
from foretell.cli.from_options import (
    holds_no_table,
    name_of,
)
from foretell.cli.options import (
    CovariateOptions,
    FitOptions,
    ForecastOptions,
    ForecastOutput,
    FutureOptions,
    HierarchyOptions,
    ReportOutput,
    SampleOptions,
    TableOptions,
)
from foretell.cli.program_statements import (
    TABLE,
    backtest_run,
    folder_made,
    forecaster_fitted,
    forecaster_loaded,
    forecaster_made,
    found_in_series,
    model_saved,
    places_of,
    report_drawn,
    result_shown,
    rows_stored,
    table_written,
    tables_for_model,
    tables_read,
)
from foretell.cli.python_program import Call, Program, given
from foretell.cli.several_processes import ProcessOptions
from foretell.cli.workers import WorkerOptions
from foretell.model.answer import TableOutput
from foretell.storage.outputs import can_draw

if TYPE_CHECKING:
    pass

_NO_FUTURE, _NO_LEVELS = FutureOptions(), HierarchyOptions()


def forecast(
    table: TableOptions,
    ask: ForecastOptions,
    covariates: CovariateOptions,
    levels: HierarchyOptions,
    future: FutureOptions,
    fit: FitOptions,
    output: ForecastOutput,
    drawn: SampleOptions,
    save: Path | None,
    **_: Any,
) -> str:
    """Return the program of `foretell forecast`."""
    program = Program("What `foretell forecast` does with these options.")
    places = places_of(output, forecast=output.output, model=save, samples=drawn.samples_output)
    everything = not any(places.values()) and output.out_table is None
    if everything:
        report = FOLDER / "report.html" if can_draw() else None
        places |= {"forecast": FOLDER / "forecast.csv", "report": report, "model": FOLDER / "model"}
        places["samples"] = FOLDER / "samples.csv"
    told = forecaster_fitted(program, table, ask, covariates, levels, future, fit)
    tested = fit.settings.windows != 0
    if tested:
        backtest_run(program, fit.settings.windows, output.output)
    program.statement("forecast", Call("forecaster.predict", (), told))
    if drawn.samples is not None:
        program.statement("samples", Call("forecaster.samples_of_prediction", (drawn.samples,)))
    program.line()
    if everything:
        folder_made(program)
    model_saved(program, places["model"])
    table_written(program, "forecast", places["forecast"], output)
    if everything and tested:
        program.line("if backtest is not None:")
        table_written(program, "backtest.table", FOLDER / "backtest.csv", output, indent=1)
    if drawn.samples is not None:
        table_written(program, "samples", places["samples"], output)
    report_drawn(program, places, "backtest" if tested else None, name_of(table, demo=table.demo))
    rows_stored(program, output, table)
    return program.text()


def fit(
    table: TableOptions,
    ask: ForecastOptions,
    covariates: CovariateOptions,
    levels: HierarchyOptions,
    fit: FitOptions,
    together: ProcessOptions,
    save: Path | None,
    **_: Any,
) -> str:
    """Return the program of `foretell fit`."""
    program = Program("What `foretell fit` does with these options.")
    count = together.devices * together.nodes
    if count > 1:
        program.line("# For several processes start this by torchrun, such as")
        program.line(f"# torchrun --standalone --nproc-per-node={together.devices} program.py")
    forecaster_fitted(program, table, ask, covariates, levels, _NO_FUTURE, fit)
    if count > 1:
        program.uses("foretell.training", "processes")
        program.line("if processes.rank():")
        program.line("raise SystemExit  # the first process has the same model", indent=1)
    if fit.settings.windows != 0:
        backtest_run(program, fit.settings.windows)
    program.line()
    if save is None:
        folder_made(program)
    model_saved(program, FOLDER / "model" if save is None else save)
    return program.text()


def predict(
    model: Path,
    table: TableOptions,
    future: FutureOptions,
    output: ForecastOutput,
    drawn: SampleOptions,
    scale: WorkerOptions,
    device: str,
    **_: Any,
) -> str:
    """Return the program of `foretell predict`."""
    program = Program("What `foretell predict` does with these options.")
    if scale.engine is not None:
        program.uses("foretell.distributed", "predict_files")
        options = given({"workers": scale.workers, "address": scale.address}, workers=None)
        # Processes of its own import the program again.
        program.line('if __name__ == "__main__":')
        asked = Call("predict_files", (model, table.table, scale.out), {"engine": scale.engine, **options})
        program.statement("", asked, indent=1)
        return program.text()
    places = places_of(output, forecast=output.output, samples=drawn.samples_output)
    everything = not any(places.values()) and output.out_table is None
    if everything:
        places |= {"forecast": FOLDER / "forecast.csv", "samples": FOLDER / "samples.csv"}
    forecaster_loaded(program, model, device)
    own = holds_no_table(table)
    told = tables_for_model(program, table, future)
    program.statement("forecast", Call("forecaster.predict", () if own else (TABLE,), told))
    if drawn.samples is not None:
        program.statement("samples", Call("forecaster.samples_of_prediction", (drawn.samples,)))
    program.line()
    if everything:
        folder_made(program)
    table_written(program, "forecast", places["forecast"], output)
    if drawn.samples is not None:
        table_written(program, "samples", places["samples"], output)
    report_drawn(program, places, None, model.absolute().name if own else name_of(table, demo=table.demo))
    rows_stored(program, output, table)
    return program.text()


def backtest(model: Path, table: TableOptions, ask: BacktestOptions, output: TableOutput, device: str, **_: Any) -> str:
    """Return the program of `foretell backtest`."""
    program = Program("What `foretell backtest` does with these options.")
    forecaster_loaded(program, model, device)
    tables_for_model(program, table)
    options = given({"windows": ask.windows, "refit": ask.refit}, refit=False)
    program.statement("backtest", Call("forecaster.backtest", (TABLE,), options))
    result_shown(program, "backtest.scores", output.output)
    program.line()
    if output.output is None:
        folder_made(program)
    table_written(program, "backtest.table", output.output or FOLDER / "backtest.csv", output)
    return program.text()


def cross_validate(
    table: TableOptions,
    ask: ForecastOptions,
    windows: WindowOptions,
    covariates: CovariateOptions,
    future: FutureOptions,
    fit: FitOptions,
    output: ReportOutput,
    **_: Any,
) -> str:
    """Return the program of `foretell cross-validate`."""
    program = Program("What `foretell cross-validate` does with these options.")
    places = places_of(output, validation=output.output)
    everything = not any(places.values())
    if everything:
        places["validation"] = FOLDER / "cross_validation.csv"
    columns, told = tables_read(program, table, future, covariates)
    forecaster_made(program, columns, table, ask, fit, covariates, _NO_LEVELS)
    every = windows.refit_every if windows.refit_every is not None else windows.refit
    options = given({"n_windows": fit.settings.windows, "step_size": windows.step_size, "refit": every}, refit=False)
    program.statement("windows", Call("forecaster.cross_validation", (TABLE,), options))
    result_shown(program, "forecaster.validation.scores", output.output)
    program.line()
    if everything:
        folder_made(program)
    table_written(program, "windows", places["validation"], output)
    if places["report"] or places["picture"]:
        program.line("# A report shows a forecast of the next steps too, by a model fitted to all of the data.")
        program.statement("", Call("forecaster.fit", (TABLE,)))
        program.statement("", Call("forecaster.predict", (), told))
        report_drawn(program, places, "forecaster.validation", name_of(table, demo=table.demo))
    return program.text()


def update(model: Path, table: TableOptions, out: Path | None, device: str, **_: Any) -> str:
    """Return the program of `foretell update`."""
    program = Program("What `foretell update` does with these options.")
    forecaster_loaded(program, model, device)
    tables_for_model(program, table)
    program.statement("update", Call("forecaster.update", (TABLE,)))
    program.line("print(*update.sentences, update.drift.sentence)")
    model_saved(program, model if out is None else out)
    return program.text()


def explain(model: Path, table: TableOptions, ask: ExplainOptions, output: TableOutput, device: str, **_: Any) -> str:
    """Return the program of `foretell explain`."""
    program = Program("What `foretell explain` does with these options.")
    forecaster_loaded(program, model, device)
    tables_for_model(program, table)
    program.statement("effects", Call("forecaster.explain", (TABLE,), {"windows": ask.windows}))
    result_shown(program, "effects", output.output)
    table_written(program, "effects", output.output, output)
    return program.text()


def anomalies(table: TableOptions, ask: AnomalyOptions, output: ReportOutput, **_: Any) -> str:
    """Return the program of `foretell anomalies`."""
    program = Program("What `foretell anomalies` does with these options.")
    call = ("find_anomalies", {"probability": ask.probability}, ask.season)
    found_in_series(program, table, output, call, says="found.sentence", name="anomalies", content="anomalies")
    return program.text()


def fill(table: TableOptions, ask: FillOptions, output: ReportOutput, **_: Any) -> str:
    """Return the program of `foretell fill`."""
    program = Program("What `foretell fill` does with these options.")
    options = given({"levels": list(ask.level), "non_negative": ask.non_negative}, levels=[80, 95])
    found_in_series(
        program, table, output, ("fill", options, ask.season), says="*found.sentences", name="filled", content="gaps"
    )
    return program.text()


def export(model: Path, out: Path, format: str, **_: Any) -> str:  # noqa: A002
    """Return the program of `foretell export`."""
    program = Program("What `foretell export` does with these options.")
    program.uses("foretell.model.export", "export")
    program.statement("", Call("export", (model, out, format)))
    return program.text()
