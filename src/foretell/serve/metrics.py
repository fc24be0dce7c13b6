"""Metrics of the service, as Prometheus reads them."""

from __future__ import annotations

import os
from time import perf_counter
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPEN_METRICS  # noqa: F401

from foretell.serve.access import App, Receive, Scope, Send

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder through which several processes add up their metrics; read on import."""
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """What is counted; each service has a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        new: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter("foretell_requests_total", "Requests answered.", ("route", "method", "status"), **new)
        self.seconds = Histogram("foretell_request_seconds", "Time to an answer.", ("route",), buckets=_SECONDS, **new)
        self.batches = Histogram("foretell_batch_requests", "Requests that a batch answered.", buckets=_SIZES, **new)
        self.series = Counter("foretell_series_total", "Series forecast.", ("model",), **new)
        self.jobs = Counter("foretell_jobs_total", "Fitting jobs started.", **new)
        self.reloads = Counter("foretell_model_loads_total", "Models loaded again.", ("model",), **new)
        self.waiting = Gauge(
            "foretell_requests_waiting", "Requests being answered.", multiprocess_mode="livesum", **new
        )

    def page(self) -> tuple[bytes, str]:
        """Return the metrics, of all processes if there are several, and their content type."""
        registry = self.registry
        if os.environ.get(MULTIPROCESS):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST


class Counted:
    """Middleware that counts requests and their time, by route."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began, counted = 500, perf_counter(), False

        def count() -> None:
            nonlocal counted
            counted = True
            # Addresses are not labels: there is no end of them.
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.requests.labels(route, scope["method"], status).inc()
            self._metrics.seconds.labels(route).observe(perf_counter() - began)

        async def noted(message):  # type: ignore[no-untyped-def]
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif not message.get("more_body"):
                # Before it is sent: whoever has read this answer finds it in the metrics, whichever process is asked.
                count()
            await send(message)

        self._metrics.waiting.inc()
        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.waiting.dec()
            if not counted:
                count()
