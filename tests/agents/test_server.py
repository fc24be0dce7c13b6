"""The protocol, spoken by the client of the official package."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp_types", reason="the extra mcp is not installed")

from mcp import Client

from foretell.agents import tools
from foretell.agents.allowed_folder import AllowedFolder
from foretell.agents.server import create_server
from foretell.forecasting.tables.series_file import read_series


def spoken(folder: Path, talk: Callable[[Any], Awaitable[Any]], mode: str = "auto") -> Any:
    """What a conversation with the server returns."""

    async def run() -> Any:
        async with Client(create_server(AllowedFolder(folder), "cpu"), mode=mode) as client:  # type: ignore[arg-type]
            return await talk(client)

    return asyncio.run(run())


def test_the_tools_and_their_schemas(folder: Path) -> None:
    listed = spoken(folder, lambda client: client.list_tools()).tools
    assert [tool.name for tool in listed] == ["look_at_table", "forecast", "backtest", "explain", "find_anomalies"]
    forecast = listed[1].input_schema
    assert forecast["required"] == ["table", "output"]
    assert forecast["additionalProperties"] is False
    assert forecast["properties"]["preset"]["enum"] == ["instant", "fast", "best"]
    assert forecast["properties"]["rows"] == {
        "type": "integer", "minimum": 0, "maximum": 1000, "default": 0,
        "description": "Number of first rows of data to include in the answer; none if not given.",
    }  # fmt: skip
    assert [tool.annotations.read_only_hint for tool in listed] == [True, False, False, True, False]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_forecast_by_the_protocol(folder: Path, mode: str) -> None:
    told: list[tuple[float, str]] = []

    async def on_progress(share: float, _total: float | None, message: str | None) -> None:
        told.append((share, message or ""))

    async def talk(client: Any) -> Any:
        arguments = {"table": "sales.csv", "output": "f.csv", "horizon": 2}
        return await client.call_tool("forecast", arguments, progress_callback=on_progress)

    answer = spoken(folder, talk, mode)
    assert not answer.is_error
    assert answer.structured_content["path"] == "f.csv"
    assert json.loads(answer.content[0].text) == answer.structured_content
    assert (folder / "f.csv").exists()
    assert told[0] == (0.0, "reading")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("look_at_table", {"table": "../outside/secret.csv"}, "../outside/secret.csv lies outside of the folder"),
        ("look_at_table", {"table": "sale.csv"}, "there is no file sale.csv; did you mean sales.csv?"),
        ("look_at_table", {"tabel": "sales.csv"}, "there is no option 'tabel'; did you mean 'table'?"),
        ("look_at_table", {}, "table is missing"),
        ("look_at_table", {"table": 7}, "table is 7: it must be a string"),
        ("look_at_table", {"table": "sales.csv", "rows": -1}, "rows is -1: it must be from 0 to 1,000"),
        ("forecast", {"table": "sales.csv", "output": "f.csv"}, "horizon is missing"),
        ("forecast", {"table": "sales.csv", "output": "f.csv", "horizon": "x"}, "horizon is 'x': it must be"),
        ("explain", {"table": "sales.csv", "model": "model"}, "there is no model folder model"),
        ("delete_files", {}, "there is no tool 'delete_files'; there are look_at_table, forecast"),
    ],
)
def test_mistakes_are_errors_of_the_tool(folder: Path, tool: str, arguments: dict[str, Any], said: str) -> None:
    answer = spoken(folder, lambda client: client.call_tool(tool, arguments))
    assert answer.is_error
    assert answer.content[0].text.startswith(said)
    assert str(folder) not in answer.content[0].text


def test_a_fault_of_foretell_is_told_without_its_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(tools, "read_series", broken)
    answer = spoken(folder, lambda client: client.call_tool("look_at_table", {"table": "sales.csv"}))
    assert answer.is_error
    assert answer.content[0].text == "foretell has failed; the log of the server says where"
    assert "ZeroDivisionError: secret" in capfd.readouterr().err


def test_a_cancelled_call_writes_nothing_and_the_next_is_answered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, let_on = threading.Event(), threading.Event()
    read = read_series

    def slowly(*arguments: Any) -> Any:
        reading.set()
        let_on.wait(30)
        return read(*arguments)

    async def talk(client: Any) -> Any:
        monkeypatch.setattr(tools, "read_series", slowly)
        call = asyncio.create_task(
            client.call_tool("forecast", {"table": "sales.csv", "output": "f.csv", "horizon": 2})
        )
        while not reading.is_set():
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.sleep(0.1)
        monkeypatch.setattr(tools, "read_series", read)
        let_on.set()
        return await client.call_tool("look_at_table", {"table": "sales.csv"})

    assert spoken(folder, talk, "legacy").structured_content["shape"] == [180, 3]
    assert [path.name for path in folder.iterdir()] == ["sales.csv"]


def test_the_command_speaks_nothing_but_the_protocol(folder: Path) -> None:
    """Line by line, as a client does that knows of JSON alone."""
    script = (
        "import sys\nfrom foretell.agents import tools\nread = tools.read_series\n"
        "def loud(*arguments):\n    print('not of the protocol')\n    return read(*arguments)\n"
        "tools.read_series = loud\n"
        f"sys.argv = ['foretell', 'mcp', '--allow-dir', {str(folder)!r}]\nfrom foretell.cli import main\nmain()"
    )
    hello = {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }  # fmt: skip
    lines: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call",
         "params": {"name": "look_at_table", "arguments": {"table": "sales.csv"}}},
    ]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        answers = []
        for line in lines:
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
            if "id" in line:
                answers.append(json.loads(process.stdout.readline()))
        rest, errors = process.communicate(timeout=60)
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[0]["result"]["serverInfo"]["name"] == "foretell"
    assert answers[1]["result"]["structuredContent"]["shape"] == [180, 3]
    assert (rest, process.returncode) == ("", 0)
    assert "not of the protocol" in errors
