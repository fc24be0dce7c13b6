"""Checkpoints that no run wrote, though their checksums fit: each is refused by a ModelError, or harmless."""

from __future__ import annotations

import copy
import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from foretell.errors import ForetellError, ModelError
from foretell.training import checkpoint

SETTINGS = {"steps": 8, "evaluate_every": 3, "checkpoint_every": 1, "average": 0.8, "truncate": 3, "patience": 2}
STRANGE: list[Any] = [
    None, True, False, -1, 0, 1, 2, 3, 7, 10**6, 2**63, 10**30, -(10**30), 1.5, 1e308, "", "x", "state.0", "\x1b[31m",
    [], [[]], [1], ["a", "b"], {}, {"dict": []}, {"tuple": [["0", "state"]]}, {"list": "x"}, {"a": 1, "b": 2},
]  # fmt: skip
TENSORS: list[Tensor] = [
    torch.tensor(1.0), torch.tensor([]), torch.zeros(3), torch.zeros(1, 1), torch.full((2, 4, 6), float("nan")),
    torch.zeros(5, dtype=torch.float64), torch.ones(2, dtype=torch.bool), torch.zeros(1, 4, 6, dtype=torch.int64),
]  # fmt: skip


class Killed(BaseException):
    pass


def _kill(progress: Any) -> None:
    if progress.step == 5:
        raise Killed


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Path]:
    """`written(task)`: a checkpoint after 4 steps, within a batch, with a state, an average and evaluations."""
    folder = tmp_path_factory.mktemp("run")

    def once(task: Any) -> Path:
        if not any(folder.iterdir()):
            with pytest.raises(Killed):
                task.train(task.network(), options=_options(task, folder) | {"on_progress": _kill}, **SETTINGS)
        return folder

    return once


def _options(task: Any, folder: Path) -> dict[str, Any]:
    return {"evaluate": task.evaluate, "checkpoint": folder}


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every value within a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (key,)
        yield from ((key, *rest) for rest in _places(part))


def _changed(facts: dict[str, Any], way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    facts = copy.deepcopy(facts)
    inner: Any = facts
    for key in way[:-1]:
        inner = inner[key]
    if value is KeyError:
        del inner[way[-1]]
    else:
        inner[way[-1]] = value
    return facts


def _mutations(tensors: dict[str, Tensor], facts: dict[str, Any]) -> Iterator[tuple[dict[str, Tensor], dict[str, Any]]]:
    for way, value in itertools.product(_places(facts), [KeyError, *STRANGE]):
        yield tensors, _changed(facts, way, value)
    for name in tensors:
        yield {other: t for other, t in tensors.items() if other != name}, facts
        for other in [
            *TENSORS,
            tensors[name].double(),
            tensors[name][None],
            -tensors[name],
            tensors[name] * float("nan"),
        ]:
            yield tensors | {name: other}, facts
    yield tensors | {"optimiser.more": torch.zeros(3)}, facts


def test_nothing_but_the_family_comes_of_them(task: Any, written: Callable[[Any], Path], tmp_path: Path) -> None:
    tensors, facts = checkpoint.read(written(task)) or ({}, {})
    mutations = list(_mutations(tensors, facts))
    assert len(mutations) > 1500
    said = []
    for number, (changed, claims) in enumerate(random.Random(0).sample(mutations, 250)):
        folder = tmp_path / str(number)
        checkpoint.write(folder, 4, changed, claims)
        network = task.network()
        try:
            task.train(network, options=_options(task, folder), **SETTINGS)
        except ModelError as error:
            said.append(str(error))
        assert all(bool(torch.isfinite(p).all()) for p in network.parameters())
        shutil.rmtree(folder)
    assert len(said) > 150
    assert all("delete the folder" in words and "\x1b" not in words for words in said)


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("steps",), 10**6),
        (("steps",), "4"),
        (("batch",), 4),
        (("chunk",), 3),
        (("seconds",), -1),
        (("seconds",), "x"),
        (("settings",), []),
        (("layout",), None),
        (("evaluated",), [[]]),
        (("evaluated",), [4]),
        (("best_step",), 2),
        (("state",), 3),
        (("state",), {"dict": [["a", {"tuple": []}], []]}),
        (("healthy",), 2**70),
        (("in_a_row",), True),
    ],
)
def test_a_fact_that_cannot_be(
    way: tuple[str, ...], value: Any, task: Any, written: Callable[[Any], Path], tmp_path: Path
) -> None:
    tensors, facts = checkpoint.read(written(task)) or ({}, {})
    checkpoint.write(tmp_path, 4, tensors, _changed(facts, way, value))
    with pytest.raises(ModelError, match="delete the folder"):
        task.train(task.network(), options=_options(task, tmp_path), **SETTINGS)


@pytest.mark.parametrize("name", ["weights", "last_good", "average", "best", "optimiser.exp_avg", "state", "losses"])
def test_a_tensor_that_would_spread_out(name: str, task: Any, written: Callable[[Any], Path], tmp_path: Path) -> None:
    tensors, facts = checkpoint.read(written(task)) or ({}, {})
    assert name in tensors
    checkpoint.write(tmp_path, 4, tensors | {name: torch.tensor(0.0)}, facts)
    with pytest.raises(ModelError, match="does not fit this run"):
        task.train(task.network(), options=_options(task, tmp_path), **SETTINGS)


@pytest.mark.parametrize("name", ["last_good_buffer.seen", "best_buffer.seen"])
def test_a_buffer_that_no_finite_step_can_have_left(name: str, task: Any, tmp_path: Path) -> None:
    """What the network itself holds is no damage: a mask, say, or a number that is still missing."""

    def network() -> Any:
        built = task.network()
        built.register_buffer("seen", torch.tensor([1.0, -torch.inf, torch.nan]))
        return built

    with pytest.raises(Killed):
        task.train(network(), options=_options(task, tmp_path) | {"on_progress": _kill}, **SETTINGS)
    tensors, facts = checkpoint.read(tmp_path) or ({}, {})
    sound, damaged = shutil.copytree(tmp_path, tmp_path / "sound"), tmp_path / "damaged"
    task.train(network(), options=_options(task, sound), **SETTINGS)
    checkpoint.write(damaged, 4, tensors | {name: torch.tensor([torch.nan, -torch.inf, torch.nan])}, facts)
    with pytest.raises(ModelError, match="its buffers are not numbers"):
        task.train(network(), options=_options(task, damaged), **SETTINGS)


def test_an_error_of_the_callers_own_is_not_the_checkpoints(
    task: Any, written: Callable[[Any], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(written(task), tmp_path / "copy")

    def loss(*_: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        task.train(task.network(), loss=loss, options=_options(task, folder), **SETTINGS)


def test_a_page_that_is_no_page(tmp_path: Path) -> None:
    for page in (
        None,
        3,
        [],
        {},
        "x",
        {"format": checkpoint.FORMAT},
        {"format": [], "version": {}, "sha256": 1, "body": 2},
    ):
        (tmp_path / checkpoint.FACTS).write_text(json.dumps(page))
        with pytest.raises(ForetellError, match="delete the folder"):
            checkpoint.read(tmp_path)
