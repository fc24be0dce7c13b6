"""The `foretell text` commands: one file each."""

from __future__ import annotations

import typer

from foretell.cli.examples import EXAMPLES
from foretell.cli.signature import as_command
from foretell.cli.text.evaluate import evaluate
from foretell.cli.text.generate import generate
from foretell.cli.text.train import train

text = typer.Typer(
    help="Learn how a text goes on, character by character, and write more of it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES["text"],
)

for command in (train, generate, evaluate):
    text.command(epilog=EXAMPLES[f"text {command.__name__}"])(as_command(command))
