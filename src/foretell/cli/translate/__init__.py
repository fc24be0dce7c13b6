"""The `foretell translate` commands: one file each."""

from __future__ import annotations

import typer

from foretell.cli.examples import EXAMPLES
from foretell.cli.signature import as_command
from foretell.cli.translate.run import run
from foretell.cli.translate.train import train

translate = typer.Typer(
    help="Learn to translate from pairs of sentences, and translate others.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES["translate"],
)

for command in (train, run):
    translate.command(epilog=EXAMPLES[f"translate {command.__name__}"])(as_command(command))
