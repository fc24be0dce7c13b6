"""The service under load: latency, throughput and memory, and the page, with the targets that they must meet.

`python benchmarks/service.py` starts `foretell serve` on this machine and prints, for each target, the number and
whether it is met; the page is measured where playwright and chromium are. Where `--peers-python` has neuralforecast,
a server of it, written as plainly as can be, stands beside.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

HORIZON, DAYS = 14, 200
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ALONE = 50
"""Requests one after another, for the latency of one alone."""


@dataclass
class Load:
    """What a load of some clients gave."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds


def body(seed: int) -> bytes:
    """A request for the forecast of a daily series with a weekly pattern."""
    return json.dumps(series(seed).with_columns(pl.col("ds").cast(pl.String)).to_dicts()).encode()


def series(seed: int, days: int = DAYS) -> pl.DataFrame:
    """A daily series with a weekly pattern."""
    random = np.random.default_rng(seed)
    values = 100 + 20 * (np.arange(days) % 7) + random.standard_normal(days)
    times = [date(2015, 1, 1) + timedelta(days=i) for i in range(days)]
    return pl.DataFrame({"unique_id": [f"series {seed}"] * days, "ds": times, "y": values})


async def request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> int:
    """Send one request on an open connection, and return the status of its answer, once that is there as a whole."""
    head = f"POST /v1/forecast HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(content)}\r\n"
    writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + content)
    status = int((await reader.readline()).split()[1])
    length = 0
    while (line := await reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    await reader.readexactly(length)
    return status


async def client(port: int, load: Load, until: float, most: int | None, number: int) -> None:
    """Send requests one after another until the time is over, or `most` of them are answered."""
    content = body(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until and (most is None or len(load.latencies) < most):
        began = time.perf_counter()
        try:
            status = await request(reader, writer, content)
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError) as error:
            load.errors.append(repr(error))
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        load.latencies.append(time.perf_counter() - began)
        if status != 200:
            load.errors.append(f"status {status}")
    writer.close()


def loaded(port: int, clients: int, seconds: float, most: int | None = None) -> Load:
    """Run a load of clients that each keep a connection."""

    async def run() -> Load:
        load = Load(0.0)
        began = time.perf_counter()
        await asyncio.gather(*(client(port, load, began + seconds, most, i) for i in range(clients)))
        load.seconds = time.perf_counter() - began
        return load

    return asyncio.run(run())


@contextmanager
def service(*arguments: str) -> Iterator[tuple[int, int]]:
    """Port and process id of a service."""
    command = [sys.executable, "-c", "from foretell.cli import main; main()", "serve", *arguments, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        found = re.search(r":(\d+) ", said)
        assert found, said
        yield int(found[1]), process.pid
    finally:
        process.terminate()
        process.wait()


def memory(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(process.name) == pid or int(fields[1]) == pid:
                total += int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError):
            continue
    return total / 1e6


def told(what: str, value: str, met: bool | None) -> None:
    """Print a line: what, the number, and whether the target is met."""
    print(f"{what:58} {value:>22}   {'' if met is None else 'met' if met else 'MISSED'}", flush=True)


def processor() -> str:
    """Name of the processor, and how many cores this process has."""
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) or [platform.processor()]
    return f"{names[0]}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"


def fitted(folder: Path) -> Path:
    """A small model of daily series, trained for some steps."""
    from foretell import Forecaster, ForecastSettings
    from foretell.training import TrainingSettings

    settings = ForecastSettings(hidden=64, layers=1, training=TrainingSettings(steps=100, evaluate_every=50))
    Forecaster("gru", HORIZON, settings=settings).fit(series(0, 400)).save(folder)
    return folder


_PEER = """
import sys
import pandas as pd
import uvicorn
from fastapi import FastAPI, Request
from neuralforecast import NeuralForecast
from neuralforecast.models import GRU

table = pd.read_json(sys.argv[1], convert_dates=["ds"])
model = NeuralForecast([GRU(h=14, input_size=56, max_steps=20, enable_progress_bar=False, logger=False)], freq="D")
model.fit(table)
app = FastAPI()

@app.post("/v1/forecast")
async def forecast(request: Request):
    frame = pd.DataFrame(await request.json())
    frame["ds"] = pd.to_datetime(frame["ds"])
    return model.predict(frame).reset_index().astype(str).to_dict("records")

uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
"""


def has_peer(python: str) -> bool:
    """Whether a Python has what the server of neuralforecast needs."""
    look = "import importlib.util as i; print(all(map(i.find_spec, ('neuralforecast', 'fastapi', 'uvicorn'))))"
    return subprocess.run([python, "-c", look], capture_output=True, text=True).stdout.strip() == "True"


def beside(python: str, clients: int, seconds: float) -> Load:
    """The same load on a server of neuralforecast, as its users write it."""
    with tempfile.TemporaryDirectory() as temporary, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        table = Path(temporary, "table.json")
        table.write_bytes(body(0))
        silent = subprocess.DEVNULL
        process = subprocess.Popen(
            [python, "-c", _PEER, str(table), str(port)], cwd=temporary, stdout=silent, stderr=silent
        )
        try:
            for _ in range(600):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.2)
            return loaded(port, clients, seconds)
        finally:
            process.terminate()
            process.wait()


