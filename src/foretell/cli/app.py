"""The `foretell` command and what it is made of."""

from __future__ import annotations

from typing import Annotated

import typer

from foretell import __version__
from foretell.cli.audio import audio
from foretell.cli.backtest import backtest
from foretell.cli.caption import caption
from foretell.cli.classify import classify
from foretell.cli.examples import EXAMPLES
from foretell.cli.fit import fit
from foretell.cli.forecast import forecast
from foretell.cli.info import info
from foretell.cli.music import music
from foretell.cli.predict import predict
from foretell.cli.signature import as_command
from foretell.cli.text import text
from foretell.cli.translate import translate

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES["foretell"],
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"foretell {__version__}")
        raise typer.Exit


@app.callback()
def foretell(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Forecast time series with recurrent networks and WaveNet: a table goes in; forecasts with honest intervals,
    a backtest and a report come out."""


for command in (forecast, fit, predict, backtest, info):
    app.command(epilog=EXAMPLES[command.__name__])(as_command(command))

app.add_typer(audio, name="audio")
app.add_typer(classify, name="classify")
app.add_typer(caption, name="caption")
app.add_typer(music, name="music")
app.add_typer(text, name="text")
app.add_typer(translate, name="translate")
