"""Forecasts: from the question and the body of a request to the table that answers it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from foretell.errors import TableError
from foretell.forecasting.forecast_arrays import Prediction
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.networks.backbones import PRETRAINED
from foretell.forecasting.tables.reading import Reading
from foretell.serve.batches import Batches
from foretell.serve.bodies import Body
from foretell.serve.media import JSON, Format, written
from foretell.serve.models import Models
from foretell.serve.problems import ServiceError
from foretell.serve.questions import ForecastQuestion
from foretell.serve.settings import Limits

T = TypeVar("T")
_DEFAULT_HORIZON = 24
_DEFAULT_LEVELS = (80, 95)
_READERS = 2
"""Threads that read and write tables: Python runs one at a time, and polars has threads of its own."""


@dataclass(frozen=True)
class Forecast:
    """A forecast that answers a request."""

    name: str
    """Name of the model."""
    series: int
    content: bytes


@dataclass(frozen=True)
class _Asked:
    """A table that was read, and the forecaster that it was read for."""

    base: Forecaster | None
    """The served forecaster that it is made from; None where it is yet to be fitted to the table."""
    forecaster: Forecaster
    reading: Reading

    @property
    def series(self) -> int:
        """Number of series to forecast."""
        return len(self.reading.panel if self.reading.ahead is None else self.reading.ahead)


class Forecasts:
    """Answers questions with the models of a service."""

    def __init__(self, models: Models, batches: Batches, limits: Limits) -> None:
        self._models = models
        self._batches = batches
        self._limits = limits
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="tables")
        self._waiting = 0

    async def answer(self, question: ForecastQuestion, body: Body, kind: Format) -> Forecast:
        """Answer a question in a format. Raises ServiceError beyond a limit, and what reading and forecasting raise."""
        if self._waiting >= self._limits.max_requests:
            raise ServiceError(
                "busy",
                "as many requests as this service allows are waiting for an answer; try again soon",
                {"Retry-After": "1"},
                limit=self._limits.max_requests,
            )
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.timeout):
                asked = await self.aside(lambda: self._read(question, body))
                prediction = await asyncio.wrap_future(self._submitted(asked))
                return await self.aside(lambda: self._written(question, asked, prediction, kind))
        except TimeoutError:
            raise ServiceError(
                "time",
                f"the forecast was not ready within {self._limits.timeout:g} seconds; send fewer series at a time",
                limit=self._limits.timeout,
            ) from None
        finally:
            self._waiting -= 1

    async def aside(self, work: Callable[[], T]) -> T:
        """Run work on one of the threads that read and write tables."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, _without_panic, work)

    def close(self) -> None:
        """Let the threads end."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _read(self, question: ForecastQuestion, body: Body) -> _Asked:
        limits = self._limits
        check_horizon(question.horizon or 0, limits)
        base = self._models.forecaster(question.model or self._models.first)
        columns = question.columns if base is None else question.columns_for(base.fitted_model.columns)
        table = body.table.read(columns, question.encoding, limits)
        future = None if body.future is None else body.future.read(columns, question.encoding, limits)
        if base is None:
            forecaster = Forecaster(
                PRETRAINED,
                question.horizon or _DEFAULT_HORIZON,
                levels=_DEFAULT_LEVELS if question.level is None else question.level,
                columns=columns,
                device=self._models.device,
            )
            reading = Reading.of(table, columns).looking_ahead(future, forecaster.horizon)
        else:
            forecaster = base.asked(question.horizon, question.level)
            check_horizon(forecaster.horizon, limits)
            reading = forecaster.read(table, future, columns)
        asked = _Asked(base, forecaster, reading)
        check_series(asked.series, limits)
        return asked

    def _submitted(self, asked: _Asked) -> Future[Prediction]:
        if asked.base is None:
            return self._batches.submit(None, asked, _fitted_and_forecast)
        # The item keeps the forecaster, so that no other has its identity while it waits.
        key = id(asked.base), asked.forecaster.horizon, asked.forecaster.levels
        return self._batches.submit(key, asked, _forecast_together, size=asked.series)

    def _written(self, question: ForecastQuestion, asked: _Asked, prediction: Prediction, kind: Format) -> Forecast:
        forecaster, name = asked.forecaster, question.model or self._models.first
        table = forecaster.table_of(asked.reading, prediction)
        if kind is not JSON:
            return Forecast(name, len(prediction.panel), written(table, kind))
        head = {
            "model": name,
            "horizon": forecaster.horizon,
            "levels": forecaster.levels,
            "series": len(prediction.panel),
            "findings": asked.reading.findings.sentences(),
        }
        beginning = json.dumps(head, ensure_ascii=False).encode("utf-8", "replace").removesuffix(b"}")
        return Forecast(
            name, len(prediction.panel), b"".join([beginning, b', "forecast": ', written(table, kind), b"}"])
        )


def _without_panic(work: Callable[[], T]) -> T:
    try:
        return work()
    except BaseException as error:
        if isinstance(error, Exception):
            raise
        # A library written in Rust panicked; such an exception would end the server.
        raise TableError("the table cannot be read: its reader broke down on it") from error


def _forecast_together(asked: Sequence[_Asked]) -> Sequence[Prediction]:
    return asked[0].forecaster.forecasts([one.reading for one in asked])


def _fitted_and_forecast(asked: Sequence[_Asked]) -> Sequence[Prediction]:
    return [one.forecaster.fit(one.reading).forecast(one.reading) for one in asked]


def check_horizon(horizon: int, limits: Limits) -> None:
    """Raise ServiceError for a horizon beyond the limit."""
    if horizon > limits.max_horizon:
        raise ServiceError(
            "horizon-too-long",
            f"horizon {horizon:,}: this service forecasts at most {limits.max_horizon:,} steps",
            limit=limits.max_horizon,
        )


def check_series(series: int, limits: Limits) -> None:
    """Raise ServiceError for more series than the limit."""
    if series > limits.max_series:
        raise ServiceError(
            "too-many-series",
            f"the table has {series:,} series; this service takes at most {limits.max_series:,} at a time",
            limit=limits.max_series,
        )
