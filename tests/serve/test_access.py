"""Access: tokens, other sites, other names, and what stands in the headers of every answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from foretell.serve.settings import Address, ServiceSettings

from .conftest import Client, running

TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    settings = ServiceSettings(jobs=tmp_path_factory.mktemp("jobs"), token=TOKEN)
    with running(replace(settings, address=Address("0.0.0.0"))) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/models", "/v1/fit", "/metrics", "/v1/openapi.json"])
def test_a_token_is_asked_for(guarded: Client, path: str) -> None:
    for given in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}, {"authorization": TOKEN}):
        answer = guarded.get(path, headers=given)
        assert TOKEN not in answer.problem(401, "token")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.get(path, headers={"authorization": f"bearer {TOKEN}"}).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/"])
def test_health_and_page_need_none(guarded: Client, path: str) -> None:
    assert guarded.get(path).status == 200


def test_a_token_that_is_no_text(guarded: Client) -> None:
    assert guarded.get("/v1/models", headers={"authorization": "Bearer \xff\xfe"}).problem(401, "token")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9000"])
def test_pages_of_other_sites_are_refused(client: Client, origin: str) -> None:
    assert client.post("/v1/forecast", b"x", "text/plain", headers={"origin": origin}).problem(403, "origin")


def test_the_own_page_may_ask(client: Client) -> None:
    assert client.get("/v1/models", headers={"origin": "http://127.0.0.1:8000"}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "", "localhost.evil.example:8000"])
def test_a_local_service_answers_to_no_other_name(client: Client, host: str) -> None:
    assert client.get("/v1/models", headers={"host": host}).problem(403, "host")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST:1"])
def test_a_local_service_answers_to_its_own_names(client: Client, host: str) -> None:
    assert client.get("/v1/models", headers={"host": host}).status == 200


def test_a_name_may_be_allowed(tmp_path: Path) -> None:
    with running(ServiceSettings(jobs=tmp_path, allowed_hosts=("forecasts.example",))) as client:
        assert client.get("/healthz", headers={"host": "forecasts.example:8000"}).status == 200


@pytest.mark.parametrize("path", ["/", "/v1/models", "/nothing", "/healthz"])
def test_every_answer_has_a_policy(client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/page/../settings.py", "/page/%2e%2e/app.py", "/page/..", "/../../etc/passwd", "/page//etc/passwd", "/nothing"],
)
def test_nothing_else_can_be_read(client: Client, path: str) -> None:
    assert client.get(path).problem(404, "not-found")


def test_a_method_that_does_not_apply(client: Client) -> None:
    answer = client.get("/v1/forecast")
    assert answer.problem(405, "method").startswith("GET does not apply to this address; POST does")


def test_health_and_metrics(client: Client) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    assert client.get("/readyz").json == {"status": "ready"}
    client.get("/v1/fit/nothing")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert b'foretell_requests_total{method="GET",route="/v1/fit/{name}",status="404"}' in answer.body
    assert b"foretell_request_seconds_bucket" in answer.body


def test_the_interface_is_described_with_examples(client: Client) -> None:
    described = client.get("/v1/openapi.json").json
    forecast = described["paths"]["/v1/forecast"]["post"]
    assert {parameter["name"] for parameter in forecast["parameters"]} >= {"model", "horizon", "level", "id", "time"}
    content = forecast["requestBody"]["content"]
    assert content["application/json"]["examples"]["records"]["value"][0] == {
        "unique_id": "tea",
        "ds": "2024-01-01",
        "y": 12,
    }
    assert "example" in content["text/csv"]
    assert "413" in forecast["responses"]
    assert {"/v1/fit", "/v1/fit/{name}/events", "/v1/models", "/healthz", "/readyz", "/metrics"} <= described[
        "paths"
    ].keys()


def test_the_examples_are_true(client: Client) -> None:
    described = client.get("/v1/openapi.json").json
    content = described["paths"]["/v1/forecast"]["post"]["requestBody"]["content"]
    for example in content["application/json"]["examples"].values():
        answer = client.post("/v1/forecast", example["value"], query={"model": "pretrained"})
        assert answer.status == 200, answer.body
    answer = client.post(
        "/v1/forecast", content["text/csv"]["example"].encode(), "text/csv", query={"model": "pretrained"}
    )
    assert answer.status == 200, answer.body
