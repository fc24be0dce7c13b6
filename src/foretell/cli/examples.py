"""The examples shown below each command's help."""

from __future__ import annotations

from foretell.model.kind import Examples

OF_ANY_MODEL: dict[str, Examples] = {
    "info": (
        ("Describe this installation", "foretell info"),
        ("Describe a model and its backtest", "foretell info sales-model"),
    ),
    "export": (
        ("Write a model for any runtime of ONNX", "foretell export sales-model --out sales.onnx"),
        ("Write a program for torch.export.load", "foretell export sales-model --format torch --out sales.pt2"),
    ),
}
"""The examples of the commands that take a model of any kind."""


def epilog(examples: Examples) -> str:
    """Return the text shown below a command's help."""
    # With any version of typer, rich keeps paragraphs apart only where an empty line separates them.
    return "\n\n".join(["[bold]Examples[/bold]", *(f"{what}:\n  [cyan]{line}[/cyan]" for what, line in examples)])
