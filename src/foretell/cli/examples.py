"""The examples shown below each command's help."""

from __future__ import annotations

from foretell.model.kind import Examples

INFO: Examples = (
    ("Describe this installation", "foretell info"),
    ("Describe a model and its backtest", "foretell info sales-model"),
)


def epilog(examples: Examples) -> str:
    """Return the text shown below a command's help."""
    # With any version of typer, rich keeps paragraphs apart only where an empty line separates them.
    return "\n\n".join(["[bold]Examples[/bold]", *(f"{what}:\n  [cyan]{line}[/cyan]" for what, line in examples)])
