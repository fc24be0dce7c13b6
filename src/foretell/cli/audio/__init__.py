"""The `foretell audio` commands: one file each."""

from __future__ import annotations

import typer

from foretell.cli.audio.evaluate import evaluate
from foretell.cli.audio.generate import generate
from foretell.cli.audio.train import train
from foretell.cli.examples import EXAMPLES
from foretell.cli.signature import as_command

audio = typer.Typer(
    help="Learn how a folder of sounds sounds, with WaveNet, and make more of it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES["audio"],
)

for command in (train, generate, evaluate):
    audio.command(epilog=EXAMPLES[f"audio {command.__name__}"])(as_command(command))
