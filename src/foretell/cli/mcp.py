"""`foretell mcp`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from foretell.cli.options import Device
from foretell.declaration import MESSAGES, SERVICE, Setting
from foretell.optional import load

AllowDir = Annotated[
    Path,
    Setting("Folder whose files may be read and written; nothing outside of it is.", SERVICE, metavar="FOLDER"),
]
Debug = Annotated[bool, Setting("Show the traceback of an error.", MESSAGES)]


def mcp(
    *,
    allow_dir: AllowDir,
    device: Device = "auto",
    debug: Debug = False,  # noqa: ARG001 (read where errors are shown)
) -> None:
    """Give agents tools over the Model Context Protocol: look, forecast, backtest, explain and find anomalies.

    A client starts the command and speaks to it over standard input and output. Answers name files and hold scores and
    findings; rows of data only if asked for.
    """
    load("mcp_types", "speaks the protocol of agents", "mcp")
    from foretell.agents.server import serve

    serve(allow_dir, device)
