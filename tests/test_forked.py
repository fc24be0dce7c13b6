"""Processes forked from one that has worked: they answer as it does, or refuse at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

_BEGIN = """
import json, os, signal
import numpy as np
import foretell

def forked(work):
    # What `work` gives in a forked child; "hangs" where it gives nothing in time.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            answer = work()
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        answer = file.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else "hangs"

answers = {}
"""


def outcome(program: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    program = f"{_BEGIN}\n{program}\nprint(json.dumps(answers))"
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_layers_answer_as_in_the_parent() -> None:
    answers = outcome("""
import torch
from torch.utils.data import DataLoader
from foretell.nn import GRU, WaveNet

torch.manual_seed(0)
gru, wavenet = GRU(64, 256, batch_first=True), WaveNet(8, 32, 32, dilations=[1, 2, 4])
x, sound = torch.randn(32, 40, 64), torch.randn(8, 400, 8)

def work(_=0):
    with torch.no_grad():
        made = gru(x)[0].double().sum().item(), wavenet(sound).double().sum().item()
    y, _ = gru(x[:4].requires_grad_())
    y.sum().backward()
    return [*made, torch.mm(torch.ones(900, 900), torch.ones(900, 900)).sum().item()]

class Answers(torch.utils.data.Dataset):
    def __len__(self):
        return 2
    def __getitem__(self, k):
        return torch.tensor(work(), dtype=torch.float64)

answers["before"], answers["threads before"] = work(), torch.get_num_threads()
answers["child"] = forked(work)
answers["threads of the child"] = forked(torch.get_num_threads)
answers["grandchild"] = forked(lambda: forked(work))
loader = DataLoader(Answers(), batch_size=1, num_workers=2, multiprocessing_context="fork", timeout=60)
answers["loader"] = [batch[0].tolist() for batch in loader]
answers["after"], answers["threads after"] = work(), torch.get_num_threads()
""")
    before = pytest.approx(answers["before"], rel=1e-5)
    assert answers["child"] == before
    assert answers["grandchild"] == before
    assert answers["loader"] == [before, before]
    assert answers["after"] == before
    assert [answers[f"threads {when}"] for when in ("before", "of the child", "after")] == [2, 1, 2]


def test_a_forecaster_refuses_tables_at_once() -> None:
    answers = outcome("""
import pandas as pd
import polars as pl
from foretell import Forecaster, ForecastSettings, TrainingSettings, read_table
from foretell.datasets import path

def table(rows, series):
    times = pd.date_range("2024-01-01", periods=rows, freq="h")
    values = np.sin(np.arange(rows * series))
    return pd.DataFrame({"unique_id": np.repeat(np.arange(series), rows), "ds": list(times) * series, "y": values})

settings = ForecastSettings(hidden=8, layers=1, windows=1, training=TrainingSettings(steps=2))
forecaster = Forecaster("gru", 3, settings=settings, device="cpu").fit(table(60, 2))
large = table(1000, 6)
forecaster.predict(large)
answers["small"] = forked(lambda: len(forecaster.predict(table(60, 2))))
answers["large"] = forked(lambda: len(forecaster.predict(large)))
answers["polars"] = forked(lambda: len(forecaster.predict(pl.from_pandas(large))))
answers["none"] = forked(lambda: len(forecaster.predict()))
answers["backtest"] = forked(lambda: forecaster.backtest().windows)
answers["fit"] = forked(lambda: Forecaster("gru", 3, settings=settings, device="cpu").fit(large).horizon)
answers["file"] = forked(lambda: len(read_table(path("chicago_ridership"))))
answers["grandchild"] = forked(lambda: forked(lambda: len(forecaster.predict(large))))
answers["parent"] = len(forecaster.predict(large))
""")
    assert answers.pop("parent") == 18
    assert len(answers) == 8
    for answer in answers.values():
        assert answer.startswith("ForkedProcessError: tables cannot be worked on in this process: it was forked")
        assert '"spawn" or "forkserver"' in answer


def test_forked_before_any_work_a_child_does_all_of_it() -> None:
    answers = outcome("""
import polars, torch

def work():
    from foretell import Forecaster, ForecastSettings, TrainingSettings
    days = np.datetime64("2024-01-01", "us") + np.arange(3000) * np.timedelta64(86_400_000_000, "us")
    frame = polars.DataFrame({"id": ["a"] * 3000 + ["b"] * 3000, "ds": np.tile(days, 2), "y": np.sin(np.arange(6000))})
    settings = ForecastSettings(hidden=8, layers=1, windows=1, training=TrainingSettings(steps=2))
    forecaster = Forecaster("gru", 3, settings=settings, device="cpu").fit(frame)
    return [len(forecaster.predict()), torch.get_num_threads()]

answers["child"] = forked(work)
answers["other child"] = forked(work)
""")
    assert answers == {"child": [6, 1], "other child": [6, 1]}
