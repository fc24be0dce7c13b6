"""Fitting jobs: started, followed, cancelled, and their results."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import polars as pl
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from foretell.serve.bodies import Body, read_body, read_json
from foretell.serve.examples import FIT_ANSWERS, body_of
from foretell.serve.forecasts import check_horizon
from foretell.serve.jobs import BACKTEST, FINAL, FORECAST, MODEL, REPORT, SUMMARY, Job
from foretell.serve.looks import read_checked
from foretell.serve.media import CSV, accepted, written
from foretell.serve.problems import ServiceError
from foretell.serve.questions import FitQuestion, asked, parameters
from foretell.serve.routes import service_of
from foretell.serve.series import IDS, read_series
from foretell.serve.service import Service
from foretell.serve.strict import StrictResponse
from foretell.serve.training import forecaster_of

router = APIRouter(tags=["fits"])
_POLL, _HEARTBEAT = 0.1, 15.0
_LAST_WORDS = 5.0
"""Seconds after the end of a process until which it is waited for who says how it ended."""


@router.post(
    "/v1/fit",
    summary="Fit a model to a table",
    status_code=202,
    openapi_extra={"parameters": parameters(FitQuestion), **body_of(FitQuestion)},
    responses=FIT_ANSWERS,
    response_class=Response,
)
async def fit(request: Request) -> Response:
    """Start a job that fits a model, backtests it and forecasts. Follow its progress at the address `events`."""
    service = service_of(request)
    if service.stopping:
        raise ServiceError("stopping", "the service finishes what it has begun and takes nothing new")
    body = await read_body(request, service.limits)
    question = asked(FitQuestion, [*request.query_params.multi_items(), *body.fields], body.options)
    job = await service.forecasts.aside(lambda: _started(service, question, body))
    service.metrics.jobs.inc()
    return StrictResponse(job.document(), 202, {"Location": f"/v1/fit/{job.id}"})


@router.get("/v1/fit", summary="List the jobs", response_class=Response)
async def jobs(request: Request) -> Response:
    """List the jobs, the oldest first."""
    return StrictResponse({"jobs": [job.document() for job in service_of(request).jobs.all()]})


@router.get("/v1/fit/{name}", summary="Describe a job", response_class=Response)
async def job(request: Request, name: str) -> Response:
    """Describe a job: its state, its options, and the addresses of its results."""
    return StrictResponse(service_of(request).jobs.get(name).document())


@router.delete(
    "/v1/fit/{name}", summary="Cancel a job, or delete its results", status_code=204, response_class=Response
)
async def delete(request: Request, name: str) -> Response:
    """Cancel a job that is running. The results of one that has ended are deleted."""
    service = service_of(request)
    found = service.jobs.get(name)
    await asyncio.to_thread(service.jobs.delete, found)
    service.models.forget(name)
    return Response(status_code=204)


@router.get("/v1/fit/{name}/events", summary="Follow a job", response_class=StreamingResponse)
async def events(request: Request, name: str) -> StreamingResponse:
    """Send the events of a job as server-sent events, until it has ended; Last-Event-ID goes on after an event."""
    found = service_of(request).jobs.get(name)
    last = request.headers.get("last-event-id", "")
    stream = _events(found, int(last) if last.isdecimal() and len(last) < 12 else 0)
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


@router.get("/v1/fit/{name}/summary", summary="Findings, scores and shares of a fit", response_class=Response)
async def summary(request: Request, name: str) -> Response:
    """Return what was found in the data, how training went, and the scores of the backtest."""
    return _file(request, name, SUMMARY, "application/json")


@router.get("/v1/fit/{name}/report", summary="Report as a page", response_class=Response)
async def report(request: Request, name: str) -> Response:
    """Return the report, which is a page that needs nothing else; it is waited for while it is drawn."""
    found = service_of(request).jobs.finished(name)
    while not (found.folder / REPORT).exists() and found.is_alive:
        await asyncio.sleep(_POLL)
    answer = _file(request, name, REPORT, "text/html; charset=utf-8", "report.html")
    # Its own policy, in the page, is stricter except that its styles stand within it.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    return answer


@router.get("/v1/fit/{name}/forecast", summary="Forecast of a fit", response_class=Response)
async def forecast(request: Request, name: str) -> Response:
    """Return the forecast as CSV, or in the format that is accepted."""
    return await _table(request, name, FORECAST)


@router.get("/v1/fit/{name}/backtest", summary="Backtest of a fit", response_class=Response)
async def backtest(request: Request, name: str) -> Response:
    """Return the forecasts of the backtest beside the actual values, as CSV or in the format that is accepted."""
    return await _table(request, name, BACKTEST)


@router.get("/v1/fit/{name}/model", summary="Model as a zip archive", response_class=Response)
async def model(request: Request, name: str) -> Response:
    """Return the model's folder, for `foretell predict` and `foretell serve`, as a zip archive."""
    found = service_of(request).jobs.finished(name)
    content = await asyncio.to_thread(_zipped, found.folder / MODEL)
    return Response(content, media_type="application/zip", headers=_attachment("model.zip"))


