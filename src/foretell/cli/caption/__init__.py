"""The `foretell caption` commands: one file each."""

from __future__ import annotations

import typer

from foretell.cli.caption.run import run
from foretell.cli.caption.train import train
from foretell.cli.examples import EXAMPLES
from foretell.cli.signature import as_command

caption = typer.Typer(
    help="Learn from pictures and their captions, and put other pictures into words.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES["caption"],
)

for command in (train, run):
    caption.command(epilog=EXAMPLES[f"caption {command.__name__}"])(as_command(command))