_FRAMES = """() => new Promise((done) => {
    const list = document.getElementById("series");
    let last = performance.now(), longest = 0, left = 60;
    const step = (now) => {
        longest = Math.max(longest, now - last);
        last = now;
        list.scrollTop += 5000;
        list.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown" }));
        if (--left) requestAnimationFrame(step); else done(longest);
    };
    requestAnimationFrame(step);
})"""
_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def page(port: int) -> None:
    """First paint, a list of very many series, and a large table from the file to the screen."""
    from playwright import sync_api

    with sync_api.sync_playwright() as started, tempfile.TemporaryDirectory() as temporary:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(f"http://127.0.0.1:{port}")
        tab.wait_for_timeout(200)
        paint = float(tab.evaluate(_PAINT))
        told("first paint (under 1 s)", f"{paint:.0f} ms", paint < 1000)

        large = Path(temporary, "large.csv")
        pl.concat([series(i, 2_000) for i in range(66)]).write_csv(large)
        began = time.perf_counter()
        tab.set_input_files("#file", large)
        tab.wait_for_selector("#ask:not([hidden])", timeout=120_000)
        looked = time.perf_counter() - began
        told(f"a table of {large.stat().st_size / 1e6:.1f} MB: what was found", f"{looked:.1f} s", None)
        began = time.perf_counter()
        tab.click("#start")
        tab.wait_for_selector("#chart canvas", timeout=300_000)
        drawn = time.perf_counter() - began
        told("... and its forecast by the pretrained network (5 s)", f"{drawn:.1f} s", drawn < 5)
        tab.wait_for_selector("#scores tbody td", timeout=300_000)
        told("... and its backtest", f"{time.perf_counter() - began:.1f} s", None)

        names = {"ids": [f"series {i}" for i in range(10_000)], "errors": None}
        tab.route("**/v1/fit/*/series", lambda route: route.fulfill(json=names))
        tab.route("**/series/*", lambda route: route.continue_(url=re.sub(r"\d+$", "0", route.request.url)))
        small = Path(temporary, "small.csv")
        series(0).write_csv(small)
        tab.set_input_files("#file", small)
        tab.wait_for_selector("#ask:not([hidden])")
        tab.click("#start")
        tab.wait_for_selector("#count >> text=10,000 series", timeout=120_000)
        longest = float(tab.evaluate(_FRAMES))
        told("10,000 series: longest frame while scrolling (50 ms)", f"{longest:.0f} ms", longest < 50)
        browser.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--requests", type=int, default=10_000, help="after which memory is compared")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--peers-python", default=sys.executable, help="the Python that has neuralforecast and FastAPI")
    asked = parser.parse_args()
    print(processor())
    with tempfile.TemporaryDirectory() as temporary:
        folder = fitted(Path(temporary, "model"))
        with service(str(folder), "--workers", str(asked.workers)) as (port, pid):
            loaded(port, 1, 60.0, 20)
            alone = loaded(port, 1, 60.0, ALONE)
            one = statistics.median(alone.latencies)
            told("one client, median", f"{1000 * one:.1f} ms", None)
            told("one client", f"{alone.rate:.1f} per second", None)
            loaded(port, asked.clients, 60.0, 100)
            first = memory(pid)
            many = loaded(port, asked.clients, asked.seconds)
            p99 = float(np.quantile(many.latencies, 0.99))
            told(
                f"{asked.clients} clients for {asked.seconds:g} s: errors, of {len(many.latencies):,}",
                str(len(many.errors)),
                not many.errors,
            )
            told("p99, as a multiple of one alone (under 20)", f"{1000 * p99:.0f} ms, {p99 / one:.1f}", p99 < 20 * one)
            told(
                "throughput, as a multiple of one client (at least 5)",
                f"{many.rate:.0f}/s, {many.rate / alone.rate:.1f}",
                many.rate >= 5 * alone.rate,
            )
            told("memory after it", f"{memory(pid):.0f} MB", None)
            rest = asked.requests - len(many.latencies)
            if rest > 0:
                loaded(port, 32, 600.0, rest)
            last = memory(pid)
            told(
                f"memory after 100 and {asked.requests:,} requests",
                f"{first:.0f} and {last:.0f} MB",
                last < 1.1 * first,
            )
            if not has_peer(asked.peers_python):
                told("beside a server of neuralforecast (20 times)", "not installed", None)
            else:
                peer = beside(asked.peers_python, asked.clients, asked.seconds / 2)
                told(
                    "beside a server of neuralforecast (20 times)",
                    f"{peer.rate:.0f}/s, {many.rate / peer.rate:.1f}",
                    many.rate > 20 * peer.rate,
                )
    if find_spec("playwright") is None or CHROMIUM is None:
        told("the page", "no playwright or chromium", None)
        return
    with service() as (port, _):
        page(port)


if __name__ == "__main__":
    main()