@router.get("/v1/fit/{name}/series", summary="Names of the series of a fit", response_class=Response)
async def series(request: Request, name: str) -> Response:
    """Return the names of the series in their order, and the error of each in the backtest, null until it is done."""
    found = service_of(request).jobs.drawable(name)
    return Response((found.folder / IDS).read_bytes(), media_type="application/json")


@router.get("/v1/fit/{name}/series/{place}", summary="History and forecast of a series", response_class=Response)
async def one_series(request: Request, name: str, place: int) -> Response:
    """Return history, known columns, forecast and backtest of the series at a place, counted from 0.

    They are there from the event `forecast` on, while the backtest may still be running.
    """
    found = service_of(request).jobs.drawable(name)
    content = read_series(found.folder, place)
    if content is None:
        raise ServiceError("not-found", f"the job has no series {place}")
    return Response(content, media_type="application/json")


@router.post("/v1/fit/{name}/what-if", summary="Forecast of a series with other plans", response_class=Response)
async def what_if(request: Request, name: str) -> Response:
    """Forecast the series at a place with other values of the columns known in advance.

    The body is `{"place": 0, "known": {"price": [1.9, 1.9]}}`, with a value for each step of the horizon.
    """
    service = service_of(request)
    found = service.jobs.finished(name)
    asked = await read_json(request, service.limits)
    forecaster = service.models.forecaster(name)
    if not isinstance(asked, dict) or forecaster is None:
        raise ServiceError("not-understood", 'the body must be an object: {"place": 0, "known": {"price": [1.9, 1.9]}}')
    answer = await service.forecasts.aside(
        lambda: service.what_if.ask(found, forecaster, asked.get("place"), asked.get("known"))
    )
    return StrictResponse({"forecast": answer})


def _started(service: Service, question: FitQuestion, body: Body) -> Job:
    check_horizon(question.horizon, service.limits)
    forecaster = forecaster_of(question, service.settings.device)
    table, reading = read_checked(question, body, service.limits)
    future = None if body.future is None else body.future.read(question.columns, question.encoding, service.limits)
    reading.looking_ahead(future, forecaster.horizon)
    return service.jobs.start(question, table, future)


async def _events(job: Job, after: int) -> AsyncIterator[bytes]:
    silent, patience = 0.0, _LAST_WORDS
    while True:
        ended = job.state != "running" or not job.folder.is_dir()
        for number, event in job.events(after):
            after, silent = number, 0.0
            content = json.dumps({name: value for name, value in event.items() if name != "pid"}, ensure_ascii=False)
            yield f"id: {number}\nevent: {event['event']}\ndata: {content}\n\n".encode("utf-8", "replace")
        patience -= _POLL if ended else 0.0
        if ended and (patience < 0 or not job.folder.is_dir() or job.last_event()["event"] in FINAL):
            return
        await asyncio.sleep(_POLL)
        silent += _POLL
        if silent >= _HEARTBEAT:
            silent = 0.0
            yield b": still there\n\n"


def _file(request: Request, name: str, file: str, kind: str, called: str | None = None) -> Response:
    found = service_of(request).jobs.finished(name)
    try:
        content = (found.folder / file).read_bytes()
    except FileNotFoundError:
        raise ServiceError("not-found", f"the job has no {Path(file).stem}") from None
    return Response(content, headers={"Content-Type": kind, **(_attachment(called) if called else {})})


async def _table(request: Request, name: str, file: str) -> Response:
    kind = accepted(request.headers.get("accept"), CSV)
    found = service_of(request).jobs.finished(name)
    if not (found.folder / file).is_file():
        raise ServiceError("not-found", f"the job has no {Path(file).stem}")
    read = lambda: written(pl.read_ipc(found.folder / file), kind)  # noqa: E731
    content = await service_of(request).forecasts.aside(read)
    called = f"{Path(file).stem}.{kind.name}"
    return Response(content, media_type=kind.types[0], headers=_attachment(called))


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"model/{path.name}")
    return buffer.getvalue()


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
