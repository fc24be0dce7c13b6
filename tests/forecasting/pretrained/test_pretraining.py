"""Pretraining: killed and gone on with, and longer in a later call, to the same weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from foretell.forecasting.pretrained import curriculum, pretraining
from foretell.forecasting.pretrained.curriculum import Kind
from foretell.forecasting.pretrained.pretraining import pretrain
from foretell.forecasting.pretrained.shipped import Sizes, load

TINY = Sizes(hidden=6, layers=1, head=5, phase=3)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curriculum, "KINDS", (Kind(1, 0, 40, 30, 0.6), Kind(4, 0, 48, 36, 0.4)))
    monkeypatch.setattr(curriculum, "_TOKENS", 300)
    monkeypatch.setattr(curriculum, "_BLOCK", 10)


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, steps: int, falling: float = 0.0, seed: int = 0) -> dict:
    """The weights after `steps` at a constant rate, and as many at a falling one."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr(pretraining, "NO_BOUND", steps)
    pretrain(folder, minutes=60, falling=falling, sizes=TINY, seed=seed)
    return load_file(folder / "weights.safetensors")


def same(one: dict, two: dict) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_weights_and_curve_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "a", monkeypatch, 3, falling=60)
    assert load(tmp_path / "a" / "weights.safetensors").sizes == TINY
    curve = json.loads((tmp_path / "a" / "curve.json").read_text())
    assert [part["steps"] for part in curve] == [3, 3]
    for part in curve:
        assert part["held_out"][-1][0] == 3
        assert part["held_out"][-1][1] > 0


def test_one_seed_gives_one_result_and_the_caller_keeps_his_random_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = torch.random.get_rng_state()
    first = run(tmp_path / "a", monkeypatch, 3)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert same(first, run(tmp_path / "b", monkeypatch, 3))
    assert not same(first, run(tmp_path / "c", monkeypatch, 3, seed=1))


def test_a_falling_stretch_changes_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constant = run(tmp_path / "a", monkeypatch, 3)
    assert not same(constant, run(tmp_path / "b", monkeypatch, 3, falling=60))


def test_killed_it_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = run(tmp_path / "straight", monkeypatch, 5)

    def kill(progress) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pretraining, "_say", kill)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "killed", monkeypatch, 5)
    assert not (tmp_path / "killed" / "weights.safetensors").exists()
    seen = []
    monkeypatch.setattr(pretraining, "_say", lambda progress: seen.append(progress.step))
    assert same(run(tmp_path / "killed", monkeypatch, 5), straight)
    assert seen == [3, 4, 5]


def test_a_later_call_goes_on_for_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = run(tmp_path / "straight", monkeypatch, 6)
    short = run(tmp_path / "twice", monkeypatch, 3)
    seen = []
    monkeypatch.setattr(pretraining, "_say", lambda progress: seen.append(progress.step))
    longer = run(tmp_path / "twice", monkeypatch, 6)
    assert seen == [4, 5, 6]
    assert not same(short, longer)
    assert same(longer, straight)


def test_a_falling_stretch_does_not_disturb_what_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = run(tmp_path / "straight", monkeypatch, 6)
    run(tmp_path / "twice", monkeypatch, 3, falling=60)
    assert same(run(tmp_path / "twice", monkeypatch, 6), straight)


def test_it_begins_with_the_weights_of_an_earlier_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run(tmp_path / "before", monkeypatch, 3)
    begun = {}

    def first(network: torch.nn.Module, *_: object, **__: object) -> None:
        begun.update({name: tensor.clone() for name, tensor in network.state_dict().items()})
        assert all(weight.requires_grad for weight in network.parameters())
        raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "train", first)
    start = tmp_path / "before" / "weights.safetensors"
    with pytest.raises(KeyboardInterrupt):  # other sizes and another seed, which do not count
        pretrain(tmp_path / "after", minutes=1, falling=0, sizes=Sizes(), seed=5, start=start)
    assert same(begun, before)


def test_the_command_reads_its_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = {}
    monkeypatch.setattr(pretraining, "pretrain", lambda folder, **options: called.update(options, folder=folder))
    arguments = [
        "pretraining",
        str(tmp_path / "new"),
        "--minutes",
        "7",
        "--falling",
        "2",
        "--hidden",
        "8",
        "--seed",
        "4",
        "--start",
        "before.safetensors",
        "--rate",
        "0.002",
        "--precision",
        "bf16-mixed",
    ]
    monkeypatch.setattr("sys.argv", arguments)
    pretraining.main()
    assert called == {
        "folder": tmp_path / "new", "minutes": 7, "falling": 2, "sizes": Sizes(hidden=8), "seed": 4,
        "start": Path("before.safetensors"), "rate": 0.002, "precision": "bf16-mixed",
    }  # fmt: skip
    assert (tmp_path / "new").is_dir()
