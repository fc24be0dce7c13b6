"""The addresses of the service."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from foretell.serve.service import Service


def service_of(request: Request) -> Service:
    """Return the service that a request came to."""
    return cast(Service, request.app.state.service)
