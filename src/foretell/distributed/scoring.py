"""Forecasts of the series in many files, partition by partition."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import polars as pl

from foretell.distributed import engines
from foretell.distributed.partitions import files_of, id_column, partition_count, write_pieces
from foretell.errors import SettingsError
from foretell.forecasting.forecaster import Forecaster
from foretell.storage.outputs import require_writable
from foretell.storage.unfinished import unfinished_folder
from foretell.tables.files import write_table

Engine = Literal["process", "ray"]


def predict_files(
    model: str | Path,
    pattern: str,
    out: str | Path,
    *,
    engine: Engine = "process",
    workers: int = 2,
    address: str | None = None,
    partitions: int | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> int:
    """Forecast every series in the files that match a pattern, and return the number of rows written.

    The forecasts are written to `out`, a folder of Parquet files, one per partition of the ids, which appears once all
    of them are complete. They are the same to the bit whatever the engine, the partitions and the number of workers,
    and as those of `Forecaster.predict` on one thread (those of a WaveNet, or with `conv_stride`, to rounding in
    float32). Each worker holds one model and one partition in memory; one that
    is killed is replaced, and its partition computed again. `engine` "ray" uses the cluster at `address`, whose
    machines must all see the files, or starts Ray on this one.

    Raises TableError, SettingsError, ModelError and MissingExtraError, as `Forecaster.predict` does, and for a cluster
    that is not there.
    """
    out = Path(out)
    require_vacant(out)
    folder = Path(model).resolve()
    column = id_column(Forecaster.load(folder, "cpu").fitted_model)
    files = files_of(pattern)
    count = partitions or partition_count(files)
    parent = out.absolute().parent
    with (
        engines.started(engine, workers, address) as run,
        unfinished_folder(parent) as pieces_folder,
        unfinished_folder(parent) as results,
    ):
        pieces = write_pieces(files, column, count, pieces_folder)
        tasks = [
            (str(folder), [str(path) for path in paths], str(results / f"part-{place:05}.parquet"))
            for place, paths in enumerate(pieces)
        ]
        rows = 0
        for done, found in enumerate(run(score, tasks), 1):
            rows += found
            if on_progress is not None:
                on_progress(done / len(tasks))
        if out.exists():
            out.rmdir()
        results.rename(out)
    return rows


def require_vacant(out: Path) -> None:
    """Raise SettingsError unless a folder can be made at `out`, or is there and empty."""
    require_writable(out, folder=True)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError(f"output {out} is not an empty folder: name one that is not there yet")


def score(folder: str, pieces: list[str], out: str) -> int:
    """Forecast one partition, write the result as a whole, and return its number of rows."""
    table = pl.concat([pl.read_parquet(piece) for piece in pieces], how="diagonal_relaxed")
    forecasts: Any = _loaded(folder).predict(table)
    write_table(forecasts, out)
    return len(forecasts)


@lru_cache(maxsize=1)
def _loaded(folder: str) -> Forecaster:
    return Forecaster.load(folder, "cpu")
