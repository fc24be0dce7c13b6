"""The application: routes, errors and middleware around a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from foretell.errors import ForetellError
from foretell.serve.access import Access
from foretell.serve.metrics import Counted
from foretell.serve.problems import ServiceError
from foretell.serve.routes import fits, forecasts, page, status
from foretell.serve.service import Service
from foretell.serve.settings import ServiceSettings
from foretell.tables.trial import process_kept

_ABOUT = """Forecasts of time series.

`POST /v1/forecast` forecasts a table with a model of the service, or with the pretrained network. `POST /v1/fit` fits a
model to a table. Tables travel as JSON records, CSV, Parquet or Arrow: the content type of a request says which, and
its header `Accept` asks for one in the answer. Errors are documents of the type `application/problem+json`.
"""


def create_app(settings: ServiceSettings) -> FastAPI:
    """Return the application; it loads the models at once. Raises ModelError for a folder that is none."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001
        with process_kept():
            yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="foretell",
        version=metadata.version("foretell"),
        description=_ABOUT,
        lifespan=lifespan,
        # The pages of FastAPI fetch their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.state.service = service
    for router in (forecasts.router, fits.router, status.router, page.router):
        app.include_router(router)
    app.add_exception_handler(ForetellError, _refused)
    app.add_exception_handler(HTTPException, _not_there)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(Counted, metrics=service.metrics)
    app.add_middleware(Access, settings=settings)
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    assert isinstance(error, ForetellError)
    return ServiceError.of(error).response()


async def _not_there(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        return ServiceError(
            "method", f"{request.method} does not apply to this address; {allowed} does", dict(error.headers or {})
        ).response()
    if error.status_code == 404:
        return ServiceError(
            "not-found", "there is nothing at this address; /v1/openapi.json describes all that there is"
        ).response()
    return ServiceError("not-understood", str(error.detail)).response()


async def _failed(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    return ServiceError("internal", "this is a fault of the service; its log says more").response()
