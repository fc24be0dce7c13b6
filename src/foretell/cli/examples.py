"""The examples shown below each command's help."""

from __future__ import annotations

_SETS = {
    "foretell": (
        ("Try it on the demo data", "foretell forecast --demo"),
        ("Forecast your own table 14 steps ahead", "foretell forecast sales.csv --horizon 14"),
    ),
    "forecast": (
        ("Detect all columns, write all results to ./forecast", "foretell forecast sales.csv --horizon 14"),
        ("Read a table from a pipe, write the forecast to one", "foretell forecast - -n 14 -o - < sales.csv > f.csv"),
        (
            "Use prices and holidays that are known in advance",
            "foretell forecast sales.csv --horizon 14 --known price --known holiday --future plans.csv",
        ),
        (
            "Train a GRU within a time budget, and draw the forecasts",
            "foretell forecast sales.csv -n 14 --model gru --minutes 2 --png f.png",
        ),
    ),
    "fit": (
        ("Train once, and save the model", "foretell fit sales.csv --horizon 14 --save sales-model"),
        ("Follow the training in TensorBoard", "foretell fit sales.csv --horizon 14 --tensorboard runs"),
    ),
    "predict": (
        ("Forecast from the end of a newer table", "foretell predict sales-model sales.csv --output forecast.csv"),
        ("Write the forecast to standard output", "foretell predict sales-model - --output - < sales.csv"),
    ),
    "backtest": (
        ("Evaluate the last 10 forecast windows", "foretell backtest sales-model sales.csv --windows 10"),
        ("Retrain the model before each window", "foretell backtest sales-model sales.csv --refit"),
    ),
    "info": (
        ("Describe this installation", "foretell info"),
        ("Describe a model and its backtest", "foretell info sales-model"),
    ),
}  # fmt: skip


def epilog(examples: tuple[tuple[str, str], ...]) -> str:
    """Return the text shown below a command's help."""
    # With any version of typer, rich keeps paragraphs apart only where an empty line separates them.
    return "\n\n".join(["[bold]Examples[/bold]", *(f"{what}:\n  [cyan]{line}[/cyan]" for what, line in examples)])


EXAMPLES = {name: epilog(examples) for name, examples in _SETS.items()}
