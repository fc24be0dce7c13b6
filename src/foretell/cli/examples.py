"""The examples below each command's help."""

from __future__ import annotations

_SETS = {
    "foretell": (
        ("See it at work on data that comes with it", "foretell forecast --demo"),
        ("Forecast your own table 14 steps ahead", "foretell forecast sales.csv --horizon 14"),
    ),
    "forecast": (
        ("Everything found by itself, all results in ./forecast", "foretell forecast sales.csv --horizon 14"),
        ("One table out of a pipe, into another", "foretell forecast - -n 14 -o - < sales.csv > f.csv"),
        (
            "With prices and holidays that are known ahead",
            "foretell forecast sales.csv --horizon 14 --known price --known holiday --future plans.csv",
        ),
        (
            "A GRU with a time budget, and a picture",
            "foretell forecast sales.csv -n 14 --model gru --minutes 2 --png f.png",
        ),
    ),
    "fit": (
        ("Train once, and keep the model", "foretell fit sales.csv --horizon 14 --save sales-model"),
        ("Watch it train in TensorBoard", "foretell fit sales.csv --horizon 14 --tensorboard runs"),
    ),
    "predict": (
        ("Forecast from where a newer table ends", "foretell predict sales-model sales.csv --output forecast.csv"),
        ("Straight into another program", "foretell predict sales-model - --output - < sales.csv"),
    ),
    "backtest": (
        ("How good would the last 10 forecasts have been?", "foretell backtest sales-model sales.csv --windows 10"),
        ("The same with a model trained anew before each", "foretell backtest sales-model sales.csv --refit"),
    ),
    "info": (
        ("What foretell runs on here", "foretell info"),
        ("What a model is, and how good it was", "foretell info sales-model"),
    ),
}  # fmt: skip


def epilog(examples: tuple[tuple[str, str], ...]) -> str:
    """What stands below a command's help."""
    # An empty line keeps paragraphs apart in help that rich lays out, whatever the version of typer.
    return "\n\n".join(["[bold]Examples[/bold]", *(f"{what}:\n  [cyan]{line}[/cyan]" for what, line in examples)])


EXAMPLES = {name: epilog(examples) for name, examples in _SETS.items()}
