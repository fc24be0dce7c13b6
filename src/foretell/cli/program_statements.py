"""Statements that the programs of forecasting commands are made of: what `--python` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretell.cli.demo import demo_forecast
from foretell.cli.destinations import FOLDER
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
    TableOptions,
)
from foretell.cli.python_program import Call, Plain, Program, given
from foretell.errors import SettingsError
from foretell.forecasting.settings import ForecastSettings
from foretell.model.answer import TableOutput
from foretell.storage.outputs import STDOUT, can_draw

if TYPE_CHECKING:
    from foretell.forecasting.tables.columns import Columns

_NO_COVARIATES, _NO_FUTURE, _NO_LEVELS = CovariateOptions(), FutureOptions(), HierarchyOptions()
TABLE, _FUTURE, _COLUMNS, _FORECASTER = map(Plain, ("table", "future", "columns", "forecaster"))
_REPORT = "foretell.forecasting.report"
_DEMO_FILES = ("chicago_ridership", "chicago_ridership_next")


def places_of(output: ReportOutput, **tables: Any) -> dict[str, Any]:
    """Return the places of the results by name, None for those that are not wanted."""
    return {**tables, "report": output.report, "picture": output.png}


def found_in_series(
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
    places = places_of(output, found=output.output)
    everything = not any(places.values())
    if everything:
        places |= {"found": FOLDER / f"{name}.csv", "report": FOLDER / f"{name}.html" if can_draw() else None}
    columns, _ = tables_read(program, table)
    function, options, season = call
    program.uses("foretell", function)
    options = options | ({} if columns is None else {"columns": _COLUMNS}) | given({"season": list(season)})
    program.statement("found", Call(function, (TABLE,), options))
    result_shown(program, says, output.output)
    program.line()
    if everything:
        folder_made(program)
    table_written(program, "found.table", places["found"], output)
    if places["report"] or places["picture"]:
        program.uses(f"{_REPORT}.{content}", f"{content}_content")
        title = name_of(table, demo=table.demo)
        _content_drawn(program, Call(f"{content}_content", (Plain("found"),), {"title": title}), places)


def tables_read(
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


def tables_for_model(program: Program, table: TableOptions, future: FutureOptions = _NO_FUTURE) -> dict[str, Any]:
    """Read the tables, if any, for a model, whose columns may be called otherwise; return the argument with the future
    values."""
    named, told = tables_read(program, table, future, model=True)
    if named is None:
        return told
    rename, own = "foretell.forecasting.tables.renamed_columns", Plain("forecaster.columns")
    program.uses(rename, "with_names_of")
    if not holds_no_table(table):
        program.statement("table", Call("with_names_of", (TABLE, _COLUMNS, own)))
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


def forecaster_fitted(
    program: Program,
    table: TableOptions,
    ask: ForecastOptions,
    covariates: CovariateOptions,
    levels: HierarchyOptions,
    future: FutureOptions,
    fit: FitOptions,
) -> dict[str, Any]:
    """Read, make a forecaster and fit it; return the argument with the future values."""
    columns, told = tables_read(program, table, future, covariates, levels)
    forecaster_made(program, columns, table, ask, fit, covariates, levels)
    places = given({"checkpoint": fit.checkpoint, "tensorboard": fit.tensorboard})
    program.statement("", Call("forecaster.fit", (TABLE,), places))
    return told


def forecaster_made(
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


def forecaster_loaded(program: Program, model: Path, device: str) -> None:
    program.uses("foretell", "Forecaster")
    program.statement("forecaster", Call("Forecaster.load", (model, *(() if device == "auto" else (device,)))))


def backtest_run(program: Program, windows: int | None, output: str | None = None) -> None:
    program.uses("foretell", "SettingsError", "TableError")
    program.line("try:")
    program.statement("backtest", Call("forecaster.backtest", (), given({"windows": windows})), indent=1)
    result_shown(program, "backtest.scores", output, indent=1)
    program.line("except (SettingsError, TableError) as error:")
    program.line("backtest = None", indent=1)
    program.line('print(f"There is no backtest: {error}.")', indent=1)


def result_shown(program: Program, what: str, output: str | None, indent: int = 0) -> None:
    """Print something, unless the table goes to standard output."""
    if output != STDOUT:
        program.line(f"print({what})", indent)


def folder_made(program: Program) -> None:
    program.uses("pathlib", "Path")
    program.line(f'Path("{FOLDER}").mkdir(exist_ok=True)')


def model_saved(program: Program, place: Path | None) -> None:
    if place is not None:
        program.statement("", Call("forecaster.save", (place,)))


def table_written(program: Program, table: str, place: Path | str | None, output: TableOutput, indent: int = 0) -> None:
    if place is not None:
        program.uses("foretell", "write_table")
        options = given({"quote_formulas": output.quote_formulas}, quote_formulas=False)
        program.statement("", Call("write_table", (Plain(table), place), options), indent)


def rows_stored(program: Program, output: ForecastOutput, table: TableOptions) -> None:
    if output.out_table is not None:
        program.uses("foretell.tables.databases", "write_rows")
        options = given({"replace": output.replace_rows}, replace=False)
        program.statement("", Call("write_rows", (Plain("forecast"), output.out_table, table.database), options))


def report_drawn(program: Program, places: dict[str, Any], backtest: str | None, title: str) -> None:
    if places["report"] or places["picture"]:
        program.uses(f"{_REPORT}.assembly", "report_content")
        tested = () if backtest is None else (Plain(backtest),)
        _content_drawn(program, Call("report_content", (_FORECASTER, *tested), {"title": title}), places)


def _content_drawn(program: Program, content: Call, places: dict[str, Any]) -> None:
    program.statement("content", content)
    if places["report"]:
        program.uses(_REPORT, "write_report")
        program.statement("", Call("write_report", (Plain("content"), places["report"])))
    if places["picture"]:
        program.uses(_REPORT, "write_png")
        program.statement("", Call("write_png", (Plain("content.series"), places["picture"])))
