"""Jobs: models that are fitted in processes of their own. Their folders are all that the service's processes share."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any, Literal, cast

import polars as pl

from foretell.field_types import from_plain, to_plain
from foretell.serve.problems import ServiceError
from foretell.serve.questions import FitQuestion
from foretell.serve.settings import Limits
from foretell.storage.locks import lock
from foretell.storage.outputs import can_draw
from foretell.storage.whole_file import put_file

State = Literal["running", "finished", "failed", "cancelled"]
FINAL = ("finished", "failed", "cancelled")
_ID = re.compile(r"[0-9a-f]{16}")
_KEPT = 20
"""Jobs whose results are kept; the oldest make room for new ones."""
_PATIENCE = 10.0
"""Seconds that a cancelled process is given to end by itself."""
_STARTING = 60.0
"""Seconds that a process may take to start."""
_TAIL = 1 << 16

REQUEST, TABLE, FUTURE, EVENTS, LOCK = (
    "request.json",
    "table.arrow",
    "future.arrow",
    "events.jsonl",
    "lock",
)
MODEL, FORECAST, BACKTEST, SUMMARY, REPORT = "model", "forecast.arrow", "backtest.arrow", "summary.json", "report.html"


@dataclass(frozen=True)
class Job:
    """A job, by its folder."""

    folder: Path

    @property
    def id(self) -> str:
        """Its name in addresses."""
        return self.folder.name

    @property
    def question(self) -> FitQuestion:
        """What was asked for."""
        return from_plain(FitQuestion, json.loads((self.folder / REQUEST).read_text("utf-8"))["question"])

    @property
    def created(self) -> float:
        """Time of its start, in seconds since 1970."""
        return (self.folder / REQUEST).stat().st_mtime

    @property
    def state(self) -> State:
        """Its state; a process that ended without a word has failed."""
        for _ in range(2):
            event: str = self.last_event()["event"]
            if event in FINAL:
                return cast(State, event)
            if self.is_alive or (event == "queued" and time() - self.created < _STARTING):
                return "running"
        return "failed"  # its last words did not come in the meantime, either

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        try:
            with (self.folder / LOCK).open("rb") as file:
                return lock(file.fileno()) is False
        except OSError:
            return False

    def tell(self, event: str, **members: Any) -> None:
        """Append an event; whoever follows the job receives it."""
        line = json.dumps({"event": event, "at": round(time(), 3), **members}, ensure_ascii=False, allow_nan=False)
        with suppress(FileNotFoundError), (self.folder / EVENTS).open("ab") as file:
            file.write(line.encode("utf-8", "replace") + b"\n")

    def events(self, after: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield number, counted from 1, and content of the events so far, except for the first `after`."""
        with suppress(FileNotFoundError):
            for number, line in enumerate((self.folder / EVENTS).read_bytes().split(b"\n")[:-1], 1):
                if number > after:
                    yield number, json.loads(line)

    def last_event(self) -> dict[str, Any]:
        """Return the latest event."""
        with suppress(FileNotFoundError), (self.folder / EVENTS).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read().split(b"\n")[:-1]
            if lines:
                return json.loads(lines[-1])  # type: ignore[no-any-return]
        return {"event": "started"}

    def stop(self, reason: str) -> None:
        """Ask the process to end, and end it after some seconds if it does not; `reason` says why."""
        (self.folder / "reason.txt").write_text(reason, "utf-8")
        pid = next((event["pid"] for _, event in self.events() if event["event"] == "started"), None)
        deadline = monotonic() + _PATIENCE
        number = signal.SIGTERM
        while pid is not None and self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            while self.is_alive and monotonic() < deadline:
                sleep(0.02)
            number, deadline = getattr(signal, "SIGKILL", signal.SIGTERM), monotonic() + _PATIENCE
        if self.last_event()["event"] not in FINAL:
            self.tell("cancelled", detail=reason)

    def document(self) -> dict[str, Any]:
        """Return what there is to say of the job."""
        state = self.state
        event = self.last_event()
        base = f"/v1/fit/{self.id}"
        links = {"self": base, "events": f"{base}/events"}
        if state == "finished":
            files = {"summary": SUMMARY, "model": MODEL, "forecast": FORECAST, "backtest": BACKTEST, "report": REPORT}
            drawn = {REPORT} if can_draw() and self.is_alive else set()
            there = {name for name, file in files.items() if file in drawn or (self.folder / file).exists()}
            links |= {name: f"{base}/{name}" for name in files if name in there}
        question = {name: value for name, value in to_plain(self.question).items() if value not in (None, [], ())}
        return {
            "id": self.id,
            "state": state,
            "created": round(self.created, 3),
            "question": question,
            "last": event,
            "links": links,
        }


