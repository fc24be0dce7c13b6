from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
import torch

from foretell.errors import MissingExtraError, SettingsError, TrainingError


def test_without_the_package_the_extra_is_named(task, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[tensorboard\]"):
        task.train(task.network(), options={"tensorboard": tmp_path}, steps=1)


def test_each_step_and_evaluation_is_written(task, tmp_path, monkeypatch) -> None:
    written: list[Any] = []

    class Writer:
        def __init__(self, log_dir, purge_step):
            written.append((log_dir, purge_step))

        def add_scalar(self, tag, value, step):
            written.append((tag, value, step))

        def close(self):
            written.append("closed")

    module: Any = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    options = {"tensorboard": tmp_path, "evaluate": task.evaluate}
    history = task.train(task.network(), options=options, steps=3)
    assert written[0] == (str(tmp_path), None)
    assert written[-1] == "closed"
    assert ("train/loss", history.losses[2], 3) in written
    assert ("train/gradient_norm", history.gradient_norms[0], 1) in written
    assert ("train/learning_rate", history.learning_rates[1], 2) in written
    assert ("evaluation", history.evaluations[0][1], 3) in written
    assert len(written) == 2 + 3 * 3 + 1


def test_more_than_numbers_is_written_after_each_evaluation(task, tmp_path, monkeypatch) -> None:
    heard = []

    class Writer:
        def __init__(self, log_dir, purge_step):
            pass

        def add_scalar(self, tag, value, step):
            pass

        def add_audio(self, tag, sound, step, sample_rate):
            heard.append((tag, tuple(sound.shape), step, sample_rate))

        def close(self):
            pass

    module: Any = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    seen = []

    def illustrate(network, board, step) -> None:
        seen.append((network.training, task.evaluate(network)))
        board.sound(step, "noise", torch.zeros(8), 4000)

    options = {"tensorboard": tmp_path, "evaluate": task.evaluate, "illustrate": illustrate}
    history = task.train(task.network(), options=options, steps=4, evaluate_every=2, average=0.5)
    assert heard == [("noise", (1, 8), 2, 4000), ("noise", (1, 8), 4, 4000)]
    assert seen == [(False, value) for _, value in history.evaluations]
    seen.clear()
    task.train(task.network(), options={"evaluate": task.evaluate, "illustrate": illustrate}, steps=2)
    assert seen == []


def test_a_folder_that_cannot_be_one_is_told_before_training(task, tmp_path) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "file").touch()
    steps = []
    for folder in (tmp_path / "file", tmp_path / "file" / "runs"):
        options = {"tensorboard": folder, "on_progress": lambda progress: steps.append(progress.step)}
        with pytest.raises(
            SettingsError, match=r"tensorboard='.*file.*' cannot be written to \((File exists|Not a dir)"
        ):
            task.train(task.network(), options=options, steps=3)
    assert steps == []


def test_a_full_disk_is_told(task, tmp_path, monkeypatch) -> None:
    class Writer:
        def __init__(self, log_dir, purge_step):
            pass

        def add_scalar(self, *written):
            if written[2] == 2:
                raise OSError(28, "No space left on device")

        def close(self):
            raise OSError(28, "No space left on device")

    module: Any = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    for steps in (1, 3):  # at the end, and on the way
        with pytest.raises(TrainingError, match=r"TensorBoard folder .* \(No space left on device\)"):
            task.train(task.network(), options={"tensorboard": tmp_path / "runs"}, steps=steps)

    def stop(_) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        task.train(task.network(), options={"tensorboard": tmp_path / "runs", "on_progress": stop}, steps=1)
