"""The presentation of results, as text and as JSON."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from foretell.cli.printer import Printer, shown
from foretell.cli.progress import duration
from foretell.forecasting.kind import UNTRAINED

if TYPE_CHECKING:
    import polars as pl

    from foretell.forecasting.backtesting.backtest import Backtest, Part
    from foretell.forecasting.fitted_model import FittedModel
    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.tables.findings import Findings
    from foretell.training.history import History

_FIRST_ROWS = 5


def show_findings(printer: Printer, findings: Findings) -> None:
    """Print the findings about the table."""
    printer.heading("What was found in the data")
    printer.listing(findings.sentences())


def show_model(printer: Printer, model: FittedModel) -> None:
    """Print the training and the composition of the forecast."""
    printer.heading("Training" if model.history else "Forecaster")
    trained = training_sentences(model.history) if model.history else [UNTRAINED]
    printer.listing([*trained, *([model.choice] if model.choice else []), *model.notes])


def training_sentences(history: History) -> list[str]:
    """Return sentences on steps, time, the best step, the reason for stopping, and skipped steps."""
    best = ""
    if history.best is not None and history.best_step is not None:
        best = f"; validation loss {shown(history.best)}, best after step {history.best_step:,}"
    lines = [f"{history.steps:,} step{'' if history.steps == 1 else 's'} in {duration(history.seconds)}{best}."]
    if history.reason != "finished":
        lines.append(f"Training ended early: {history.stopped}.")
    if history.skipped:
        lines.append(f"{history.skipped:,} steps were skipped, since loss or gradient was not finite.")
    return lines


def show_backtest(printer: Printer, backtest: Backtest) -> None:
    """Print the scores beside those of the baselines, and the coverage."""
    windows = f"{backtest.windows} window{'' if backtest.windows == 1 else 's'}"
    printer.heading(f"Backtest of {backtest.series:,} series over {windows} held out (lower is better)")
    rows = backtest.scores.rows()
    printer.table(backtest.scores.columns, [[str(name).replace("_", " "), *scores] for name, *scores in rows], strong=0)
    for level, share in sorted(backtest.coverage.items()):
        printer.say(f"  {100 * share:.1f} % of the values fell inside the {level} % intervals.")
    printer.listing(backtest.notes)


_PARTS: tuple[Part, ...] = ("cutoff", "step", "unique_id")
_MOST_PARTS = 12


def show_parts(printer: Printer, backtest: Backtest) -> None:
    """Print the model's scores by cutoff, step ahead and series."""
    for part in _PARTS:
        found = backtest.scores_by(part)
        if len(found) > 1:
            more = f", the first {_MOST_PARTS} of {len(found):,}" if len(found) > _MOST_PARTS else ""
            printer.heading(f"By {'series' if part == 'unique_id' else part}{more}")
            rows = [[_moment(cell) for cell in row] for row in found.head(_MOST_PARTS).rows()]
            printer.table(found.columns, rows)


def parts_document(backtest: Backtest) -> dict[str, Any]:
    """Return the model's scores by cutoff, step ahead and series."""
    return {part: backtest.scores_by(part).to_dicts() for part in _PARTS}


def show_forecast(printer: Printer, forecast: pl.DataFrame) -> None:
    """Print the first rows."""
    printer.heading(f"Forecast, the first {min(_FIRST_ROWS, len(forecast))} of {len(forecast):,} rows")
    printer.table(*first_rows(forecast, _FIRST_ROWS))


def show_plans(printer: Printer, forecaster: Forecaster) -> None:
    """Print the totals of each plan over the horizon, if there are several."""
    rows = [list(row.values()) for row in plans_document(forecaster)]
    if rows:
        more = f", the first {_MOST_PARTS} of {len(rows):,}" if len(rows) > _MOST_PARTS else ""
        printer.heading(f"Plans: totals of the medians over the horizon, and differences from the first plan{more}")
        printer.table(["plan", "series", "total", "difference"], rows[:_MOST_PARTS])


def plans_document(forecaster: Forecaster) -> list[dict[str, Any]]:
    """Return the totals of each series by each plan."""
    from foretell.forecasting.what_if import plan_differences

    return [found.to_dict() for found in plan_differences(forecaster.plans)]


def first_rows(forecast: pl.DataFrame, most: int = 12) -> tuple[list[str], list[list[Any]]]:
    """Return the columns and the first rows of a table for printing."""
    times = [name for name, dtype in forecast.schema.items() if dtype.is_temporal()]
    head = forecast.head(most)
    rows = [[_moment(cell) if name in times else cell for name, cell in row.items()] for row in head.to_dicts()]
    return forecast.columns, rows


def _moment(cell: Any) -> Any:
    """Return a time as text no longer than it need be, anything else as it is."""
    return str(cell).removesuffix(" 00:00:00") if isinstance(cell, date) else cell
