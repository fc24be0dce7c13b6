"""Training by several processes: the same result as by one, and after one was killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from foretell.errors import SettingsError
from foretell.training import processes, train
from foretell.training.settings import TrainingSettings

from .together import fitted


def run_two(folder: Path, die_at: int) -> list[tuple[int, str]]:
    """Start two processes as torchrun does; return how each ended, and its last line."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for rank in range(2):
        world = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_PORT": port}
        environment = os.environ | {name: str(value) for name, value in world.items()}
        environment |= {"MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(Path(__file__).with_name("together.py")), str(folder), str(die_at)]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    ended = []
    for process in started:
        _, said = process.communicate(timeout=300)
        ended.append((process.returncode, ([line for line in said.splitlines() if line] or [""])[-1]))
    return ended


def test_two_processes_give_the_result_of_one_and_go_on_after_one_was_killed(tmp_path: Path) -> None:
    (first, said), (second, _) = run_two(tmp_path, die_at=5)
    assert (first, second) == (1, -signal.SIGKILL)
    assert said.endswith(
        "another process of this training has ended: start all of them again, and they go on from the checkpoint"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]

    assert [status for status, _ in run_two(tmp_path, die_at=0)] == [0, 0]
    one, other = (torch.load(tmp_path / f"weights-{rank}.pt") for rank in range(2))
    alone = fitted()
    assert one.keys() == alone.keys()
    for name, weight in one.items():
        assert torch.equal(weight, other[name]), name
        torch.testing.assert_close(weight, alone[name], rtol=1e-3, atol=2e-5)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "test", "WORLD_SIZE": "2", "RANK": "1"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("two")
def test_shares_are_equal_and_disjoint() -> None:
    assert list(range(8))[processes.share_of(8)] == [1, 3, 5, 7]
    with pytest.raises(SettingsError, match="a batch of 7 windows cannot be shared equally by 2 processes"):
        processes.share_of(7)


@pytest.mark.usefixtures("two")
def test_a_state_that_no_checkpoint_would_hold_is_refused() -> None:
    settings = TrainingSettings(truncate=5)
    with pytest.raises(SettingsError, match="truncate cannot be combined with several processes"):
        train(torch.nn.Linear(1, 1), lambda _: torch.ones(1, 1), lambda n, x, s: (n(x).sum(), s), settings=settings)


def test_one_process_without_torchrun() -> None:
    assert (processes.count(), processes.count_here(), processes.rank()) == (1, 1, 0)
