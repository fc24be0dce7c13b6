"""The `foretell` command and its subcommands. A command's modules are imported only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from foretell.model.registry import KINDS

_FORECASTING = {
    "forecast": "Fit a forecaster to a table, backtest it, and forecast the next steps.",
    "fit": "Fit a forecaster to a table, backtest it, and save the model.",
    "predict": "Forecast with a saved model, from the end of a table.",
    "update": "Let a saved model learn from what came since, and say whether it has drifted.",
    "backtest": "Test a saved model on past data: compare its forecasts with the actual values.",
    "cross-validate": "Forecast windows of the past from the data before them, and score the forecasts.",
    "explain": "Say what each covariate of a saved model is worth.",
    "anomalies": "Find values that are unlikely beside those before and after them.",
    "fill": "Fill the gaps of series, from both sides and with intervals.",
    "export": "Write a saved model as a program that runs without foretell: ONNX, or torch's own format.",
    "serve": "Serve forecasts over HTTP: saved models, or the pretrained network alone, and a page to use them.",
    "ui": "Start the service for this machine alone and open its page.",
    "mcp": "Give agents tools over the Model Context Protocol, on the files of one folder.",
    "info": "Describe this installation of foretell, or a saved model.",
}
"""Help of the commands that belong to no kind of model; each is in the module of its name, with _ for -."""

_WITHOUT_PROGRAM = ("serve", "ui", "mcp", "info")
"""Commands that do nothing that a short Python program could do as well."""
_PROGRAMS = "foretell.cli.forecasting_programs"


class _Commands(TyperGroup):
    """The commands by name, each built when it is called or its own help is requested."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return [*_FORECASTING, *_kinds()]

    def get_command(self, ctx: Any, name: str) -> Any:  # noqa: ARG002
        if name in _FORECASTING:
            return _made(importlib.import_module(f"foretell.cli.{name.replace('-', '_')}"), name)
        if name not in _kinds():
            return None
        from foretell.cli.kind import commands_of

        return typer.main.get_command(commands_of(KINDS[name]))

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        for heading, rows in (
            ("Forecasting", _FORECASTING),
            ("Other tasks", {name: entry.help for name, entry in _kinds().items()}),
        ):
            with formatter.section(heading):
                formatter.write_dl(list(rows.items()))


def _kinds() -> dict[str, Any]:
    """Return the kinds that have commands of their own."""
    return {name: entry for name, entry in KINDS.items() if not entry.taken_by}


def _made(module: Any, name: str) -> Any:
    from foretell.cli.examples import OF_ANY_MODEL, epilog
    from foretell.cli.signature import as_command

    function = name.replace("-", "_")
    command: Callable[..., None] = getattr(module, function)

    def program(**arguments: Any) -> str:
        return str(getattr(importlib.import_module(_PROGRAMS), function)(**arguments))

    one = typer.Typer(
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    examples = KINDS["forecast"].described.examples.get(name) or OF_ANY_MODEL[name]
    one.command(name, epilog=epilog(examples))(as_command(command, None if name in _WITHOUT_PROGRAM else program))
    return typer.main.get_command(one)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: foretell forecast --demo. Run foretell COMMAND --help for the options of a command.",
)


def _show_version(asked: bool) -> None:
    if asked:
        from foretell import __version__

        print(f"foretell {__version__}")
        raise typer.Exit


@app.callback()
def foretell(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Forecast time series with recurrent networks and WaveNet. The input is a table; the output is forecasts with
    calibrated intervals, a backtest and a report.
    """
