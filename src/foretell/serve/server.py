"""The server: listens, and runs the application in this process or in several."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import uvicorn

from foretell.errors import SettingsError
from foretell.model.folder import read_folder
from foretell.serve.app import create_app
from foretell.serve.service import Service
from foretell.serve.settings import Address, ServiceSettings

_BACKLOG = 2048
OnReady = Callable[[str], None]


def serve(settings: ServiceSettings, workers: int, on_ready: OnReady) -> None:
    """Serve until a signal comes, then finish what was begun; `on_ready` receives the address.

    Raises SettingsError for an address that cannot be listened on, ModelError for a model that cannot be loaded.
    """
    for _, folder in settings.models:
        read_folder(folder, "forecast")
    with listening(settings.address) as listener, tempfile.TemporaryDirectory(prefix="foretell-") as temporary:
        settings = replace(settings, jobs=Path(temporary, "jobs"))
        if workers == 1:
            run_here(settings, listener, on_ready)
        else:
            from foretell.serve.workers import run_workers

            run_workers(settings, listener, workers, Path(temporary, "metrics"), on_ready)


def run_here(settings: ServiceSettings, listener: socket.socket, on_ready: OnReady) -> None:
    """Serve in this process. Raises ModelError for a model that cannot be loaded."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("foretell.serve").setLevel(logging.INFO)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="on",
        http="auto",
        loop="asyncio",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=round(max(settings.limits.timeout, settings.grace) + 15),
    )
    server = _Server(config, app.state.service, lambda: on_ready(url_of(listener)))
    with suppress(KeyboardInterrupt):  # the signal that ended it, raised again once all is done
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that tells when it is ready, and lets jobs finish when it ends."""

    def __init__(self, config: uvicorn.Config, service: Service, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._service = service
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish requests and jobs at the same time: whoever follows a job is told of its end."""
        stopping = asyncio.create_task(self._service.stop())
        await super().shutdown(sockets)
        await stopping


def listening(address: Address) -> socket.socket:
    """Return a socket that listens at the address. Raises SettingsError where that cannot be."""
    host, port = address.host, address.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        family, kind, protocol, _, place = found
        # Only a socket that names its protocol sends without delay (TCP_NODELAY) what asyncio writes to it.
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"host {host!r} is no address of this machine: give another, such as 127.0.0.1") from error
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(_why_not(error, host, port)) from error
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use: stop what uses it, or give another --port (0 for any that is free)"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this user: give another --port, such as 8000"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"host {host!r} is no address of this machine: give another, such as 127.0.0.1"
    return f"cannot listen at port {port} of {host}: {error.strerror or error}"


def url_of(listener: socket.socket) -> str:
    """Return the address of a service in a form to click on."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"
