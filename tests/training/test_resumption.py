from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from foretell.errors import ModelError
from foretell.training import resumption

SETTINGS = {
    "steps": 24,
    "evaluate_every": 5,
    "checkpoint_every": 4,
    "average": 0.8,
    "truncate": 3,
    "learning_rate": 0.02,
}


class Killed(BaseException):
    pass


def _stop_after(step, error=Killed):
    def on_progress(progress):
        if progress.step == step:
            raise error

    return on_progress


def _outcome(task, network, history):
    return task.bits(network), history.losses.tolist(), history.gradient_norms.tolist(), history.evaluations


@pytest.mark.parametrize("optimiser", ["adam", "nadam", "sgd"])
@pytest.mark.parametrize("carry", [False, True])
def test_a_run_killed_twice_ends_as_if_it_had_not_been(task, tmp_path: Path, optimiser: str, carry: bool) -> None:
    settings = SETTINGS | {"optimiser": optimiser}
    options = {"evaluate": task.evaluate, "carry": carry}
    whole = task.network()
    expected = _outcome(task, whole, task.train(whole, options=options, **settings))
    options["checkpoint"] = tmp_path
    # Step 9 is in the middle of a batch of three chunks; 20 is both a checkpoint and an evaluation.
    for stop in (9, 20):
        with pytest.raises(Killed):
            task.train(task.network(), options=options | {"on_progress": _stop_after(stop)}, **settings)
    network, steps = task.network(), []
    history = task.train(network, options=options | {"on_progress": lambda p: steps.append(p.step)}, **settings)
    assert steps[0] == 17
    assert _outcome(task, network, history) == expected
    # A finished run, asked for again, only hands out its result.
    network, steps = task.network(), []
    history = task.train(network, options=options | {"on_progress": lambda p: steps.append(p.step)}, **settings)
    assert not steps
    assert _outcome(task, network, history) == expected


