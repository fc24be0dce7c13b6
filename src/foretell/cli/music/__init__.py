"""The `foretell music` commands: one file each."""

from __future__ import annotations

import typer

from foretell.cli.examples import EXAMPLES
from foretell.cli.music.generate import generate
from foretell.cli.music.train import train
from foretell.cli.signature import as_command

music = typer.Typer(
    help="Learn from music in four voices, note by note, and compose more of it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES["music"],
)

for command in (train, generate):
    music.command(epilog=EXAMPLES[f"music {command.__name__}"])(as_command(command))
