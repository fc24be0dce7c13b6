"""POST /v1/forecast: formats in and out, options, batches, and what is refused."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("fastapi")

from foretell.forecasting.forecaster import Forecaster

from .conftest import HORIZON, Client, records, table

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
COLUMNS = ["unique_id", "ds", "gru", "gru-lo-95", "gru-lo-80", "gru-hi-80", "gru-hi-95"]


@pytest.fixture(scope="module")
def expected(model_folder: Any) -> pl.DataFrame:
    found: pl.DataFrame = Forecaster.load(model_folder, "cpu").predict(table())
    return found


def in_format(kind: str) -> bytes:
    buffer: Any = io.BytesIO()
    if kind == "text/csv":
        return table().write_csv().encode()
    if kind == "application/json":
        return json.dumps(records(table())).encode()
    if kind == PARQUET:
        table().write_parquet(buffer)
    else:
        table().write_ipc_stream(buffer)
    return bytes(buffer.getvalue())


def read(kind: str, body: bytes) -> pl.DataFrame:
    if kind == "application/json":
        return pl.DataFrame(json.loads(body)["forecast"]).with_columns(pl.col("ds").str.to_date())
    if kind == "text/csv":
        return pl.read_csv(body, try_parse_dates=True)
    return pl.read_parquet(body) if kind == PARQUET else pl.read_ipc_stream(body)


@pytest.mark.parametrize("kind", ["application/json", "text/csv", PARQUET, ARROW])
def test_the_answer_has_the_format_of_the_question(client: Client, expected: pl.DataFrame, kind: str) -> None:
    answer = client.post("/v1/forecast", in_format(kind), kind)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].partition(";")[0] == kind
    forecast = read(kind, answer.body)
    assert forecast.columns == COLUMNS
    assert forecast["unique_id"].to_list() == expected["unique_id"].to_list()
    assert forecast["ds"].to_list() == expected["ds"].to_list()
    np.testing.assert_allclose(forecast.select(COLUMNS[2:]), expected.select(COLUMNS[2:]), rtol=1e-5)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        (PARQUET, PARQUET),
        ("*/*", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
    ],
)
def test_the_client_chooses_the_format(client: Client, accept: str, kind: str) -> None:
    answer = client.post("/v1/forecast", records(table()), headers={"accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert len(read(kind, answer.body)) == 2 * HORIZON


def test_the_answer_in_json_says_what_it_is(client: Client) -> None:
    body = {"table": records(table()), "horizon": 2, "level": [80]}
    found = client.post("/v1/forecast", body).json
    assert (found["model"], found["horizon"], found["levels"], found["series"]) == ("sales", 2, [80], 2)
    assert found["findings"][0].startswith("2 series in long layout")
    assert list(found["forecast"][0]) == ["unique_id", "ds", "gru", "gru-lo-80", "gru-hi-80"]
    assert [row["ds"] for row in found["forecast"]] == ["2024-03-01", "2024-03-02"] * 2


def test_options_stand_in_the_query_too(client: Client, expected: pl.DataFrame) -> None:
    frame = table().rename({"unique_id": "shop", "ds": "day", "y": "sold"}).with_columns(note=pl.lit("x"))
    query = {"horizon": 2, "level": ["95", "80"], "id": "shop", "time": "day", "target": "sold", "model": "sales"}
    answer = client.post("/v1/forecast", frame.write_csv().encode(), "text/csv", query=query)
    assert answer.status == 200, answer.body
    forecast = read("text/csv", answer.body)
    assert forecast.columns == COLUMNS
    first = expected.group_by("unique_id", maintain_order=True).head(2)
    np.testing.assert_allclose(forecast["gru"], first["gru"], rtol=1e-5)


def test_the_pretrained_network_takes_any_table(client: Client) -> None:
    wide = pl.DataFrame(
        {"month": [f"{2020 + i // 12}-{i % 12 + 1:02}" for i in range(30)], "a": range(30), "b": range(30)}
    )
    body = wide.write_csv(separator=";").encode()
    answer = client.post("/v1/forecast", body, "text/csv", query={"model": "pretrained", "horizon": 3, "level": 50})
    forecast = read("text/csv", answer.body)
    assert forecast.columns == ["unique_id", "ds", "pretrained", "pretrained-lo-50", "pretrained-hi-50"]
    assert forecast["ds"].cast(pl.String).to_list()[:3] == ["2022-07-01", "2022-08-01", "2022-09-01"]
    alone = Forecaster("pretrained", 3, levels=50, device="cpu").fit(wide).predict()
    np.testing.assert_allclose(forecast["pretrained"], alone["pretrained"], rtol=1e-6)


def test_known_values_come_as_a_second_table(serving: Callable[..., Any]) -> None:
    frame = table(40).with_columns(price=pl.Series([1.0, 2.0] * 40))
    history, future = (
        frame.filter(pl.col("ds") < pl.date(2024, 2, 5)), frame.filter(pl.col("ds") >= pl.date(2024, 2, 5)).drop("y")
    )  # fmt: skip
    with serving() as client:
        body = {"table": records(history), "future": records(future), "known": "price", "horizon": 5}
        answer = client.post("/v1/forecast", body)
        assert answer.status == 200, answer.body
        assert len(answer.json["forecast"]) == 10
        files = {"table": ("text/csv", history.write_csv()), "future": ("text/csv", future.write_csv())}
        form = form_of(files, {"known": "price", "horizon": "5"})
        again = client.post(
            "/v1/forecast", form, "multipart/form-data; boundary=BOUNDARY", headers={"accept": "application/json"}
        )
        assert again.json["forecast"] == answer.json["forecast"]
        del body["future"]
        assert "'price' has no value for 2024-02-05" in client.post("/v1/forecast", body).problem(422, "table")


def form_of(files: dict[str, tuple[str, str]], fields: dict[str, str]) -> bytes:
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts += [
        f'Content-Disposition: form-data; name="{name}"; filename="f"\r\nContent-Type: {kind}\r\n\r\n{text}'
        for name, (kind, text) in files.items()
    ]
    return ("".join(f"--BOUNDARY\r\n{part}\r\n" for part in parts) + "--BOUNDARY--\r\n").encode()


def test_a_workbook_is_read(client: Client) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    for row in (table().columns, *table().rows()):
        book.active.append(row)
    book.save(buffer)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = client.post("/v1/forecast", buffer.getvalue(), kind)
    assert answer.headers["content-type"] == "application/json"
    expected = client.post("/v1/forecast", records(table())).json["forecast"]
    for row, same in zip(answer.json["forecast"], expected, strict=True):
        assert (row["unique_id"], row["ds"]) == (same["unique_id"], same["ds"])
        assert row["gru"] == pytest.approx(same["gru"], rel=1e-6)
    cut = client.post("/v1/forecast", buffer.getvalue()[:-200], kind)
    assert cut.problem(422, "table").startswith("the body: the Excel workbook is damaged")


def test_compressed_bodies_are_unpacked(client: Client) -> None:
    packed = gzip.compress(table().write_csv().encode())
    assert client.post("/v1/forecast", packed, "text/csv", headers={"content-encoding": "gzip"}).status == 200
    assert client.post("/v1/forecast", packed, "application/gzip").status == 200
    packed = gzip.compress(json.dumps(records(table())).encode())
    assert client.post("/v1/forecast", packed, "application/json").status == 200


def test_requests_that_wait_together_are_one_batch(client: Client, expected: pl.DataFrame) -> None:
    sizes: list[int] = []
    batches = client.app.state.service._batches
    former, batches._on_batch = batches._on_batch, sizes.append
    blocked = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), client.loop)
    blocked.result()

    gate = threading.Event()
    batches.submit("gate", None, lambda items: [gate.wait(60)] * len(items))

    async def all_at_once() -> list[Any]:
        frames = [table(level=10.0 * (i + 1)) for i in range(6)]
        sent = [client.asked("POST", "/v1/forecast", f.write_csv().encode(), "text/csv") for f in frames]
        sent.append(
            client.asked("POST", "/v1/forecast", table().write_csv().encode(), "text/csv", query={"horizon": 2})
        )
        tasks = [asyncio.ensure_future(one) for one in sent]
        while len(batches._queue) < len(tasks):
            await asyncio.sleep(0.01)
        gate.set()
        return await asyncio.gather(*tasks)

    try:
        answers = client.run(all_at_once())
    finally:
        batches._on_batch = former
    assert sizes == [1, 6, 1]
    assert [answer.status for answer in answers] == [200] * 7
    first = read("text/csv", answers[0].body)["gru"]
    np.testing.assert_allclose(first, expected["gru"], rtol=1e-5)
    np.testing.assert_allclose(read("text/csv", answers[5].body)["gru"], 6 * first, rtol=1e-3)
    for i in range(6):
        alone = client.post("/v1/forecast", table(level=10.0 * (i + 1)).write_csv().encode(), "text/csv")
        assert alone.body == answers[i].body


def test_each_of_a_batch_is_read_and_refused_for_itself(client: Client) -> None:
    batches = client.app.state.service._batches
    gate = threading.Event()
    batches.submit("gate", None, lambda items: [gate.wait(60)] * len(items))
    unlike = table(names=["milk"]).with_columns(pl.lit("soon").alias("ds"))
    bodies = [records(table()), records(unlike), {"table": records(table(names=["milk"])), "horizon": HORIZON}]

    async def all_at_once() -> list[Any]:
        kind = "application/json"
        sent = [client.asked("POST", "/v1/forecast", json.dumps(body).encode(), kind) for body in bodies]
        tasks = [asyncio.ensure_future(one) for one in sent]
        while len(batches._queue) < len(tasks):
            await asyncio.sleep(0.01)
        gate.set()
        return await asyncio.gather(*tasks)

    answers = client.run(all_at_once())
    assert "'soon' in column 'ds'" in answers[1].problem(422, "table")
    assert [answers[k].json["series"] for k in (0, 2)] == [2, 1]
    assert [answers[k].body for k in (0, 2)] == [client.post("/v1/forecast", bodies[k]).body for k in (0, 2)]


def test_one_bad_table_does_not_spoil_the_batch() -> None:
    from foretell.errors import ModelError
    from foretell.serve.batches import Batches

    batches = Batches(10)
    gate = threading.Event()
    batches.submit("gate", 0, lambda items: [gate.wait(60)] * len(items))

    def answer(items: Any) -> Any:
        if 2 in items:
            raise ModelError("two")
        return [10 * item for item in items]

    futures = [batches.submit("same", item, answer) for item in (1, 2, 3)]
    refused = batches.submit("each", 5, lambda items: [ValueError("five") for _ in items])
    cancelled = batches.submit("same", 4, answer)
    assert cancelled.cancel()
    gate.set()
    batches.close()
    assert [futures[0].result(), futures[2].result()] == [10, 30]
    assert isinstance(futures[1].exception(), ModelError)
    assert isinstance(refused.exception(), ValueError)
    with pytest.raises(RuntimeError):
        batches.submit("same", 1, answer)


@pytest.mark.parametrize(
    ("query", "status", "kind", "said"),
    [
        ({"horizon": 5}, 422, "settings", "horizon 5: the model forecasts 1 to 4 steps, for which it was trained"),
        ({"horizon": "soon"}, 422, "settings", "horizon is 'soon': it must be a whole number"),
        ({"horizon": 0}, 422, "settings", "horizon is 0: it must be at least 1"),
        ({"level": 100}, 422, "settings", "level 100: an interval's level is a whole percentage from 1 to 99"),
        ({"levels": 80}, 422, "settings", "there is no option 'levels'; did you mean 'level'?"),
        ({"horizon": ["2", "3"]}, 422, "settings", "horizon is given 2 times: give it once"),
        ({"past": "rain"}, 422, "settings", "option 'past' was settled when the model was fitted: leave it out"),
        ({"known": "price"}, 422, "settings", "option 'known' was settled when the model was fitted: leave it out"),
        (
            {"hierarchy": "shop"},
            422,
            "settings",
            "option 'hierarchy' was settled when the model was fitted: leave it out",
        ),
        ({"model": "other"}, 404, "not-found", "there is no model 'other'; the models are sales, pretrained"),
        ({"model": "../sales"}, 404, "not-found", "there is no model '../sales'"),
        ({"horizon": 20_000}, 422, "horizon-too-long", "horizon 20,000: this service forecasts at most 10,000 steps"),
    ],
)
def test_options_that_will_not_do(client: Client, query: Any, status: int, kind: str, said: str) -> None:
    answer = client.post("/v1/forecast", table().write_csv().encode(), "text/csv", query=query)
    assert answer.problem(status, kind).startswith(said)


@pytest.mark.parametrize(
    ("body", "media", "status", "kind", "said"),
    [
        (b"", "text/csv", 422, "table", "the body is empty"),
        (b"<html>", "text/csv", 422, "table", "the body is a web page"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "text/csv", 422, "table", "the body: row 1 is not UTF-8 text"),
        (b"PAR1 and then nothing", PARQUET, 422, "table", "the body: the Parquet file is damaged or cut short"),
        (b"ds,y\n2024-01-01,1\n2024-01-02,many", "text/csv", 422, "table", "column 'y', row 3"),
        (b"[" * 10_000, "application/json", 422, "table", "the body is nested too deeply"),
        (b'{"table": ' * 10_000, "application/json", 422, "table", "the body is nested too deeply"),
        (b'[{"ds": "2024-01-01", "y": 1}', "application/json", 422, "table", "the body is not valid JSON"),
        (b'{"horizon": 3}', "application/json", 422, "table", "the body names no table"),
        (b'{"table": 3}', "application/json", 422, "table", "the table holds a number, not a list of records"),
        (b'[{"y": {"deep": 1}}]', "application/json", 422, "table", "the body: record 1 holds an object in column 'y'"),
        (b'{"table": [], "level": "all"}', "application/json", 422, "settings", "level is ['all']: it must be"),
        (
            b'{"table": [], "hrizon": 1}',
            "application/json",
            422,
            "settings",
            "there is no option 'hrizon'; did you mean 'horizon'?",
        ),
        (b"x", "image/png", 415, "media-type", "a body of the type 'image/png' cannot be read"),
        (b"\x1f\x8bcut off", "text/csv", 422, "table", "the body: the gzip file is damaged or cut short"),
        (b"--B\r\n", "multipart/form-data; boundary=B", 400, "not-understood", "the form has no file 'table'"),
        (b"x", "multipart/form-data", 400, "not-understood", "the form cannot be read"),
    ],
)
def test_bodies_that_are_no_table(client: Client, body: bytes, media: str, status: int, kind: str, said: str) -> None:
    assert client.post("/v1/forecast", body, media).problem(status, kind).startswith(said)


def test_a_bomb_is_not_unpacked(client: Client) -> None:
    bomb = gzip.compress(b"0" * (100 << 20), compresslevel=1)
    assert len(bomb) < 1_000_000
    assert "unpack to more than" in client.post("/v1/forecast", bomb, "text/csv").problem(422, "table")


def test_another_encoding_than_gzip_is_refused(client: Client) -> None:
    answer = client.post("/v1/forecast", b"x", "text/csv", headers={"content-encoding": "br"})
    assert answer.problem(415, "media-type") == "the body may be compressed by gzip, and by nothing else"


def test_answers_of_other_types_are_refused(client: Client) -> None:
    answer = client.post("/v1/forecast", records(table()), headers={"accept": "image/png"})
    assert answer.problem(406, "not-acceptable").startswith("Accept: image/png")


def test_limits_have_errors_of_their_own(serving: Callable[..., Any], model_folder: Any) -> None:
    with serving([("sales", model_folder)], max_body=1, max_rows=100, max_series=1, max_horizon=3) as client:
        large = client.post("/v1/forecast", b"x" * 1_000_001, "text/csv")
        assert large.problem(413, "body-too-large").startswith("the body is larger than 1 MB")
        assert large.json["limit"] == 1_000_000
        assert large.headers["connection"] == "close"
        announced = client.post("/v1/forecast", b"x", "text/csv", headers={"content-length": str(10 << 30)})
        assert announced.problem(413, "body-too-large")
        dripping = client.post("/v1/forecast", [b"x" * 300_000] * 10, "text/csv")
        assert dripping.problem(413, "body-too-large")
        rows = client.post("/v1/forecast", records(table()))
        assert rows.problem(422, "too-many-rows") == "the body has 120 rows; this service takes at most 100"
        series = client.post("/v1/forecast", records(table(20)), query={"horizon": 2})
        assert (
            series.problem(422, "too-many-series") == "the table has 2 series; this service takes at most 1 at a time"
        )
        horizon = client.post("/v1/forecast", records(table(20, ["tea"])))
        assert horizon.problem(422, "horizon-too-long") == "horizon 4: this service forecasts at most 3 steps"


def test_a_slow_body_is_not_waited_for(serving: Callable[..., Any]) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"ds,y\n"
        await asyncio.sleep(60)

    with serving(timeout=0.05) as client:
        assert (
            client.send("POST", "/v1/forecast", slow(), "text/csv").problem(408, "slow").startswith("the body did not")
        )


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/csv", b"ds,y\n2024"),
        ("application/json", b'[{"ds": "20'),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="table"; filename="f"\r\n\r\nds,',
        ),
    ],
)
def test_a_body_that_is_cut_off(client: Client, media: str, body: bytes) -> None:
    said = "the connection was closed before the body had arrived"
    assert client.post("/v1/forecast", body, media, cut=True).problem(400, "not-understood") == said


def test_a_slow_answer_is_not_waited_for(serving: Callable[..., Any]) -> None:
    import threading

    with serving(timeout=0.3) as client:
        gate = threading.Event()
        client.app.state.service._batches.submit("gate", None, lambda items: [gate.wait(60)] * len(items))
        try:
            answer = client.post("/v1/forecast", records(table(10, ["tea"])))
            assert answer.problem(504, "time").startswith("the forecast was not ready within 0.3 seconds")
        finally:
            gate.set()


def test_too_many_that_wait_are_told_so(serving: Callable[..., Any]) -> None:
    with serving(max_requests=1) as client:
        client.app.state.service.forecasts._waiting = 1
        answer = client.post("/v1/forecast", records(table(10)))
        assert answer.problem(503, "busy").startswith("as many requests as this service allows")
        assert answer.headers["retry-after"] == "1"


def test_a_fault_of_the_service_tells_nothing_of_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("/home/secret/place.py")

    monkeypatch.setattr("foretell.serve.forecasts.Reading.of", broken)
    answer = client.post("/v1/forecast", records(table()), query={"model": "pretrained"})
    assert answer.problem(500, "internal") == "this is a fault of the service; its log says more"


def test_names_with_markup_come_back_as_they_are(client: Client) -> None:
    name = '<img src=x onerror="alert(1)">'
    found = client.post("/v1/forecast", records(table(30, [name]))).json
    assert {row["unique_id"] for row in found["forecast"]} == {name}
