"""The `foretell classify` commands: one file each."""

from __future__ import annotations

import typer

from foretell.cli.classify.predict import predict
from foretell.cli.classify.train import train
from foretell.cli.examples import EXAMPLES
from foretell.cli.signature import as_command

classify = typer.Typer(
    help="Learn from texts with their labels, and label others.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES["classify"],
)

for command in (train, predict):
    classify.command(epilog=EXAMPLES[f"classify {command.__name__}"])(as_command(command))
