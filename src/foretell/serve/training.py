"""The process of a job: fits the model, backtests it, forecasts, and writes the results into the job's folder."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import polars as pl

from foretell.errors import ForetellError, MissingExtraError, SettingsError, TableError
from foretell.field_types import from_plain
from foretell.forecasting.backtesting.backtest import Backtest
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.settings import OF_GIVEN_LENGTH, ForecastSettings
from foretell.forecasting.tables.reading import Reading
from foretell.serve.jobs import BACKTEST, FORECAST, FUTURE, LOCK, MODEL, REPORT, REQUEST, SUMMARY, TABLE, Job
from foretell.serve.questions import FitQuestion
from foretell.serve.series import write_series, write_windows
from foretell.storage.locks import lock
from foretell.storage.whole_file import put_file
from foretell.strict_json import strict
from foretell.training.history import Progress

_TOLD_PER_SECOND = 4


class _Stopped(BaseException):
    """The job is to end."""


def forecaster_of(question: FitQuestion, device: str) -> Forecaster:
    """Return the forecaster that a question asks for, yet to be fitted. Raises SettingsError for invalid options."""
    settings = ForecastSettings(windows=question.windows)
    given: dict[str, Any] = {"hidden": question.hidden, "layers": question.layers}
    settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
    if question.steps is not None:
        if question.preset is not None or question.minutes is not None:
            raise SettingsError("steps, minutes and preset each set how long to train: give only one")
        settings = replace(settings, training=replace(OF_GIVEN_LENGTH, steps=question.steps))
    return Forecaster(
        question.model,
        question.horizon,
        levels=question.level,
        quantiles=question.quantile,
        non_negative=question.non_negative,
        columns=question.columns,
        season=question.season,
        preset=question.preset,
        minutes=question.minutes,
        seed=question.seed,
        device=device,
        settings=settings,
    )


def main() -> None:
    """Run the job whose folder is the first line of standard input, which ends when the service does."""
    place = sys.stdin.buffer.readline().rstrip(b"\n")
    if not place:
        return
    job = Job(Path(os.fsdecode(place)))
    with (job.folder / LOCK).open("rb") as file:
        lock(file.fileno())
        job.tell("started", pid=os.getpid())
        signal.signal(signal.SIGTERM, _stop)
        request = json.loads((job.folder / REQUEST).read_text("utf-8"))
        minutes = request["minutes"]
        limit = threading.Timer(60 * minutes, lambda: _end(job, f"it took more than {minutes:g} minutes, the limit"))
        limit.daemon = True
        limit.start()
        threading.Thread(target=_watch, args=(job,), daemon=True).start()
        run(job, request)


def run(job: Job, request: dict[str, Any]) -> None:
    """Run a job; its last event tells how it ended."""
    try:
        question = from_plain(FitQuestion, request["question"])
        forecaster, backtest = train(job, question, request["device"])
    except _Stopped:
        job.tell("cancelled", detail=reason(job))
    except ForetellError as error:
        job.tell("failed", detail=str(error).replace(f"{job.folder}{os.sep}", ""))
    except BaseException:
        traceback.print_exc()
        job.tell("failed", detail="foretell has failed; the service's log says where")
    else:
        job.tell("finished")
        # It is drawn for a second or more, which whoever waits for the forecast need not wait for.
        with suppress(_Stopped):
            _report(job.folder, forecaster, backtest, question.name or "Forecast")


def train(job: Job, question: FitQuestion, device: str) -> tuple[Forecaster, Backtest | None]:
    """Fit, backtest and forecast, and write the results but the report; `summary.json` comes last."""
    folder = job.folder
    forecaster = forecaster_of(question, device)
    table = pl.read_ipc(folder / TABLE)
    future = pl.read_ipc(folder / FUTURE) if (folder / FUTURE).exists() else None
    reading = Reading.of(table, forecaster.columns).looking_ahead(future, forecaster.horizon)
    job.tell("read", findings=reading.findings.sentences())
    forecaster.fit(reading, on_progress=_told(job))
    job.tell("fitted")
    forecaster.predict().write_ipc(folder / FORECAST)
    write_series(folder, forecaster)
    # Who waits for the forecast can look at it while the backtest takes about as long again.
    job.tell("forecast")
    backtest, untested = _backtest(forecaster, question)
    forecaster.save(folder / MODEL)
    if backtest is not None:
        backtest.table.write_ipc(folder / BACKTEST)
        write_windows(folder, forecaster, backtest)
    put_file(
        folder / SUMMARY, json.dumps(strict(_summary(forecaster, backtest, untested)), ensure_ascii=False).encode()
    )
    return forecaster, backtest


def _backtest(forecaster: Forecaster, question: FitQuestion) -> tuple[Backtest | None, str | None]:
    if question.windows == 0:
        return None, "none was asked for"
    try:
        return forecaster.backtest(windows=question.windows), None
    except (SettingsError, TableError) as error:
        return None, str(error)


def _report(folder: Path, forecaster: Forecaster, backtest: Backtest | None, title: str) -> None:
    from foretell.forecasting.report import write_report
    from foretell.forecasting.report.assembly import report_content

    try:
        write_report(report_content(forecaster, backtest, title=title), folder / REPORT)
    except MissingExtraError:
        return
    except SettingsError:
        if folder.is_dir():  # the service has not ended meanwhile, nor was the job deleted
            raise


def _summary(forecaster: Forecaster, backtest: Backtest | None, untested: str | None) -> dict[str, Any]:
    model = forecaster.fitted_model
    return {
        "model": forecaster.model,
        "horizon": forecaster.horizon,
        "levels": list(forecaster.levels),
        "facts": forecaster.facts(),
        "findings": {**forecaster.findings.to_dict(), "sentences": forecaster.findings.sentences()},
        "choice": model.choice,
        "notes": list(model.notes),
        "training": model.history.summary() if model.history else None,
        "backtest": backtest.summary() if backtest else None,
        "untested": untested,
    }


def _told(job: Job) -> Callable[[str, Progress], None]:
    last = -1.0

    def tell(stage: str, progress: Progress) -> None:
        nonlocal last
        now = monotonic()
        if now - last < 1 / _TOLD_PER_SECOND and progress.fraction < 1:
            return
        last = now
        job.tell(
            "progress",
            **strict(
                {
                    "stage": stage,
                    "step": progress.step,
                    "steps": progress.steps,
                    "loss": progress.loss,
                    "validation": progress.evaluation,
                    "fraction": progress.fraction,
                    "seconds_left": progress.seconds_left,
                }
            ),
        )

    return tell


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    # Only once: what is cleaned up on the way out is not to be interrupted.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _watch(job: Job) -> None:
    """End the job when the service is gone."""
    os.read(0, 1)
    _end(job, "the service has ended")


def _end(job: Job, reason: str) -> None:
    with suppress(OSError):  # the folder may have gone with the service
        (job.folder / "reason.txt").write_text(reason, "utf-8")
    os.kill(os.getpid(), signal.SIGTERM)


def reason(job: Job) -> str:
    """Return why a job was stopped."""
    try:
        return (job.folder / "reason.txt").read_text("utf-8")
    except OSError:
        return "its process was asked to end"


if __name__ == "__main__":
    main()
