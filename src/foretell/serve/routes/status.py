"""The state of the service: its models, its health, its metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from foretell.serve.problems import ServiceError
from foretell.serve.routes import service_of
from foretell.serve.strict import StrictResponse

router = APIRouter(tags=["status"])


@router.get("/v1/models", summary="List the models", response_class=Response)
async def models(request: Request) -> Response:
    """List the models that forecasts can name, and what they were fitted to. The first answers where none is named."""
    return StrictResponse({"models": service_of(request).models.facts()})


@router.get("/healthz", summary="Tell whether the process is alive")
async def healthz() -> JSONResponse:
    """Answer as long as the process can answer at all."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz", summary="Tell whether requests are taken")
async def readyz(request: Request) -> JSONResponse:
    """Answer with 200 as long as requests are taken, and with 503 once the service is being stopped."""
    if service_of(request).stopping:
        raise ServiceError("stopping", "the service finishes what it has begun and takes nothing new")
    return JSONResponse({"status": "ready"})


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """Return the metrics in the format of Prometheus."""
    content, kind = service_of(request).metrics.page()
    return Response(content, headers={"Content-Type": kind})
