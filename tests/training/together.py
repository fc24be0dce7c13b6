"""A training by two processes, for `test_processes.py`: `python together.py FOLDER DIE_AT` in each of them."""

import os
import signal
import sys
from pathlib import Path

import polars as pl
import torch

from foretell import Forecaster
from foretell.forecasting.settings import ForecastSettings
from foretell.training.history import Progress
from foretell.training.processes import rank
from foretell.training.settings import TrainingSettings

SETTINGS = ForecastSettings(
    hidden=6,
    layers=1,
    batch_size=4,
    windows=1,
    training=TrainingSettings(steps=6, evaluate_every=3, checkpoint_every=2),
)


def table() -> pl.DataFrame:
    days = range(60)
    columns = {"ds": list(days), "a": [(day % 7) + 0.1 * day for day in days], "b": [(day % 5) ** 2.0 for day in days]}
    return pl.DataFrame(columns)


def fitted(checkpoint: Path | None = None, die_at: int = 0) -> dict[str, torch.Tensor]:
    """The weights of a network that was fitted; the second process dies before step `die_at`."""

    def watch(_: str, progress: Progress) -> None:
        if rank() == 1 and progress.step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    forecaster = Forecaster("gru", 3, season=7, device="cpu", settings=SETTINGS)
    forecaster.fit(table(), checkpoint=checkpoint, on_progress=watch)
    network = forecaster.fitted_model.network
    assert network is not None
    return network.final


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    torch.save(fitted(folder / "checkpoint", int(sys.argv[2])), folder / f"weights-{rank()}.pt")
