"""Ctrl-C leaves a checkpoint that the same command goes on from; a full disk leaves the one before."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from foretell.audio import AudioModel

NETWORK = ("--layers", "3", "--cycles", "1", "--residual", "8", "--skip", "8", "--batch", "4", "--chunk", "256")
TRAIN = ("audio", "train", "recordings", "--out", "voice", *NETWORK, "--device", "cpu")


@pytest.mark.usefixtures("recordings")
def test_ctrl_c_and_on(start: Callable[..., subprocess.Popen[str]], run, tmp_path: Path) -> None:
    train = (*TRAIN, "--steps", "150")
    process = start(*train)
    assert process.stderr is not None
    for line in process.stderr:
        if "Training:  20 %" in line:
            break
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert complaint.splitlines()[-1] == (
        "interrupted: training is kept up to here in voice.checkpoint; the same command goes on there"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recordings", "voice.checkpoint"]

    done = run(*train, "--residual", "4")
    assert done.exit_code == 2
    assert "comes from another network" in done.stderr
    assert "voice.checkpoint" in done.stderr
    assert "delete the folder" in done.stderr

    done = run(*train)
    assert done.exit_code == 0, done.output
    assert "Going on from the checkpoint in voice.checkpoint" in done.stderr
    assert "Training:  10 %" not in done.stderr
    assert not (tmp_path / "voice.checkpoint").exists()
    assert AudioModel.load(tmp_path / "voice").history.steps == 150


@pytest.mark.usefixtures("recordings")
def test_a_full_disk_leaves_the_checkpoint(run, tmp_path: Path) -> None:
    train = (*TRAIN, "--steps", "5")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        done = run(*train)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.exit_code == 2, done.output
    assert "error: the checkpoint voice.checkpoint/fit/" in done.stderr
    assert "the previous checkpoint is intact" in done.stderr
    assert not (tmp_path / "voice").exists()
    assert not list(tmp_path.rglob("*.tmp"))
    done = run(*train)
    assert done.exit_code == 0, done.output
