"""A service within this process: requests go to the application itself, without a network."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import polars as pl
import pytest

from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.settings import ForecastSettings
from foretell.serve.settings import Limits, ServiceSettings
from foretell.training.settings import TrainingSettings

HORIZON = 4
TINY = ForecastSettings(
    hidden=8, layers=1, batch_size=8, input_steps=16, training=TrainingSettings(steps=10, evaluate_every=5)
)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as strict JSON."""
        return json.loads(self.body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))

    def problem(self, status: int, kind: str) -> str:
        """What is said of a problem of that status and kind."""
        assert self.status == status, self.body
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["type"] == f"urn:foretell:problem:{kind}"
        assert self.json["status"] == status
        assert self.json["title"]
        assert "Traceback" not in self.json["detail"]
        return str(self.json["detail"])


class Client:
    """Sends requests to an application, each on a loop that runs in another thread."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self.loop = loop

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    def get(self, path: str, **options: Any) -> Answer:
        """GET."""
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = b"", kind: str | None = None, **options: Any) -> Answer:
        """POST a body: bytes, or anything that is JSON."""
        if not isinstance(body, bytes | Sequence) or (isinstance(body, list) and body and isinstance(body[0], dict)):
            body, kind = json.dumps(body).encode(), kind or "application/json"
        return self.send("POST", path, body, kind, **options)

    def send(self, method: str, path: str, body: Any = b"", kind: str | None = None, **options: Any) -> Answer:
        """Send a request whose body is bytes or a sequence of chunks; see `asked`."""
        return self.run(self.asked(method, path, body, kind, **options))  # type: ignore[no-any-return]

    async def asked(
        self,
        method: str,
        path: str,
        body: bytes | Sequence[bytes] | AsyncIterator[bytes] = b"",
        kind: str | None = None,
        *,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        cut: bool = False,
    ) -> Answer:
        """Send a request and return the answer; with `cut` the connection ends before the body does."""
        given = {"host": "127.0.0.1:8000", **(headers or {})}
        if kind is not None:
            given["content-type"] = kind
        chunks = body if isinstance(body, AsyncIterator) else _chunks([body] if isinstance(body, bytes) else body)
        path, _, own = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": (own or urlencode(query or {}, doseq=True)).encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }
        told: list[Any] = []
        ended: list[bool] = []

        async def receive() -> dict[str, Any]:
            chunk = await anext(chunks, None)
            if chunk is None and cut:
                return {"type": "http.disconnect"}
            if chunk is None:
                if ended:
                    await asyncio.Event().wait()  # the client stays
                ended.append(True)
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.request", "body": chunk, "more_body": True}

        async def send(message: Any) -> None:
            told.append(message)

        try:
            await self.app(scope, receive, send)
        except Exception:
            # The middleware of errors answers, and raises for the log; what comes later broke an answer.
            if not told or told[0]["status"] != 500:
                raise
        start = told[0]
        found = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], found, b"".join(message.get("body", b"") for message in told[1:]))


async def _chunks(given: Sequence[bytes]) -> AsyncIterator[bytes]:
    for chunk in given:
        yield chunk


@contextmanager
def running(settings: ServiceSettings) -> Iterator[Client]:
    """A client of a service with these settings."""
    from foretell.serve.app import create_app

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    app = create_app(settings)
    client = Client(app, loop)
    lifespan = app.router.lifespan_context(app)
    client.run(lifespan.__aenter__())
    try:
        yield client
    finally:
        client.run(lifespan.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def table(days: int = 60, names: Sequence[str] = ("tea", "milk"), level: float = 10.0) -> pl.DataFrame:
    """Daily series with a weekly pattern."""
    times = [date(2024, 1, 1) + timedelta(days=i) for i in range(days)]
    random = np.random.default_rng(0)
    values = [level * (1 + 0.3 * (np.arange(days) % 7) + 0.02 * random.standard_normal(days)) for _ in names]
    return pl.DataFrame(
        {"unique_id": np.repeat(list(names), days), "ds": times * len(names), "y": np.concatenate(values)}
    )


def records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The table as JSON records."""
    found: list[dict[str, Any]] = json.loads(frame.write_json())
    return found


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that was trained for a second."""
    folder = tmp_path_factory.mktemp("models") / "sales"
    Forecaster("gru", HORIZON, settings=TINY, device="cpu").fit(table()).save(folder)
    return folder


@pytest.fixture(scope="session")
def client(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A service with one model, shared by the tests that change nothing."""
    settings = ServiceSettings(models=(("sales", model_folder),), jobs=tmp_path_factory.mktemp("jobs"), device="cpu")
    with running(settings) as found:
        yield found


@pytest.fixture(autouse=True)
def unprepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started ahead of a job, but where a test wants one."""
    from foretell.serve.jobs import Jobs

    monkeypatch.setattr(Jobs, "prepare", lambda _: None)


@pytest.fixture
def serving(tmp_path: Path) -> Callable[..., Any]:
    """`with serving(max_rows=10) as client`: a service of its own, with these limits."""

    def start(models: Sequence[tuple[str, Path]] = (), token: str | None = None, **limits: Any) -> Any:
        return running(
            ServiceSettings(
                models=tuple(models),
                jobs=tmp_path / "jobs",
                device="cpu",
                token=token,
                limits=Limits(**limits),
                grace=0.0,
            )
        )

    return start