def test_ctrl_c_writes_a_checkpoint(task, tmp_path: Path) -> None:
    whole = task.network()
    expected = _outcome(task, whole, task.train(whole, **SETTINGS))
    options = {"checkpoint": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        task.train(task.network(), options=options | {"on_progress": _stop_after(7, KeyboardInterrupt)}, **SETTINGS)
    network, steps = task.network(), []
    history = task.train(network, options=options | {"on_progress": lambda p: steps.append(p.step)}, **SETTINGS)
    assert steps[0] == 8
    assert _outcome(task, network, history) == expected


def test_skipped_steps_in_a_row_are_counted_on(task, tmp_path: Path) -> None:
    def loss(network, batch, state):
        value, state = task.loss(network, batch[1], state)
        return (value * float("nan") if batch[0] >= 3 else value), state

    settings = {"steps": 50, "max_nonfinite": 6, "checkpoint_every": 1}
    pieces = {"batches": lambda n: (n, task.batches(n)), "loss": loss}
    whole = task.network()
    stopped = task.train(whole, **pieces, **settings).stopped
    expected = task.bits(whole), stopped
    options = {"checkpoint": tmp_path}
    with pytest.raises(Killed):
        task.train(task.network(), **pieces, options=options | {"on_progress": _stop_after(6)}, **settings)
    network = task.network()
    history = task.train(network, **pieces, options=options, **settings)
    assert (task.bits(network), history.stopped) == expected


SCRIPT = """
import sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from conftest import Task
from test_resumption import SETTINGS
def on_progress(progress):
    print(progress.step, flush=True)
    if progress.step == 14:
        time.sleep({sleep})
options = dict(evaluate=Task.evaluate, checkpoint=Path(sys.argv[1]), on_progress=on_progress)
Task.train(Task.network(), options=options, **SETTINGS)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_is_killed_resumes(task, tmp_path: Path, number: int) -> None:
    whole = task.network()
    expected = _outcome(task, whole, task.train(whole, options={"evaluate": task.evaluate}, **SETTINGS))
    folder = tmp_path / "checkpoint"
    sleep = 60 if number == signal.SIGKILL else 0.5
    script = SCRIPT.format(here=str(Path(__file__).parent), sleep=sleep)
    with subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) == 14:
                process.send_signal(number)
        process.wait()
    assert process.returncode == -number
    network, steps = task.network(), []
    options = {"evaluate": task.evaluate, "checkpoint": folder, "on_progress": lambda p: steps.append(p.step)}
    assert _outcome(task, network, task.train(network, options=options, **SETTINGS)) == expected
    assert steps[0] == (13 if number == signal.SIGKILL else 15)


def test_a_checkpoint_of_another_run_is_refused(task, tmp_path: Path) -> None:
    options = {"checkpoint": tmp_path}
    task.train(task.network(), options=options, steps=4)
    with pytest.raises(ModelError, match=r"learning_rate=0\.003, but this one has learning_rate=0\.1"):
        task.train(task.network(), options=options, steps=4, learning_rate=0.1)
    with pytest.raises(ModelError, match="carry"):
        task.train(task.network(), options=options | {"carry": True}, steps=4)
    with pytest.raises(ModelError, match="other data"):
        task.train(task.network(), batches=lambda n: task.batches(n + 1), options=options, steps=4)
    other = task.network()
    other.out = torch.nn.Linear(6, 1, bias=False)
    with pytest.raises(ModelError, match="another network"):
        task.train(other, options=options, steps=4)
    task.train(task.network(), options=options, steps=4, checkpoint_every=1)


def test_nothing_is_pickled(task, tmp_path: Path) -> None:
    task.train(task.network(), options={"checkpoint": tmp_path, "evaluate": task.evaluate}, **SETTINGS)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".safetensors"]


def test_identity_tells_batches_apart() -> None:
    a, b = torch.ones(2, 3), torch.ones(3, 2)
    batches = [a, b, (a, b), {"a": a}, {"b": a}, a.double(), a.bool(), a[0, 0], a[:0], b[:0]]
    assert len({resumption.identity_of(x) for x in batches}) == len(batches)
    assert resumption.identity_of((a, b)) == resumption.identity_of([a.clone(), b.clone()])


@pytest.mark.parametrize("dtype", [torch.int64, torch.int16, torch.uint8, torch.bool, torch.bfloat16, torch.complex64])
def test_identity_is_of_the_values_however_they_lie_in_memory(dtype: torch.dtype) -> None:
    whole = torch.arange(24).reshape(4, 6).to(dtype)
    parts = [
        whole[:1, 2], whole[1:2, 2:3], whole[:1, ::3], whole[::3], whole.T, whole[:, :0], whole[:0], whole[1, 2],
        whole.T[2:3], whole[None, :1, 5:], whole[:1].expand(3, 6), whole.as_strided((1,), (7,), 3),
    ]  # fmt: skip
    for part in parts:
        plain = torch.tensor(part.tolist(), dtype=dtype).reshape(part.shape)
        assert resumption.identity_of(part) == resumption.identity_of(plain)
    turned = torch.tensor([1 + 2j]).conj()
    assert resumption.identity_of(turned) == resumption.identity_of(torch.tensor([1 - 2j]))


def test_the_record_stays_on_the_cpu() -> None:
    tensors = {"weights": torch.zeros(3), "losses": torch.zeros(2, dtype=torch.float64), "state.0": torch.zeros(1)}
    tensors |= {"best_value": torch.tensor(1.0, dtype=torch.float64)}
    placed = resumption._placed(tensors, torch.device("meta"))
    assert {name: t.device.type for name, t in placed.items()} == {
        "weights": "meta", "losses": "cpu", "state.0": "meta", "best_value": "cpu",
    }  # fmt: skip


def test_nothing_that_goes_to_the_device_is_of_float64(task, tmp_path: Path) -> None:
    from foretell.training import checkpoint

    task.train(task.network(), options={"checkpoint": tmp_path, "evaluate": task.evaluate}, **SETTINGS)
    tensors, _ = checkpoint.read(tmp_path)
    moved = resumption._placed(tensors, torch.device("meta"))
    assert {t.dtype for t in moved.values() if t.device.type == "meta"}.isdisjoint({torch.float64})


def test_what_else_tells_the_data_apart(task, tmp_path: Path) -> None:
    options = {"checkpoint": tmp_path, "identity": [["a", 3], ["b", 4]]}
    task.train(task.network(), options=options, steps=4)
    task.train(task.network(), options=options, steps=4)
    for other in ([["a", 3], ["b", 5]], [["a", 3], ["c", 4]], None):
        with pytest.raises(ModelError, match="other data"):
            task.train(task.network(), options=options | {"identity": other}, steps=4)
