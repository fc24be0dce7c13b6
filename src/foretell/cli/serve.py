"""`foretell serve`"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from foretell.cli.options import Device
from foretell.declaration import MESSAGES, SERVICE, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields
from foretell.optional import load
from foretell.serve.settings import Address, Limits, ServiceSettings, named_models

_TOKEN = "FORETELL_TOKEN"
_POLARS_THREADS = "POLARS_MAX_THREADS"

Models = Annotated[
    tuple[str, ...],
    Setting("Folders of trained models, each optionally as NAME=FOLDER.", positional=True, metavar="[MODEL]..."),
]
Debug = Annotated[bool, Setting("Show the traceback of an error.", MESSAGES)]


@dataclass(frozen=True)
class ServiceOptions:
    """The processes of the service, and who may use it."""

    address: Address = Address()  # noqa: RUF009 (frozen)
    workers: Annotated[int, Setting("Number of processes that serve.", SERVICE, at_least=1)] = 1
    token: Annotated[
        str | None,
        Setting(
            f"Token that requests must bring as `Authorization: Bearer TOKEN`; the variable {_TOKEN} is read if not "
            "given, and does not show in the list of processes.",
            SERVICE,
            metavar="TOKEN",
        ),
    ] = None
    allow_host: Annotated[
        tuple[str, ...],
        Setting("Further host name by which requests may call a service that listens to this machine alone.", SERVICE),
    ] = ()
    grace: Annotated[
        float,
        Setting("Seconds that fitting jobs are given to finish when the service is stopped.", SERVICE, at_least=0),
    ] = 30.0

    def __post_init__(self) -> None:
        settle_fields(self)


def serve(
    model: Models = (),
    *,
    service: ServiceOptions,
    limits: Limits,
    device: Device = "auto",
    debug: Debug = False,  # noqa: ARG001 (read where errors are shown)
) -> None:
    """Serve forecasts over HTTP: saved models, or the pretrained network alone, and a page to use them.

    POST /v1/forecast takes a table as JSON, CSV, Parquet or Arrow. The service listens to this machine alone unless
    --host says otherwise. SIGTERM and Ctrl-C let it finish what it has begun.
    """
    run(
        model,
        service,
        limits,
        device,
        lambda url: print(f"Serving {_what(model)} at {url} (Ctrl-C stops it)", flush=True),
    )


def run(
    model: tuple[str, ...], service: ServiceOptions, limits: Limits, device: str, on_ready: Callable[[str], None]
) -> None:
    """Serve until a signal comes. Raises MissingExtraError without the packages of the extra `serve`."""
    for package in ("fastapi", "uvicorn", "prometheus_client", "python_multipart"):
        load(package, "serves over HTTP", "serve")
    # Read when polars is first imported: its threads cost more than they save where many small tables come at once.
    os.environ.setdefault(_POLARS_THREADS, "1")
    token = service.token if service.token is not None else os.environ.get(_TOKEN) or None
    if token is not None and (not token.isascii() or not token.isprintable() or " " in token or not token):
        raise SettingsError("the token must be of printable ASCII characters without blanks")
    if not service.address.is_local and token is None:
        print(
            f"Note: anyone who can reach {service.address.host} can use this service; set {_TOKEN} to ask for a token.",
            file=sys.stderr,
        )
    from foretell.serve.server import serve as serve_until_stopped

    settings = ServiceSettings(
        models=named_models(model),
        address=service.address,
        limits=limits,
        token=token,
        allowed_hosts=tuple(name.lower() for name in service.allow_host),
        device=device,
        grace=service.grace,
    )
    serve_until_stopped(settings, service.workers, on_ready)


def _what(model: tuple[str, ...]) -> str:
    names = [name for name, _ in named_models(model)] or ["the pretrained network"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