class Jobs:
    """The jobs of a service, in one folder that all its processes see."""

    def __init__(self, folder: Path, limits: Limits, device: str) -> None:
        self._folder = folder
        self._limits = limits
        self._device = device
        self._spare: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Start a process ahead of the next job, which then need not wait for its imports."""
        with self._lock:
            if self._spare is None or self._spare.poll() is not None:
                self._spare = self._process()

    def close(self) -> None:
        """End the process that waits for a job."""
        with self._lock:
            if self._spare is not None:
                _end(self._spare)
            self._spare = None

    def _taken(self) -> subprocess.Popen[bytes]:
        """Return a process that waits for a job."""
        with self._lock:
            spare, self._spare = self._spare, None
        return spare if spare is not None and spare.poll() is None else self._process()

    def _process(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "foretell.serve.training"],
            # The pipe ends with this process, and the job with the pipe.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def start(self, question: FitQuestion, table: pl.DataFrame, future: pl.DataFrame | None) -> Job:
        """Start a job. Raises ServiceError if too many are running."""
        with self._reserved():
            running = [job for job in self.all() if job.state == "running"]
            if len(running) >= self._limits.max_jobs:
                raise ServiceError(
                    "too-many-jobs",
                    f"{len(running)} models are being fitted, the limit of this service; wait for one, or cancel it",
                    {"Retry-After": "10"},
                    limit=self._limits.max_jobs,
                )
            job = Job(self._folder / secrets.token_hex(8))
            request = {
                "question": to_plain(question), "device": self._device, "minutes": self._limits.job_minutes
            }  # fmt: skip
            try:
                job.folder.mkdir()
                (job.folder / LOCK).touch()
                table.write_ipc(job.folder / TABLE)
                if future is not None:
                    future.write_ipc(job.folder / FUTURE)
                job.tell("queued")
                put_file(job.folder / REQUEST, json.dumps(request).encode())
            except OSError as error:
                shutil.rmtree(job.folder, ignore_errors=True)
                raise ServiceError("no-room", f"the job cannot be stored: {error.strerror or error}") from error
        threading.Thread(target=self._run, args=(job, self._taken()), name=f"job {job.id}", daemon=True).start()
        self._forget_old()
        return job

    def get(self, name: str) -> Job:
        """Return a job. Raises ServiceError for an unknown one."""
        job = Job(self._folder / name)
        if not _ID.fullmatch(name) or not (job.folder / REQUEST).is_file():
            raise ServiceError("not-found", "there is no such job; it may have made room for newer ones")
        return job

    def finished(self, name: str) -> Job:
        """Return a job that has finished. Raises ServiceError for another."""
        job = self.get(name)
        if job.state != "finished":
            detail = job.last_event().get("detail")
            raise ServiceError(
                "not-ready",
                f"the job is {job.state}{f': {detail}' if detail else ''}; it has no results",
                state=job.state,
            )
        return job

    def drawable(self, name: str) -> Job:
        """Return a job whose forecast is there, though its backtest may be running. Raises ServiceError for another."""
        job = self.get(name)
        if job.state == "running" and any(event["event"] == "forecast" for _, event in job.events()):
            return job
        return self.finished(name)

    def model(self, name: str) -> Path | None:
        """Return the folder of the model that a job has fitted; None if there is none."""
        if not _ID.fullmatch(name):
            return None
        folder = self._folder / name / MODEL
        return folder if folder.is_dir() and (self._folder / name / SUMMARY).is_file() else None

    def all(self) -> list[Job]:
        """Return the jobs, the oldest first."""
        try:
            names = [name for name in os.listdir(self._folder) if _ID.fullmatch(name)]
        except OSError:
            return []
        jobs = [Job(self._folder / name) for name in names if (self._folder / name / REQUEST).is_file()]
        return sorted(jobs, key=lambda job: job.created)

    def delete(self, job: Job) -> None:
        """Cancel a job that is running; delete one that has ended."""
        if job.state == "running":
            job.stop("it was cancelled")
        else:
            job.stop("it was deleted")  # a report may still be drawn
            shutil.rmtree(job.folder, ignore_errors=True)

    def stop(self, grace: float) -> None:
        """Give the jobs that are running some seconds to finish, then cancel them."""
        deadline = monotonic() + grace
        for job in self.all():
            while job.state == "running" and monotonic() < deadline:
                sleep(0.1)
            if job.state == "running":
                job.stop("the service was stopped")

    def _run(self, job: Job, process: subprocess.Popen[bytes]) -> None:
        """Have a process run a job, and note an end without a word."""
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(os.fsencode(job.folder) + b"\n")
            process.stdin.flush()
        process.wait()
        _end(process)
        if job.folder.is_dir() and job.last_event()["event"] not in FINAL:
            job.tell("failed", detail=f"its process ended unexpectedly, with status {process.returncode}")

    def _forget_old(self) -> None:
        ended = [job for job in self.all() if job.state != "running"]
        for job in ended[: max(0, len(ended) - _KEPT)]:
            shutil.rmtree(job.folder, ignore_errors=True)

    @contextmanager
    def _reserved(self) -> Iterator[None]:
        """Keep the other processes from starting a job at the same time."""
        with (self._folder / LOCK).open("ab") as file:
            while lock(file.fileno()) is False:
                sleep(0.01)
            yield


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()
