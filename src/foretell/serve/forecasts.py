"""Forecasts: from the question and the body of a request to the table that answers it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

from foretell.errors import TableError
from foretell.forecasting.forecast_arrays import Prediction
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.networks.backbones import PRETRAINED
from foretell.forecasting.tables.columns import Columns
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
"""Threads that read and write large tables: Python runs one at a time, and polars has threads of its own."""
_BYTES = 10_000
"""Bytes of a body that count as much as a series in the size of a batch."""
_FEW_NUMBERS = 10_000
"""Numbers of an answer up to which it is written along with the others of its batch."""


@dataclass(frozen=True)
class Forecast:
    """A forecast that answers a request."""

    name: str
    """Name of the model."""
    series: int
    content: bytes


_Answer: TypeAlias = Forecast | Callable[[], Forecast]
"""An answer, or, where it is large, the work that writes it."""


@dataclass(frozen=True)
class _Asked:
    """A question, what it is asked of, and how the answer is to be written."""

    question: ForecastQuestion
    body: Body
    kind: Format
    name: str
    """Name of the model."""
    base: Forecaster | None
    """The served forecaster; None where one is fitted to the table."""
    forecaster: Forecaster
    """The same for the horizon and the levels of the question."""
    columns: Columns

    def read(self, limits: Limits) -> Reading:
        """Read the tables. Raises ServiceError beyond a limit, and what reading raises."""
        encoding, future = self.question.encoding, self.body.future
        table = self.body.table.read(self.columns, encoding, limits)
        ahead = None if future is None else future.read(self.columns, encoding, limits)
        check_horizon(self.forecaster.horizon, limits)
        if self.base is None:
            reading = Reading.of(table, self.columns).looking_ahead(ahead, self.forecaster.horizon)
        else:
            reading = self.forecaster.read(table, ahead, self.columns)
        check_series(_series(reading), limits)
        return reading

    def written(self, reading: Reading, prediction: Prediction) -> Forecast:
        """Write the answer."""
        forecaster, series = self.forecaster, len(prediction.panel)
        content = written(forecaster.table_of(reading, prediction), self.kind)
        if self.kind is not JSON:
            return Forecast(self.name, series, content)
        head = {
            "model": self.name,
            "horizon": forecaster.horizon,
            "levels": forecaster.levels,
            "series": series,
            "findings": reading.findings.sentences(),
        }
        beginning = json.dumps(head, ensure_ascii=False).encode("utf-8", "replace").removesuffix(b"}")
        return Forecast(self.name, series, b"".join([beginning, b', "forecast": ', content, b"}"]))


@dataclass(frozen=True)
class _Item:
    """A question in a batch."""

    asked: _Asked
    limits: Limits
    reading: Reading | None
    """Its table; None where the batch is to read it."""

    @property
    def size(self) -> int:
        """What it adds to the size of a batch: its series, or about as much if they are not known."""
        return 1 + self.asked.body.table.length // _BYTES if self.reading is None else _series(self.reading)

    def read(self) -> Reading:
        """Return what was read, or read it."""
        return self.asked.read(self.limits) if self.reading is None else self.reading


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
                asked = await self._asked(question, body, kind)
                small = asked.base is not None and body.is_small
                reading = None if small else await self.aside(lambda: asked.read(self._limits))
                answer = await asyncio.wrap_future(self._submitted(asked, reading))
                return answer if isinstance(answer, Forecast) else await self.aside(answer)
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

    async def _asked(self, question: ForecastQuestion, body: Body, kind: Format) -> _Asked:
        check_horizon(question.horizon or 0, self._limits)
        name = question.model or self._models.first
        if self._models.is_loaded(name):
            base = self._models.forecaster(name)
        else:
            base = await self.aside(lambda: self._models.forecaster(name))
        if base is None:
            columns = question.columns
            horizon = question.horizon or _DEFAULT_HORIZON
            levels = _DEFAULT_LEVELS if question.level is None else question.level
            forecaster = Forecaster(PRETRAINED, horizon, levels=levels, columns=columns, device=self._models.device)
        else:
            columns = question.columns_for(base.fitted_model.columns)
            usual = question.horizon is None and question.level is None
            forecaster = base if usual else base.asked(question.horizon, question.level)
        return _Asked(question, body, kind, name, base, forecaster, columns)

    def _submitted(self, asked: _Asked, reading: Reading | None) -> Future[_Answer]:
        item = _Item(asked, self._limits, reading)
        if asked.base is None:
            return self._batches.submit(None, item, _answered)
        # The item keeps the forecaster, so that no other has its identity while it waits.
        key = id(asked.base), asked.forecaster.horizon, asked.forecaster.levels
        return self._batches.submit(key, item, _answered, size=item.size)


def _answered(items: Sequence[_Item]) -> Sequence[_Answer | Exception]:
    """Answer the items of a batch: those that are small are read, forecast and written at once, by one thread."""
    readings = [_tried(item.read) for item in items]
    good = [(item.asked, r) for item, r in zip(items, readings, strict=True) if isinstance(r, Reading)]
    found = zip(good, _predictions(good), strict=True)
    answers = iter([_tried(partial(_answer, asked, reading, prediction)) for (asked, reading), prediction in found])
    return [r if isinstance(r, Exception) else next(answers) for r in readings]


def _tried(work: Callable[[], T]) -> T | Exception:
    try:
        return _without_panic(work)
    except Exception as error:
        return error


def _predictions(asked: Sequence[tuple[_Asked, Reading]]) -> Sequence[Prediction]:
    if not asked:
        return []
    first = asked[0][0]
    if first.base is None:
        return [one.forecaster.fit(reading).forecast(reading) for one, reading in asked]
    return first.forecaster.forecasts([reading for _, reading in asked])


def _answer(asked: _Asked, reading: Reading, prediction: Prediction) -> _Answer:
    write = partial(asked.written, reading, prediction)
    return write() if prediction.quantiles.size < _FEW_NUMBERS else write


def _series(reading: Reading) -> int:
    return len(reading.panel if reading.ahead is None else reading.ahead)


def _without_panic(work: Callable[[], T]) -> T:
    try:
        return work()
    except BaseException as error:
        if isinstance(error, Exception):
            raise
        # A library written in Rust panicked; such an exception would end the server.
        raise TableError("the table cannot be read: its reader broke down on it") from error


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
