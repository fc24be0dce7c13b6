"""The examples run as they stand, and learn what they say they learn."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports an example by name, as `python examples/NAME.py` finds it and what it imports."""
    monkeypatch.syspath_prepend(EXAMPLES)

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


def test_sequence_to_sequence_foresees_better_than_the_last_value(example, capsys):
    error, naive = example("sequence_to_sequence").main(steps=150)
    assert error < 0.006
    assert naive > 0.015
    assert f"mean squared error {error:.4f}" in capsys.readouterr().out


def test_sequence_to_vector_judges_by_the_last_clause(example, capsys):
    assert example("sequence_to_vector").main(steps=120) > 0.95
    assert "of 1,000 reviews judged right" in capsys.readouterr().out


def test_vector_to_sequence_captions_unseen_pictures(example, capsys):
    assert example("vector_to_sequence").main(steps=200) > 0.9
    assert "the first: a " in capsys.readouterr().out


def test_encoder_decoder_translates_unseen_dates(example, capsys):
    assert example("encoder_decoder").main(steps=130) > 0.8
    assert " is 19" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("group", "line", "least", "most"),
    [
        ("INITIALISATIONS", "orthogonal x 2", 1e5, np.inf),
        ("INITIALISATIONS", "orthogonal", 1e-5, 1e-2),
        ("INITIALISATIONS", "orthogonal x 0.5", 0, 1e-20),
        ("ACTIVATIONS", "relu, orthogonal x 1.5", 1e6, np.inf),
        ("ACTIVATIONS", "relu, identity", 0.3, 1),
        ("CELLS", "GRU", 0, 1e-8),
        ("CELLS", "GRU, chrono", 0.2, 1),
        ("CELLS", "LSTM, chrono", 0.05, 1),
    ],
)
def test_gradients_vanish_explode_or_last(example, group, line, least, most):
    experiments = example("gradient_experiments")
    shares = experiments.gradient_through_time(getattr(experiments, group)[line], 100)
    assert shares.shape == (100,)
    assert shares[0] == 1
    assert least <= shares[-1] <= most


def test_a_clipped_gradient_learns_where_a_free_one_does_not(example):
    experiments = example("gradient_experiments")
    from foretell.training import TrainingSettings

    settings: dict[str, Any] = {"steps": 120, "learning_rate": 3e-3, "schedule": "constant"}
    free = experiments.train_adding(experiments.RELU_IDENTITY, 60, TrainingSettings(clip_norm=None, **settings))
    clipped = experiments.train_adding(experiments.RELU_IDENTITY, 60, TrainingSettings(**settings))
    assert free.gradient_norms.max() > 1e3
    assert np.mean(clipped.losses[-30:]) < 1 / 6 < np.mean(free.losses[-30:])


def test_memory_tasks(example):
    tasks = example("memory_tasks")
    torch.manual_seed(0)
    x, y = tasks.adding(50, 40)
    assert x.shape == (50, 40, 2)
    assert torch.equal(x[:, :, 1].sum(1), torch.full((50,), 2.0))
    assert not x[:, 20:, 1].any()
    torch.testing.assert_close((x[:, :, 0] * x[:, :, 1]).sum(1), y)
    fed, wanted = tasks.copying(50, 30)
    assert fed.shape == wanted.shape == (50, 50)
    assert torch.equal(fed[:, :10], wanted[:, -10:])
    assert torch.equal((fed == 9).sum(1), torch.full((50,), 11))
    assert not wanted[:, :-10].any()


def test_gradients_draws_its_picture(example, tmp_path, capsys):
    picture = tmp_path / "pictures" / "gradients.png"
    example("gradients").main(["--out", str(picture), "--steps", "3", "--shorter", "10"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    out = capsys.readouterr().out
    assert "The adding problem, T = 20" in out
    assert f"Drawn: {picture}" in out
