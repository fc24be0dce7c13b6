"""`foretell ui`"""

from __future__ import annotations

import webbrowser
from dataclasses import replace
from typing import Annotated

from foretell.cli.options import Device
from foretell.cli.serve import Debug, Models, ServiceOptions, run
from foretell.declaration import SERVICE, Setting
from foretell.serve.settings import LOOPBACK, Address, Limits

Port = Annotated[
    int,
    Setting("Port to listen on; any that is free if not given.", SERVICE, at_least=0, at_most=65535, identifies=True),
]
Browser = Annotated[bool, Setting("Open the page in a browser.", SERVICE)]


def ui(
    model: Models = (),
    *,
    port: Port = 0,
    browser: Browser = True,
    device: Device = "auto",
    debug: Debug = False,  # noqa: ARG001 (read where errors are shown)
) -> None:
    """Start the service for this machine alone and open its page, where a table is dropped and forecast."""

    def ready(url: str) -> None:
        print(f"The page is at {url} (Ctrl-C stops it)", flush=True)
        if browser:
            webbrowser.open(url)

    run(model, replace(ServiceOptions(), address=Address(LOOPBACK[0], port)), Limits(), device, ready)
