from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from foretell.errors import SettingsError, TrainingError
from foretell.text import DynamicSettings, LanguageModel, LanguageSettings
from foretell.text.language_model.dynamic import evaluate_dynamically
from foretell.text.language_model.network import build
from foretell.text.language_model.task import evaluate


@pytest.fixture
def network(tiny: Callable[..., LanguageSettings]) -> Any:
    torch.manual_seed(0)
    return build(tiny(), 9).eval()


@pytest.fixture
def habit() -> Any:
    """A text in which each number says which one comes next."""
    return np.tile(np.array([1, 5, 2, 7, 3, 8], dtype=np.int32), 200)


def test_what_has_a_habit_is_foreseen_better_and_better(network: Any, habit: Any) -> None:
    fast = DynamicSettings(learning_rate=2e-2, stretch=16)
    first = evaluate_dynamically(network, habit[:100], fast)
    whole = evaluate_dynamically(network, habit, fast)
    assert whole.bits < 0.6 * first.bits
    assert whole.bits < 0.5 * evaluate(network, habit).bits
    assert whole.accuracy > 0.7
    assert (whole.characters, whole.unknown) == (1200, 0)


@pytest.mark.parametrize("count", [1, 63, 64])
def test_nothing_is_learned_from_before_it_is_foreseen(count: int, network: Any, habit: Any) -> None:
    found = evaluate_dynamically(network, habit[:count], DynamicSettings(learning_rate=1.0, stretch=64))
    plain = evaluate(network, habit[:count])
    assert found.bits == pytest.approx(plain.bits, rel=1e-6)
    assert found.accuracy == plain.accuracy


def test_without_learning_it_is_one_pass(network: Any) -> None:
    numbers = np.random.default_rng(0).integers(0, 9, 500).astype(np.int32)
    found = evaluate_dynamically(network, numbers, DynamicSettings(learning_rate=1e-20, forgetting=0.5, stretch=7))
    plain = evaluate(network, numbers)
    assert found.bits == pytest.approx(plain.bits, rel=1e-6)
    assert found.unknown == plain.unknown == (numbers == 0).sum()


def test_what_is_forgotten_at_once_is_not_learned(network: Any, habit: Any) -> None:
    keeping, forgetting = (
        evaluate_dynamically(network, habit, DynamicSettings(forgetting=share)).bits for share in (0.0, 0.9)
    )
    assert keeping < forgetting < evaluate(network, habit).bits


def test_the_unknown_is_not_learned(network: Any, habit: Any) -> None:
    fast = DynamicSettings(learning_rate=2e-2, stretch=16)
    unknown = np.zeros(400, dtype=np.int32)
    assert evaluate_dynamically(network, unknown, fast).bits == pytest.approx(evaluate(network, unknown).bits, rel=1e-6)
    sprinkled = habit.copy()
    sprinkled[::5] = 0
    learned = evaluate_dynamically(network, sprinkled, fast)
    assert learned.bits > 1, "what is unknown costs more and more, the better the rest is foreseen"
    assert learned.accuracy <= 0.8
    assert learned.unknown == 240


def test_learning_that_diverges_is_an_error(network: Any, habit: Any) -> None:
    with torch.no_grad():
        network.head.bias[3] = float("inf")
    with pytest.raises(TrainingError, match="diverged by character 0 of the text"):
        evaluate_dynamically(network, habit, DynamicSettings())


def test_the_network_stays_what_it_was(network: Any, habit: Any) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    shares: list[float] = []
    once = evaluate_dynamically(network, habit[:200], DynamicSettings(), shares.append)
    assert once == evaluate_dynamically(network, habit[:200], DynamicSettings())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())
    assert shares == [64 / 200, 128 / 200, 192 / 200, 1.0]


def test_a_model_is_asked_for_it(tiny: Callable[..., LanguageSettings]) -> None:
    model = LanguageModel(tiny()).train("one two three " * 50)
    text = "two three one " * 50
    assert model.evaluate(text, dynamic=DynamicSettings()).bits < model.evaluate(text).bits


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"forgetting": 1.0}, "forgetting is 1.0"),
        ({"stretch": 0}, "stretch is 0"),
        ({"stretch": 64.5}, "stretch is 64.5: it must be a whole number"),
    ],
)
def test_settings_that_make_no_sense(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        DynamicSettings(**given)
