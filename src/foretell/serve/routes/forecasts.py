"""Forecasts, and a look at a table before."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

from foretell.forecasting.tables.question import TableQuestion
from foretell.serve.bodies import read_body
from foretell.serve.examples import FORECAST_ANSWERS, LOOK_ANSWERS, body_of
from foretell.serve.looks import look
from foretell.serve.media import accepted
from foretell.serve.questions import ForecastQuestion, asked, parameters
from foretell.serve.routes import service_of
from foretell.serve.strict import StrictResponse

router = APIRouter(tags=["forecasts"])


@router.post(
    "/v1/forecast",
    summary="Forecast a table",
    openapi_extra={"parameters": parameters(ForecastQuestion), **body_of(ForecastQuestion)},
    responses=FORECAST_ANSWERS,
    response_class=Response,
)
async def forecast(request: Request) -> Response:
    """Forecast the steps after the last value of each series of a table."""
    service = service_of(request)
    body = await read_body(request, service.limits)
    question = asked(ForecastQuestion, [*request.query_params.multi_items(), *body.fields], body.options)
    kind = accepted(request.headers.get("accept"), body.table.format)
    answer = await service.forecasts.answer(question, body, kind)
    service.metrics.series.labels(answer.name).inc(answer.series)
    return Response(answer.content, media_type=kind.types[0])


@router.post(
    "/v1/look",
    summary="Look at a table",
    openapi_extra={"parameters": parameters(TableQuestion), **body_of(TableQuestion)},
    responses=LOOK_ANSWERS,
    response_class=Response,
)
async def look_at(request: Request) -> Response:
    """Say what is found in a table: its columns, its times and their frequency, its series and gaps."""
    service = service_of(request)
    await asyncio.to_thread(service.jobs.prepare)
    body = await read_body(request, service.limits)
    question = asked(TableQuestion, [*request.query_params.multi_items(), *body.fields], body.options)
    return StrictResponse(await service.forecasts.aside(lambda: look(question, body, service.limits)))
