"""The Python programs of forecasting commands: what `--python` prints. Each function takes what its command takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretell.cli.anomalies import AnomalyOptions
from foretell.cli.backtest import BacktestOptions
from foretell.cli.cross_validate import WindowOptions
from foretell.cli.demo import demo_forecast
from foretell.cli.destinations import FOLDER
from foretell.cli.explain import ExplainOptions
from foretell.cli.fill import FillOptions
from foretell.cli.from_options import (
    columns_of,
    forecaster_for,
    holds_no_table,
    name_of,
    plan_places,
    read_tables,
    refuse_training,
    table_and_columns,
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
from foretell.cli.python_program import Call, Plain, Program, given
from foretell.cli.several_processes import ProcessOptions
from foretell.cli.workers import WorkerOptions
from foretell.errors import SettingsError
from foretell.forecasting.settings import ForecastSettings
from foretell.model.answer import TableOutput
from foretell.storage.outputs import STDOUT, can_draw

if TYPE_CHECKING:
    from foretell.forecasting.tables.columns import Columns

_NO_COVARIATES, _NO_FUTURE, _NO_LEVELS = CovariateOptions(), FutureOptions(), HierarchyOptions()
_TABLE, _FUTURE, _COLUMNS, _FORECASTER = map(Plain, ("table", "future", "columns", "forecaster"))
_REPORT = "foretell.forecasting.report"
_DEMO_FILES = ("chicago_ridership", "chicago_ridership_next")


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
    places = _places(output, forecast=output.output, model=save, samples=drawn.samples_output)
    everything = not any(places.values()) and output.out_table is None
    if everything:
        report = FOLDER / "report.html" if can_draw() else None
        places |= {"forecast": FOLDER / "forecast.csv", "report": report, "model": FOLDER / "model"}
        places["samples"] = FOLDER / "samples.csv"
    told = _fitted(program, table, ask, covariates, levels, future, fit)
    tested = fit.settings.windows != 0
    if tested:
        _backtested(program, fit.settings.windows, output.output)
    program.statement("forecast", Call("forecaster.predict", (), told))
    if drawn.samples is not None:
        program.statement("samples", Call("forecaster.samples_of_prediction", (drawn.samples,)))
    program.line()
    if everything:
        _folder(program)
    _saved(program, places["model"])
    _written(program, "forecast", places["forecast"], output)
    if everything and tested:
        program.line("if backtest is not None:")
        _written(program, "backtest.table", FOLDER / "backtest.csv", output, indent=1)
    if drawn.samples is not None:
        _written(program, "samples", places["samples"], output)
    _drawn(program, places, "backtest" if tested else None, name_of(table, demo=table.demo))
    _stored(program, output, table)
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
    _fitted(program, table, ask, covariates, levels, _NO_FUTURE, fit)
    if count > 1:
        program.uses("foretell.training", "processes")
        program.line("if processes.rank():")
        program.line("raise SystemExit  # the first process has the same model", indent=1)
    if fit.settings.windows != 0:
        _backtested(program, fit.settings.windows)
    program.line()
    if save is None:
        _folder(program)
    _saved(program, FOLDER / "model" if save is None else save)
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
    places = _places(output, forecast=output.output, samples=drawn.samples_output)
    everything = not any(places.values()) and output.out_table is None
    if everything:
        places |= {"forecast": FOLDER / "forecast.csv", "samples": FOLDER / "samples.csv"}
    _loaded(program, model, device)
    own = holds_no_table(table)
    told = _read_for_model(program, table, future)
    program.statement("forecast", Call("forecaster.predict", () if own else (_TABLE,), told))
    if drawn.samples is not None:
        program.statement("samples", Call("forecaster.samples_of_prediction", (drawn.samples,)))
    program.line()
    if everything:
        _folder(program)
    _written(program, "forecast", places["forecast"], output)
    if drawn.samples is not None:
        _written(program, "samples", places["samples"], output)
    _drawn(program, places, None, model.absolute().name if own else name_of(table, demo=table.demo))
    _stored(program, output, table)
    return program.text()


def backtest(model: Path, table: TableOptions, ask: BacktestOptions, output: TableOutput, device: str, **_: Any) -> str:
    """Return the program of `foretell backtest`."""
    program = Program("What `foretell backtest` does with these options.")
    _loaded(program, model, device)
    _read_for_model(program, table)
    options = given({"windows": ask.windows, "refit": ask.refit}, refit=False)
    program.statement("backtest", Call("forecaster.backtest", (_TABLE,), options))
    _shown(program, "backtest.scores", output.output)
    program.line()
    if output.output is None:
        _folder(program)
    _written(program, "backtest.table", output.output or FOLDER / "backtest.csv", output)
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
    places = _places(output, validation=output.output)
    everything = not any(places.values())
    if everything:
        places["validation"] = FOLDER / "cross_validation.csv"
    columns, told = _read(program, table, future, covariates)
    _made(program, columns, table, ask, fit, covariates, _NO_LEVELS)
    every = windows.refit_every if windows.refit_every is not None else windows.refit
    options = given({"n_windows": fit.settings.windows, "step_size": windows.step_size, "refit": every}, refit=False)
    program.statement("windows", Call("forecaster.cross_validation", (_TABLE,), options))
    _shown(program, "forecaster.validation.scores", output.output)
    program.line()
    if everything:
        _folder(program)
    _written(program, "windows", places["validation"], output)
    if places["report"] or places["picture"]:
        program.line("# A report shows a forecast of the next steps too, by a model fitted to all of the data.")
        program.statement("", Call("forecaster.fit", (_TABLE,)))
        program.statement("", Call("forecaster.predict", (), told))
        _drawn(program, places, "forecaster.validation", name_of(table, demo=table.demo))
    return program.text()


def update(model: Path, table: TableOptions, out: Path | None, device: str, **_: Any) -> str:
    """Return the program of `foretell update`."""
    program = Program("What `foretell update` does with these options.")
    _loaded(program, model, device)
    _read_for_model(program, table)
    program.statement("update", Call("forecaster.update", (_TABLE,)))
    program.line("print(*update.sentences, update.drift.sentence)")
    _saved(program, model if out is None else out)
    return program.text()


def explain(model: Path, table: TableOptions, ask: ExplainOptions, output: TableOutput, device: str, **_: Any) -> str:
    """Return the program of `foretell explain`."""
    program = Program("What `foretell explain` does with these options.")
    _loaded(program, model, device)
    _read_for_model(program, table)
    program.statement("effects", Call("forecaster.explain", (_TABLE,), {"windows": ask.windows}))
    _shown(program, "effects", output.output)
    _written(program, "effects", output.output, output)
    return program.text()


def anomalies(table: TableOptions, ask: AnomalyOptions, output: ReportOutput, **_: Any) -> str:
    """Return the program of `foretell anomalies`."""
    program = Program("What `foretell anomalies` does with these options.")
    call = ("find_anomalies", {"probability": ask.probability}, ask.season)
    _found(program, table, output, call, says="found.sentence", name="anomalies", content="anomalies")
    return program.text()


def fill(table: TableOptions, ask: FillOptions, output: ReportOutput, **_: Any) -> str:
    """Return the program of `foretell fill`."""
    program = Program("What `foretell fill` does with these options.")
    options = given({"levels": list(ask.level), "non_negative": ask.non_negative}, levels=[80, 95])
    _found(
        program, table, output, ("fill", options, ask.season), says="*found.sentences", name="filled", content="gaps"
    )
    return program.text()


def export(model: Path, out: Path, format: str, **_: Any) -> str:  # noqa: A002
    """Return the program of `foretell export`."""
    program = Program("What `foretell export` does with these options.")
    program.uses("foretell.model.export", "export")
    program.statement("", Call("export", (model, out, format)))
    return program.text()


def _places(output: ReportOutput, **tables: Any) -> dict[str, Any]:
    """Return the places of the results by name, None for those that are not wanted."""
    return {**tables, "report": output.report, "picture": output.png}


def _found(
    program: Program,
    table: TableOptions,
    output: ReportOutput,
    call: tuple[str, dict[str, Any], tuple[int, ...]],
    *,
    says: str,
    name: str,
    content: str,
) -> None:
    """Call a function, by its name, options and seasons, that finds something in all series; write and draw that."""
    places = _places(output, found=output.output)
    everything = not any(places.values())
    if everything:
        places |= {"found": FOLDER / f"{name}.csv", "report": FOLDER / f"{name}.html" if can_draw() else None}
    columns, _ = _read(program, table)
    function, options, season = call
    program.uses("foretell", function)
    options = options | ({} if columns is None else {"columns": _COLUMNS}) | given({"season": list(season)})
    program.statement("found", Call(function, (_TABLE,), options))
    _shown(program, says, output.output)
    program.line()
    if everything:
        _folder(program)
    _written(program, "found.table", places["found"], output)
    if places["report"] or places["picture"]:
        program.uses(f"{_REPORT}.{content}", f"{content}_content")
        title = name_of(table, demo=table.demo)
        _drawn_content(program, Call(f"{content}_content", (Plain("found"),), {"title": title}), places)


def _read(
    program: Program,
    table: TableOptions,
    future: FutureOptions = _NO_FUTURE,
    covariates: CovariateOptions = _NO_COVARIATES,
    levels: HierarchyOptions = _NO_LEVELS,
    *,
    model: bool = False,
) -> tuple[Columns | None, dict[str, Any]]:
    """Read the tables, of which a `model` may hold the first; return the columns, if some are named, and the argument
    with the future values."""
    from foretell.forecasting.tables.columns import Columns

    demo = table.demo
    if holds_no_table(table) and model:
        columns = columns_of(table)
    else:
        table, future, columns = table_and_columns(table, covariates, future, levels)
    named = columns if columns != Columns() else None
    if named is not None:
        program.statement("columns", named)
    told = () if named is None else (_COLUMNS,)
    more = given({"encoding": table.encoding})
    if table.sql is not None:
        program.uses("foretell.tables.databases", "read_query")
        program.statement("table", Call("read_query", (table.sql, table.database)))
    elif table.table is not None:
        program.uses("foretell", "read_series")
        program.statement("table", Call("read_series", (_place(program, table.table, demo), *told), more))
    if not future.future:
        return named, {}
    program.uses("foretell", "read_series")
    plans = {
        name: Call("read_series", (_place(program, place, demo), *told), more)
        for name, place in plan_places(future).items()
    }
    if len(plans) == 1:
        program.statement("future", next(iter(plans.values())))
    else:
        program.statement("future", Plain("{}"))
        for name, read in plans.items():
            program.statement(f"future[{name!r}]", read)
    return named, {"future": _FUTURE}


def _read_for_model(program: Program, table: TableOptions, future: FutureOptions = _NO_FUTURE) -> dict[str, Any]:
    """Read the tables, if any, for a model, whose columns may be called otherwise; return the argument with the future
    values."""
    named, told = _read(program, table, future, model=True)
    if named is None:
        return told
    rename, own = "foretell.forecasting.tables.renamed_columns", Plain("forecaster.columns")
    program.uses(rename, "with_names_of")
    if not holds_no_table(table):
        program.statement("table", Call("with_names_of", (_TABLE, _COLUMNS, own)))
    places = list(plan_places(future)) if told else []
    for what in ["future"] if len(places) == 1 else [f"future[{name!r}]" for name in places]:
        program.statement(what, Call("with_names_of", (Plain(what), _COLUMNS, own), {"future": True}))
    return told


def _place(program: Program, path: str, demo: bool) -> Any:
    name = next((name for name in _DEMO_FILES if demo and Path(path).stem == name), None)
    if name is None:
        return path
    program.uses("foretell", "datasets")
    return Call("datasets.path", (name,))


def _fitted(
    program: Program,
    table: TableOptions,
    ask: ForecastOptions,
    covariates: CovariateOptions,
    levels: HierarchyOptions,
    future: FutureOptions,
    fit: FitOptions,
) -> dict[str, Any]:
    """Read, make a forecaster and fit it; return the argument with the future values."""
    columns, told = _read(program, table, future, covariates, levels)
    _made(program, columns, table, ask, fit, covariates, levels)
    places = given({"checkpoint": fit.checkpoint, "tensorboard": fit.tensorboard})
    program.statement("", Call("forecaster.fit", (_TABLE,), places))
    return told


def _made(
    program: Program,
    columns: Columns | None,
    table: TableOptions,
    ask: ForecastOptions,
    fit: FitOptions,
    covariates: CovariateOptions,
    levels: HierarchyOptions,
) -> None:
    """Make the forecaster, not fitted yet."""
    ask = demo_forecast(ask, table.demo)
    settings = fit.settings
    if fit.preset == "instant" or fit.model == "pretrained":
        refuse_training(fit)
    if fit.epochs is not None:
        if table.table == "-":
            raise SettingsError("how many steps --epochs means depends on the table: --python needs it in a file")
        tables = read_tables(table, covariates, levels=levels)
        settings = forecaster_for(tables, ask, fit, demo=table.demo)[0].settings
        program.line(f"# {settings.training.steps:,} steps: {fit.epochs:g} passes over this table.")
    program.uses("foretell", "Forecaster")
    options = given(
        {
            "levels": list(ask.level),
            "columns": columns and _COLUMNS,
            "preset": fit.preset,
            "device": fit.device,
            "settings": settings,
        },
        levels=[80, 95],
        device="auto",
        settings=ForecastSettings(),
    )
    program.statement("forecaster", Call("Forecaster", (fit.model, ask.horizon), options))


def _loaded(program: Program, model: Path, device: str) -> None:
    program.uses("foretell", "Forecaster")
    program.statement("forecaster", Call("Forecaster.load", (model, *(() if device == "auto" else (device,)))))


def _backtested(program: Program, windows: int | None, output: str | None = None) -> None:
    program.uses("foretell", "SettingsError", "TableError")
    program.line("try:")
    program.statement("backtest", Call("forecaster.backtest", (), given({"windows": windows})), indent=1)
    _shown(program, "backtest.scores", output, indent=1)
    program.line("except (SettingsError, TableError) as error:")
    program.line("backtest = None", indent=1)
    program.line('print(f"There is no backtest: {error}.")', indent=1)


def _shown(program: Program, what: str, output: str | None, indent: int = 0) -> None:
    """Print something, unless the table goes to standard output."""
    if output != STDOUT:
        program.line(f"print({what})", indent)


def _folder(program: Program) -> None:
    program.uses("pathlib", "Path")
    program.line(f'Path("{FOLDER}").mkdir(exist_ok=True)')


def _saved(program: Program, place: Path | None) -> None:
    if place is not None:
        program.statement("", Call("forecaster.save", (place,)))


def _written(program: Program, table: str, place: Path | str | None, output: TableOutput, indent: int = 0) -> None:
    if place is not None:
        program.uses("foretell", "write_table")
        options = given({"quote_formulas": output.quote_formulas}, quote_formulas=False)
        program.statement("", Call("write_table", (Plain(table), place), options), indent)


def _stored(program: Program, output: ForecastOutput, table: TableOptions) -> None:
    if output.out_table is not None:
        program.uses("foretell.tables.databases", "write_rows")
        options = given({"replace": output.replace_rows}, replace=False)
        program.statement("", Call("write_rows", (Plain("forecast"), output.out_table, table.database), options))


def _drawn(program: Program, places: dict[str, Any], backtest: str | None, title: str) -> None:
    if places["report"] or places["picture"]:
        program.uses(f"{_REPORT}.assembly", "report_content")
        tested = () if backtest is None else (Plain(backtest),)
        _drawn_content(program, Call("report_content", (_FORECASTER, *tested), {"title": title}), places)


def _drawn_content(program: Program, content: Call, places: dict[str, Any]) -> None:
    program.statement("content", content)
    if places["report"]:
        program.uses(_REPORT, "write_report")
        program.statement("", Call("write_report", (Plain("content"), places["report"])))
    if places["picture"]:
        program.uses(_REPORT, "write_png")
        program.statement("", Call("write_png", (Plain("content.series"), places["picture"])))
