"""Access: who may use the service, and what browsers may do with its answers."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from foretell.serve.problems import ServiceError
from foretell.serve.settings import LOOPBACK, ServiceSettings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_PUBLIC = ("/healthz", "/readyz")
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Access:
    """Middleware: refuses requests without the token, or from other sites, and adds the headers of each answer."""

    def __init__(self, app: App, settings: ServiceSettings) -> None:
        self._app = app
        self._token = settings.token
        self._hosts = {*LOOPBACK, "[::1]", *settings.allowed_hosts}
        # Who brings the token is let in by any name; without one, a page elsewhere must not reach a service that only
        # this machine can, by a name that it points here.
        self._checks_host = settings.address.is_local and settings.token is None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in _HEADERS if pair[0] not in present)]
            await send(message)

        problem = self._problem(scope)
        if problem is not None:
            await problem.response()(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)

    def _problem(self, scope: Scope) -> ServiceError | None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if self._checks_host and name not in self._hosts:
            return ServiceError(
                "host",
                f"the service listens to this machine alone and is not called {name!r}; --allow-host allows that name",
            )
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if origin and urlsplit(origin).netloc != host:
            return ServiceError("origin", "the request comes from a page of another site")
        if self._token is None or scope["path"] in _PUBLIC or not scope["path"].startswith(("/v1", "/metrics")):
            return None
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._token.encode()):
            return None
        what = "does not hold" if given else "is missing: it must be"
        return ServiceError(
            "token",
            "the header Authorization "
            + ("does not bring the right token" if given else f"{what} Bearer and the token"),
            {"WWW-Authenticate": "Bearer"},
        )
