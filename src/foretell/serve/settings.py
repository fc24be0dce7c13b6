"""Settings of the service: where it listens, who may use it, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from foretell.declaration import LIMITS, SERVICE, Setting
from foretell.errors import SettingsError
from foretell.field_types import settle_fields

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Addresses that only this machine can reach."""
PORT = 8000


@dataclass(frozen=True)
class Limits:
    """The limits of the service, each with an error of its own."""

    max_body: Annotated[int, Setting("Largest body of a request, in megabytes.", LIMITS, at_least=1)] = 50
    max_rows: Annotated[int, Setting("Most rows of a table.", LIMITS, at_least=1)] = 1_000_000
    max_series: Annotated[int, Setting("Most series of a table.", LIMITS, at_least=1)] = 20_000
    max_horizon: Annotated[int, Setting("Longest horizon, in steps.", LIMITS, at_least=1)] = 10_000
    max_requests: Annotated[int, Setting("Most requests that may wait for an answer.", LIMITS, at_least=1)] = 1_000
    max_jobs: Annotated[int, Setting("Most models that are fitted at once.", LIMITS, at_least=1)] = 2
    job_minutes: Annotated[
        float, Setting("Longest time that fitting a model may take, in minutes.", LIMITS, above=0)
    ] = 30.0
    timeout: Annotated[
        float,
        Setting("Longest time that a request may take to arrive, and to be answered, in seconds.", LIMITS, above=0),
    ] = 60.0

    def __post_init__(self) -> None:
        settle_fields(self)

    @property
    def body_bytes(self) -> int:
        """Largest body in bytes."""
        return self.max_body * 1_000_000


@dataclass(frozen=True)
class Address:
    """Where the service listens."""

    host: Annotated[
        str, Setting("Address to listen on; 0.0.0.0 for all of this machine's, which others can then reach.", SERVICE)
    ] = LOOPBACK[0]
    port: Annotated[
        int,
        Setting("Port to listen on; 0 for any that is free.", SERVICE, at_least=0, at_most=65535, identifies=True),
    ] = PORT

    def __post_init__(self) -> None:
        settle_fields(self)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK


@dataclass(frozen=True)
class ServiceSettings:
    """All that the processes of a service need to know."""

    models: tuple[tuple[str, Path], ...] = ()
    """Name and folder of each model."""
    address: Address = field(default_factory=Address)
    limits: Limits = field(default_factory=Limits)
    token: str | None = None
    """What a request must bring as its bearer token; None for nothing."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names that requests may call the service by."""
    jobs: Path = Path("jobs")
    """Folder of the fitting jobs, shared by all processes."""
    device: str = "auto"
    grace: float = 30.0
    """Seconds that jobs are given to finish when the service is stopped."""


def named_models(given: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    """Return name and folder of each model, given as FOLDER or NAME=FOLDER. Raises SettingsError."""
    named: dict[str, Path] = {}
    for text in given:
        name, equals, folder = text.partition("=")
        if not equals or "/" in name or Path(text).exists():
            folder, name = text, Path(text).resolve().name
        if name in named or name == "pretrained":
            raise SettingsError(f"two models are called {name!r}: name one, as in other={folder}")
        if not name or len(name) > 100 or any(c in name for c in "/?#%&") or not name.isprintable():
            raise SettingsError(f"a model cannot be called {name!r}: give a plain name, as in sales={folder}")
        named[name] = Path(folder)
    return tuple((name, folder.absolute()) for name, folder in named.items())
