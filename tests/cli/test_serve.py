"""`foretell serve` and `foretell ui`: what is said before anything is served."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from foretell.serve import server
from foretell.serve.settings import ServiceSettings


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ServiceSettings, int]]:
    """Nothing is served; what would be is noted."""
    noted: list[tuple[ServiceSettings, int]] = []

    def serve(settings: ServiceSettings, workers: int, on_ready: Callable[[str], None]) -> None:
        noted.append((settings, workers))
        on_ready("http://127.0.0.1:8000")

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.delenv("FORETELL_TOKEN", raising=False)
    return noted


def test_options_reach_the_service(run: Callable[..., Any], served: list[Any], tmp_path: Path) -> None:
    done = run(
        "serve", "one", "b=two", "--port", "81", "--workers", "3", "--max-rows", "9", "--token", "t", "--grace", "2"
    )
    assert done.exit_code == 0, done.output
    assert done.stdout == "Serving one and b at http://127.0.0.1:8000 (Ctrl-C stops it)\n"
    settings, workers = served[0]
    assert workers == 3
    assert settings.models == (("one", tmp_path / "one"), ("b", tmp_path / "two"))
    assert (settings.address.host, settings.address.port) == ("127.0.0.1", 81)
    assert (settings.limits.max_rows, settings.token, settings.grace) == (9, "t", 2.0)


def test_without_a_model_the_pretrained_network_is_served(run: Callable[..., Any], served: list[Any]) -> None:
    assert run("serve").stdout == "Serving the pretrained network at http://127.0.0.1:8000 (Ctrl-C stops it)\n"
    assert served[0][0].models == ()


def test_the_token_may_stand_in_the_environment(
    run: Callable[..., Any], served: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETELL_TOKEN", "word")
    run("serve", "--host", "0.0.0.0")
    assert served[0][0].token == "word"


def test_an_open_service_is_warned_of(run: Callable[..., Any], served: list[Any]) -> None:
    done = run("serve", "--host", "0.0.0.0")
    assert done.stderr.startswith("Note: anyone who can reach 0.0.0.0 can use this service; set FORETELL_TOKEN")
    assert served


def test_the_page_is_opened(run: Callable[..., Any], served: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    done = run("ui")
    assert done.stdout == "The page is at http://127.0.0.1:8000 (Ctrl-C stops it)\n"
    assert opened == ["http://127.0.0.1:8000"]
    run("ui", "--no-browser")
    assert len(opened) == 1
    assert [settings.address.host for settings, _ in served] == ["127.0.0.1"] * 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "does not exist: a model is a folder"),
        (("a/x", "b/x"), "two models are called 'x': name one"),
        (("--port", "70000"), "port is 70000: it must be from 0 to 65535"),
        (("--workers", "0"), "workers is 0: it must be at least 1"),
        (("--max-body", "0"), "max_body is 0: it must be at least 1"),
        (("--token", "two words"), "the token must be of printable ASCII characters without blanks"),
    ],
)
def test_what_cannot_be_served(
    run: Callable[..., Any], refused: Callable[..., None], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused(run("serve", *arguments), tmp_path, [], said)


def test_a_port_in_use(run: Callable[..., Any], refused: Callable[..., None], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused(run("serve", "--port", str(port)), tmp_path, [], f"port {port} of 127.0.0.1 is in use")


def test_the_extra_that_lacks_is_named(
    run: Callable[..., Any], refused: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    said = "the package uvicorn, which serves over HTTP, is missing: pip install 'foretell[serve]'"
    refused(run("serve"), tmp_path, [], said)
