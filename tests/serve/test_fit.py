"""POST /v1/fit: jobs are started, followed, cancelled, and their results fetched."""

from __future__ import annotations

import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("fastapi")

from foretell.errors import TrainingError
from foretell.field_types import to_plain
from foretell.forecasting.forecaster import Forecaster
from foretell.serve import jobs as jobs_module
from foretell.serve import training
from foretell.serve.jobs import LOCK, REQUEST, TABLE, Job, Jobs
from foretell.serve.problems import ServiceError
from foretell.serve.questions import FitQuestion
from foretell.serve.series import IDS, read_series
from foretell.serve.settings import Limits
from foretell.storage.locks import lock

from .conftest import HORIZON, Client, records, table

TINY = {"model": "gru", "steps": 10, "hidden": 8, "layers": 1, "horizon": 4}
NAMES = ["<b>tea</b>", "milk"]


def events(client: Client, job: str, after: str = "") -> list[tuple[int, str, Any]]:
    """The events that a client receives until the job has ended."""
    answer = client.get(f"/v1/fit/{job}/events", headers={"last-event-id": after})
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.body.decode().strip().split("\n\n"):
        if not block.startswith(":"):
            lines = dict(line.split(": ", 1) for line in block.split("\n"))
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run in this process, by the time their start is answered."""

    def run(_: Jobs, job: Job, __: Any) -> None:
        with (job.folder / jobs_module.LOCK).open("rb") as file:
            lock(file.fileno())
            training.run(job, json.loads((job.folder / jobs_module.REQUEST).read_text()))

    monkeypatch.setattr(Jobs, "_run", run)
    monkeypatch.setattr(Jobs, "_taken", lambda _: None)


@pytest.fixture(scope="module")
def finished(client: Client) -> str:
    """A job that has finished, in a process of its own."""
    frame = table(names=NAMES).with_columns(price=pl.Series(np.tile([1.0, 2.0, 3.0], 40)))
    body = {"table": records(frame.filter(pl.col("ds") < pl.date(2024, 2, 26))), "future": records(frame.drop("y"))}
    answer = client.post("/v1/fit", {**body, **TINY, "known": ["price"], "name": "drinks"})
    assert answer.status == 202, answer.body
    assert answer.json["state"] == "running"
    job = answer.json["id"]
    assert answer.headers["location"] == f"/v1/fit/{job}"
    assert answer.json["links"]["events"] == f"/v1/fit/{job}/events"
    return job  # type: ignore[no-any-return]


def test_progress_is_sent_as_it_is_made(client: Client, finished: str) -> None:
    found = events(client, finished)
    kinds = [kind for _, kind, _ in found]
    assert kinds[:2] == ["queued", "started"]
    assert kinds[-1] == "finished"
    assert {"read", "progress", "fitted"} <= set(kinds)
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    last = [content for _, kind, content in found if kind == "progress" and content["stage"] == "fit"][-1]
    assert (last["step"], last["steps"], last["fraction"]) == (10, 10, 1.0)
    assert all("pid" not in content for _, _, content in found)
    assert events(client, finished, str(len(found) - 1)) == found[-1:]


def test_results_of_a_job(client: Client, finished: str, tmp_path: Path) -> None:
    events(client, finished)
    described = client.get(f"/v1/fit/{finished}").json
    assert described["state"] == "finished"
    assert described["question"] | TINY == described["question"]
    links = described["links"]
    assert {"summary", "model", "forecast", "backtest"} <= links.keys()

    summary = client.get(links["summary"]).json
    assert summary["findings"]["sentences"][0].startswith("2 series in long layout")
    assert [row["model"] for row in summary["backtest"]["scores"]][:2] == ["gru", "naive"]
    assert summary["training"]["steps"] == 10

    forecast = pl.read_csv(client.get(links["forecast"]).body)
    assert forecast["unique_id"].unique(maintain_order=True).to_list() == NAMES
    backtest = pl.read_parquet(client.get(links["backtest"], headers={"accept": "application/x-parquet"}).body)
    assert {"y", "gru", "naive"} <= set(backtest.columns)

    with zipfile.ZipFile(io.BytesIO(client.get(links["model"]).body)) as archive:
        archive.extractall(tmp_path)
    model = Forecaster.load(tmp_path / "model", "cpu")
    assert model.horizon == 4

    history = table(names=NAMES).with_columns(price=pl.Series(np.tile([1.0, 2.0, 3.0], 40)))
    body = {"table": records(history.filter(pl.col("ds") < pl.date(2024, 2, 26))), "future": records(history.drop("y"))}
    again = client.post("/v1/forecast", {**body, "model": finished})
    assert again.status == 200, again.body
    np.testing.assert_allclose([row["gru"] for row in again.json["forecast"]], forecast["gru"], rtol=1e-5)


def test_series_of_a_job(client: Client, finished: str) -> None:
    events(client, finished)
    found = client.get(f"/v1/fit/{finished}/series").json
    assert found["ids"] == NAMES
    assert len(found["errors"]) == 2
    one = client.get(f"/v1/fit/{finished}/series/1").json
    assert one["id"] == "milk"
    assert len(one["ds"]) == len(one["y"]) == 56
    assert one["ds"][1] - one["ds"][0] == 86_400
    assert one["ahead"][0] == one["ds"][-1] + 86_400
    assert len(one["known"]["price"]) == 60
    assert list(one["forecast"]) == ["gru", "gru-lo-95", "gru-lo-80", "gru-hi-80", "gru-hi-95"]
    assert {"naive", "seasonal_naive"} <= one["backtest"][-1]["baselines"].keys()
    assert one["backtest"][-1]["ds"] == one["ds"][-4:]
    for place in ("2", "-1"):
        assert client.get(f"/v1/fit/{finished}/series/{place}").problem(404, "not-found")


def test_the_report_is_a_page_that_runs_nothing(client: Client, finished: str) -> None:
    events(client, finished)
    report = client.get(f"/v1/fit/{finished}/report")
    assert report.headers["content-type"] == "text/html; charset=utf-8"
    assert report.headers["content-security-policy"].endswith("sandbox")
    assert b"drinks" in report.body
    assert b"<b>tea</b>" not in report.body
    assert b"&lt;b&gt;tea" in report.body


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TrainingError("the loss was not finite in any step"), "the loss was not finite in any step"),
        (RuntimeError("secret"), "foretell has failed; the service's log says where"),
    ],
)
def test_a_job_that_fails_says_why(
    serving: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(training, "train", broken)
    with serving() as client:
        job = client.post("/v1/fit", {"table": records(table()), **TINY}).json["id"]
        assert events(client, job)[-1][1:] == ("failed", events(client, job)[-1][2])
        assert events(client, job)[-1][2]["detail"] == said
        detail = client.get(f"/v1/fit/{job}/forecast").problem(409, "not-ready")
        assert detail == f"the job is failed: {said}; it has no results"


def test_a_running_job_is_cancelled_and_others_wait_for_it(serving: Callable[..., Any]) -> None:
    with serving(max_jobs=1) as client:
        body = {"table": records(table()), **TINY, "steps": 1_000_000}
        job = client.post("/v1/fit", body).json["id"]
        refused = client.post("/v1/fit", body)
        assert refused.problem(429, "too-many-jobs").startswith("1 models are being fitted")
        assert refused.headers["retry-after"] == "10"
        assert client.get(f"/v1/fit/{job}/model").problem(409, "not-ready") == "the job is running; it has no results"
        found = client.app.state.service.jobs.get(job)
        while found.last_event()["event"] != "progress":
            assert found.state == "running"
            time.sleep(0.02)
        assert client.send("DELETE", f"/v1/fit/{job}").status == 204
        assert events(client, job)[-1][1:] == ("cancelled", events(client, job)[-1][2])
        assert events(client, job)[-1][2]["detail"] == "it was cancelled"
        assert client.get(f"/v1/fit/{job}").json["state"] == "cancelled"
        assert not found.is_alive
        assert client.send("DELETE", f"/v1/fit/{job}").status == 204
        assert client.get(f"/v1/fit/{job}").problem(404, "not-found")
        assert not found.folder.exists()


def test_a_job_ends_with_the_service_that_started_it(
    serving: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(Jobs, "_taken", lambda self: started.append(self._process()) or started[0])
    with serving() as client:
        job = client.post("/v1/fit", {"table": records(table()), **TINY, "steps": 1_000_000}).json["id"]
        found = client.app.state.service.jobs.get(job)
        while found.last_event()["event"] != "progress":
            assert found.state == "running"
            time.sleep(0.02)
        started[0].stdin.close()  # as the system does for a process that is killed
        last = events(client, job)[-1]
        assert last[1:] == ("cancelled", last[2])
        assert last[2]["detail"] == "the service has ended"


def test_the_forecast_can_be_drawn_before_the_backtest_has_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(tmp_path, Limits(), "cpu")
    job = Job(tmp_path / "0123456789abcdef")
    job.folder.mkdir()
    (job.folder / LOCK).touch()
    table(names=NAMES).write_ipc(job.folder / TABLE)
    question = FitQuestion(model="pretrained", horizon=HORIZON)
    request = {"question": to_plain(question), "device": "cpu", "minutes": 1.0}
    (job.folder / REQUEST).write_text(json.dumps(request), "utf-8")
    drawn: list[Any] = []
    tell = Job.tell

    def told(self: Job, event: str, **members: Any) -> None:
        tell(self, event, **members)
        if event == "fitted":
            with pytest.raises(ServiceError, match="the job is running; it has no results"):
                jobs.drawable(job.id)
        if event == "forecast":
            folder = jobs.drawable(job.id).folder
            drawn.extend(json.loads(read_series(folder, place) or b"") for place in range(len(NAMES)))
            assert json.loads((folder / IDS).read_text("utf-8")) == {"ids": NAMES, "errors": None}

    monkeypatch.setattr(Job, "tell", told)
    with (job.folder / LOCK).open("rb") as file:
        assert lock(file.fileno())
        training.run(job, request)
    folder = jobs.drawable(job.id).folder
    whole = [json.loads(read_series(folder, place) or b"") for place in range(len(NAMES))]
    assert [one["backtest"] for one in drawn] == [[]] * len(NAMES)
    assert all(len(one["backtest"]) == 3 for one in whole)
    assert drawn == [one | {"backtest": []} for one in whole]
    assert all(error > 0 for error in json.loads((folder / IDS).read_text("utf-8"))["errors"])
    assert read_series(folder, len(NAMES)) is None


def test_a_job_ends_though_its_folder_has_gone_with_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *given: sent.append(given))
    training._end(Job(tmp_path / "gone"), "the service has ended")
    assert sent == [(os.getpid(), signal.SIGTERM)]


def test_a_killed_process_has_failed(serving: Callable[..., Any]) -> None:
    with serving() as client:
        job = client.post("/v1/fit", {"table": records(table()), **TINY, "steps": 1_000_000}).json["id"]
        found = client.app.state.service.jobs.get(job)
        while not (pid := next((event["pid"] for _, event in found.events() if "pid" in event), None)):
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        assert events(client, job)[-1][2]["detail"] == "its process ended unexpectedly, with status -9"
        assert client.get(f"/v1/fit/{job}").json["state"] == "failed"


@pytest.mark.parametrize(
    ("options", "status", "kind", "said"),
    [
        (
            {"model": "arima"},
            422,
            "settings",
            "model is 'arima': it must be one of auto, pretrained, rnn",
        ),
        ({"preset": "slow"}, 422, "settings", "preset is 'slow': it must be one of instant, fast, best"),
        ({"preset": "fast", "minutes": 3}, 422, "settings", "preset 'fast' and minutes=3"),
        ({"steps": 3, "minutes": 3}, 422, "settings", "steps, minutes and preset each set how long to train"),
        ({"horizon": 100_000}, 422, "horizon-too-long", "horizon 100,000: this service forecasts at most 10,000"),
        ({"target": "z"}, 422, "table", "there is no target column 'z'"),
        ({"known": ["price"]}, 422, "table", "there is no known column 'price'"),
        ({"quantile": 2}, 422, "settings", "quantile is (2,): it must each be in (0, 1)"),
        ({"hierarchy": ["region", "shop"]}, 422, "table", "there is no "),
        ({"hidden": 0}, 422, "settings", "hidden is 0: it must be at least 1"),
    ],
)
def test_what_cannot_be_fitted_is_refused_at_once(
    client: Client, options: Any, status: int, kind: str, said: str
) -> None:
    answer = client.post("/v1/fit", {"table": records(table()), **options})
    assert answer.problem(status, kind).startswith(said)


def test_a_full_disk_leaves_no_half_of_a_job(serving: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "/secret/place")

    with serving() as client:
        monkeypatch.setattr(jobs_module, "put_file", full)
        answer = client.post("/v1/fit", {"table": records(table(8)), **TINY})
        assert answer.problem(507, "no-room") == "the job cannot be stored: No space left on device"
        assert client.get("/v1/fit").json == {"jobs": []}
        assert [path.name for path in client.app.state.service.settings.jobs.iterdir()] == ["lock"]


@pytest.mark.parametrize("name", ["0123456789abcdef", "..", "../jobs", "lock", "%2e%2e", "0123456789ABCDEF"])
def test_other_names_are_no_jobs(client: Client, name: str) -> None:
    for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("GET", "/model"), ("GET", "/series/0")):
        assert client.send(method, f"/v1/fit/{name}{rest}").problem(404, "not-found")


def test_jobs_are_listed_and_the_oldest_make_room(serving: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jobs, "_run", lambda _, job, __: job.tell("finished"))
    monkeypatch.setattr(Jobs, "_taken", lambda _: None)
    monkeypatch.setattr(jobs_module, "_KEPT", 2)
    with serving() as client:
        started = []
        for _ in range(4):
            started.append(client.post("/v1/fit", {"table": records(table(8)), **TINY}).json["id"])
            time.sleep(0.02)
        listed = [job["id"] for job in client.get("/v1/fit").json["jobs"]]
        assert listed == started[-len(listed) :]
        assert len(listed) in (2, 3)


def test_a_job_ends_with_its_time(tmp_path: Path) -> None:
    job = Job(tmp_path)
    (tmp_path / "reason.txt").write_text("it took more than 0.1 minutes, the limit")
    assert training.reason(job) == "it took more than 0.1 minutes, the limit"


@pytest.mark.usefixtures("here")
def test_a_stopped_service_takes_no_new_jobs(serving: Callable[..., Any]) -> None:
    with serving() as client:
        client.app.state.service.stopping = True
        answer = client.post("/v1/fit", {"table": records(table()), **TINY})
        assert answer.problem(503, "stopping")
        assert client.get("/readyz").problem(503, "stopping")


def test_other_plans_change_the_forecast_of_a_series(client: Client, finished: str) -> None:
    events(client, finished)
    one = client.get(f"/v1/fit/{finished}/series/1").json
    planned = one["known"]["price"][-4:]
    address = f"/v1/fit/{finished}/what-if"
    same = client.post(address, {"place": 1, "known": {"price": planned}}).json["forecast"]
    np.testing.assert_allclose(same["gru"], one["forecast"]["gru"], rtol=1e-5)
    changed = client.post(address, {"place": 1, "known": {"price": [3.0] * 4}}).json["forecast"]
    assert changed["gru"] != same["gru"]
    assert list(changed) == list(one["forecast"])


@pytest.mark.parametrize(
    ("body", "status", "kind", "said"),
    [
        ({"place": 2, "known": {}}, 422, "settings", "place is 2: it must be a whole number from 0 to 1"),
        ({"place": True, "known": {}}, 422, "settings", "place is True"),
        ({"place": 0, "known": {"cost": [1]}}, 422, "settings", "there is no known column 'cost' of numbers"),
        ({"place": 0, "known": {"price": [1]}}, 422, "settings", "known column 'price' needs 4 numbers"),
        ({"place": 0, "known": {"price": ["a"] * 4}}, 422, "settings", "known column 'price' needs 4 numbers"),
        ({"place": 0, "known": {"price": [None] * 4}}, 422, "settings", "known column 'price' needs 4 numbers"),
        ({"place": 0, "known": 3}, 422, "settings", "known must be an object"),
        (b"[]", 400, "not-understood", "the body must be an object"),
        (b"{" * 10_000, 422, "table", "the body is"),
    ],
)
def test_plans_that_cannot_be(client: Client, finished: str, body: Any, status: int, kind: str, said: str) -> None:
    events(client, finished)
    answer = client.post(f"/v1/fit/{finished}/what-if", body, "application/json")
    assert answer.problem(status, kind).startswith(said)


def test_values_that_cannot_be_right_are_kept_where_asked(client: Client) -> None:
    frame = table(60, names=NAMES[:1])
    wrong = frame.with_columns(y=pl.when(pl.int_range(pl.len()) == 30).then(1e8).otherwise("y"))
    seen, kept = (
        " ".join(client.post("/v1/look", records(wrong), query=query).json["findings"]["sentences"])
        for query in ({}, {"keep_outliers": "true"})
    )
    assert "1 value is read as missing" in seen
    assert "read as missing" not in kept


def test_a_look_at_a_table(client: Client) -> None:
    frame = table(40, names=NAMES).with_columns(note=pl.lit("x"))
    seen = client.post("/v1/look", frame.write_csv().encode(), "text/csv").json
    assert seen["findings"]["sentences"][0].startswith("2 series in long layout")
    assert seen["frequency"] == {"alias": "D", "words": 'one step a day ("D")'}
    assert {column["name"]: column["role"] for column in seen["columns"]} == {
        "unique_id": "id", "ds": "time", "y": "target", "note": None,
    }  # fmt: skip
    assert seen["series"] == {
        "count": 2, "names": NAMES, "shortest": 40, "longest": 40, "first": "2024-01-01", "last": "2024-02-09",
    }  # fmt: skip
    assert seen["head"]["ds"][:2] == ["2024-01-01", "2024-01-02"]
    assert seen["horizon"] == 13
    corrected = client.post("/v1/look", records(frame), query={"target": "y", "static": "note", "frequency": "W"})
    assert corrected.problem(422, "table")
