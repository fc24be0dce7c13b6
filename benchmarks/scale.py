"""Many series scored by workers: series per second for one and two, memory per worker, and where the time goes.

`python benchmarks/scale.py` makes 100,000 daily series of 200 steps in Parquet files, forecasts 14 days of each with
the pretrained network, and prints each figure beside its target. Each worker computes on one thread. `--series` takes
fewer, `--engine ray` lets Ray start the workers.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import polars as pl
import torch

from foretell import Forecaster
from foretell.distributed import predict_files
from foretell.distributed.partitions import id_column, partition_count, write_pieces
from foretell.tables.files import write_table

HORIZON, STEPS = 14, 200
FILES = 8
MOST_OF_ONE, MOST_MEMORY = 0.6, 2.0
"""Targets: the share of one worker's time that two take, and GiB per worker."""


def main() -> None:
    """Make the series, score them by one worker and by two, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--engine", choices=["process", "ray"], default="process")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    print(
        f"{options.series:,} series of {STEPS} steps, {HORIZON} ahead; {platform.processor() or platform.machine()}, "
    )
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), options.series, options.engine, options.workers)


def run(folder: Path, series: int, engine: Literal["process", "ray"], workers: list[int]) -> None:
    """Score the series by each number of workers, and print the tables."""
    pattern, model = str(folder / "sales" / "*.parquet"), folder / "model"
    write_series(folder / "sales", series)
    sample = pl.read_parquet(folder / "sales" / "00.parquet").head(20 * STEPS)
    Forecaster("pretrained", HORIZON, season=7).fit(sample).save(model)
    seconds: dict[int, float] = {}
    print("| workers | seconds | series per second | peak memory of a worker |\n|---|---|---|---|")
    for count in workers:
        out = folder / f"forecasts-{count}"
        with Memory(engine) as memory:
            start = time.perf_counter()
            rows = predict_files(model, pattern, out, engine=engine, workers=count)
            seconds[count] = time.perf_counter() - start
        found = pl.scan_parquet(out / "*.parquet").select(pl.len(), pl.col("unique_id").n_unique()).collect()
        if found.row(0) != (rows, series) or rows != series * HORIZON:
            raise SystemExit(f"{rows:,} rows of {found.row(0)} series, not {series * HORIZON:,} of {series:,}")
        gib = memory.peak / 2**30
        print(f"| {count} | {seconds[count]:.1f} | {series / seconds[count]:,.0f} | {gib:.2f} GiB |", flush=True)
        verdict("memory per worker", f"{gib:.2f} GiB", gib <= MOST_MEMORY, f"at most {MOST_MEMORY:g} GiB")
    if {1, 2} <= seconds.keys():
        share = seconds[2] / seconds[1]
        verdict("two workers beside one", f"{share:.2f} of the time", share <= MOST_OF_ONE, f"at most {MOST_OF_ONE:g}")
    print("\nWhere the time goes, on one thread:\n\n| part | CPU seconds per 1,000 series |\n|---|---|")
    for part, spent in parts(folder, pattern, model, series).items():
        print(f"| {part} | {spent:.2f} |")


def write_series(folder: Path, series: int) -> None:
    """Write daily series with a weekly pattern to several files."""
    folder.mkdir()
    random = np.random.default_rng(0)
    days = (np.datetime64("2024-01-01") + np.arange(STEPS)).astype("datetime64[us]")
    week = np.sin(np.arange(STEPS) / 7 * 2 * np.pi)
    for number, some in enumerate(np.array_split(np.arange(series), FILES)):
        level = random.uniform(10, 100, (len(some), 1))
        values = level + 0.3 * level * week + 0.1 * level * random.normal(size=(len(some), STEPS))
        pl.DataFrame(
            {
                "item": np.repeat([f"item-{k}" for k in some], STEPS),
                "day": np.tile(days, len(some)),
                "sold": values.ravel(),
            }
        ).write_parquet(folder / f"{number:02}.parquet")


def parts(folder: Path, pattern: str, model: Path, series: int) -> dict[str, float]:
    """Return the CPU seconds of each part of the work per 1,000 series, one partition in this process."""
    torch.set_num_threads(1)
    files = sorted(Path(pattern).parent.glob("*.parquet"))
    forecaster = Forecaster.load(model, "cpu")
    clock = [time.process_time()]
    (folder / "pieces").mkdir()
    pieces = write_pieces(files, id_column(forecaster.fitted_model), partition_count(files), folder / "pieces")
    clock.append(time.process_time())
    table = pl.concat([pl.read_parquet(piece) for piece in pieces[0]])
    reading = forecaster.read(table)
    clock.append(time.process_time())
    prediction = forecaster.forecast(reading)
    clock.append(time.process_time())
    forecasts = cast(pl.DataFrame, forecaster.table_of(reading, prediction))
    write_table(forecasts, folder / "part.parquet")
    clock.append(time.process_time())
    found = len(reading.panel)
    spent = dict(
        zip(("sharing the rows out", "reading", "forecasting", "writing"), np.diff(clock).tolist(), strict=True)
    )
    return {part: 1000 * value / (series if part == "sharing the rows out" else found) for part, value in spent.items()}


class Memory:
    """The largest peak of memory of any worker that ran within the block, read from /proc four times a second."""

    def __init__(self, engine: str) -> None:
        self.peak = 0
        self._named = b"multiprocessing" if engine == "process" else b"ray::"
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Memory:
        self._watch.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._ended.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._ended.wait(0.25):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    line = (process / "cmdline").read_bytes()
                    if self._named in line and b"resource_tracker" not in line and self._is_ours(process):
                        peak = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
                        self.peak = max(self.peak, 1024 * int(peak[1]) if peak else 0)

    def _is_ours(self, process: Path) -> bool:
        """Return whether this process started it, or Ray did, whose workers have another parent."""
        parent = re.search(r"PPid:\s+(\d+)", (process / "status").read_text())
        return self._named == b"ray::" or (parent is not None and int(parent[1]) == os.getpid())


def verdict(what: str, found: str, met: bool, target: str) -> None:
    """Print a figure beside its target."""
    print(f"{'met' if met else 'MISSED'}: {what} {found} (target: {target})", flush=True)


if __name__ == "__main__":
    main()
