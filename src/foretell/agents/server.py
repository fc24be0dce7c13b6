"""The server of the Model Context Protocol: its tools, one call at a time, over standard input and output."""

from __future__ import annotations

import inspect
import json
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import mcp_types as types
from mcp.server import Server
from mcp.server.stdio import stdio_server

from foretell import __version__
from foretell.agents import tools
from foretell.agents.allowed_folder import AllowedFolder
from foretell.agents.questions import (
    AnomalyQuestion,
    BacktestQuestion,
    ExplainQuestion,
    ForecastQuestion,
    LookQuestion,
)
from foretell.errors import ForetellError
from foretell.json_options import from_options, object_schema
from foretell.storage.reasons import reason_and_remedy
from foretell.strict_json import strict

_TOLD_EVERY = 0.25
"""Seconds between two messages of progress."""


@dataclass(frozen=True)
class _Tool:
    title: str
    question: Any
    run: Callable[[tools.Work, Any], tools.Answer]

    def described(self, name: str) -> types.Tool:
        """Return the tool as agents read it."""
        writes = "output" in object_schema(self.question)["properties"]
        return types.Tool(
            name=name,
            title=self.title,
            description=" ".join(inspect.cleandoc(self.run.__doc__ or "").split()),
            input_schema=object_schema(self.question),
            annotations=types.ToolAnnotations(
                read_only_hint=not writes, destructive_hint=writes, idempotent_hint=True, open_world_hint=False
            ),
        )


_TOOLS = {
    "look_at_table": _Tool("Look at a table", LookQuestion, tools.look_at_table),
    "forecast": _Tool("Forecast a table", ForecastQuestion, tools.forecast),
    "backtest": _Tool("Test forecasts on the past", BacktestQuestion, tools.backtest),
    "explain": _Tool("Explain a model's covariates", ExplainQuestion, tools.explain),
    "find_anomalies": _Tool("Find anomalies", AnomalyQuestion, tools.anomalies),
}


class _Stopped(BaseException):
    """The call was cancelled."""


def serve(folder: Path, device: str) -> None:
    """Serve the files of a folder until standard input ends. Raises SettingsError for what is no folder."""
    server = create_server(AllowedFolder(folder), device)

    async def run() -> None:
        # What is printed meanwhile goes to standard error: standard output belongs to the protocol.
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)


def create_server(folder: AllowedFolder, device: str = "auto") -> Server[Any]:
    """Return a server of the tools on the files of a folder."""
    one_at_a_time = anyio.CapacityLimiter(1)

    async def list_tools(context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:  # noqa: ARG001
        return types.ListToolsResult(tools=[tool.described(name) for name, tool in _TOOLS.items()])

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        call = _Call(context.session)
        work = tools.Work(folder, device, call.report)
        try:
            # A thread cannot be ended from outside; it stops at the next report, before anything is written.
            return await anyio.to_thread.run_sync(
                _answered, work, params.name, params.arguments or {}, abandon_on_cancel=True, limiter=one_at_a_time
            )
        finally:
            call.stopped.set()

    return Server(
        "foretell",
        version=__version__,
        title="foretell",
        instructions=(
            "Forecasts of time series in tables (CSV, Parquet, Arrow, Excel, JSON lines) of one folder. Paths are "
            "relative to that folder. Look at a table first, and compare the backtest with its baselines before you "
            "rely on a forecast. Data stay in files: answers name them, and hold rows only if rows asks for them."
        ),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


class _Call:
    """A call that is running in a thread."""

    def __init__(self, session: Any) -> None:
        self.stopped = threading.Event()
        self._session = session
        self._told = -1.0

    def report(self, share: float, what: str) -> None:
        """Send the progress to a client that asked for it. Raises `_Stopped` once the call was cancelled."""
        if self.stopped.is_set():
            raise _Stopped
        now = monotonic()
        if now - self._told < _TOLD_EVERY:
            return
        self._told = now
        anyio.from_thread.run(self._session.report_progress, share, 1.0, what)


def _answered(work: tools.Work, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
    try:
        if name not in _TOOLS:
            return _failure(f"there is no tool {name!r}; there are {', '.join(_TOOLS)}")
        tool = _TOOLS[name]
        work.report(0.0, "reading")
        answer = strict(tool.run(work, from_options(tool.question, arguments)))
    except _Stopped:
        return _failure("the call was cancelled; nothing was written")
    except ForetellError as error:
        return _failure(work.folder.shown(str(error)))
    except MemoryError:
        return _failure("there is not enough memory for this: use fewer series, or a shorter horizon")
    except OSError as error:
        return _failure(work.folder.shown(reason_and_remedy(error)))
    except BaseException:
        # A library written in Rust may panic, which is no Exception.
        traceback.print_exc(file=sys.stderr)
        return _failure("foretell has failed; the log of the server says where")
    text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structured_content=answer)


def _failure(message: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=message)], is_error=True)
