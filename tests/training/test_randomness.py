from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from foretell.training.randomness import mix

numbers = st.integers(0, 2**40)


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_other_numbers_give_another_seed(a, b) -> None:
    assert 0 <= mix(*a) < 2**63
    assert (mix(*a) == mix(*b)) == (a == b)


def test_one_seed_gives_one_result_and_another_another(task) -> None:
    results = []
    for seed in (3, 3, 4):
        network = task.network()
        torch.randn(seed)
        history = task.train(network, steps=12, seed=seed)
        results.append((task.bits(network), history.losses.tolist()))
    assert results[0] == results[1]
    assert results[0][1] != results[2][1]


def test_the_callers_random_numbers_are_left_alone(task) -> None:
    torch.manual_seed(11)
    expected = torch.randn(4)
    torch.manual_seed(11)
    task.train(task.network(), options={"evaluate": task.evaluate}, steps=5)
    assert torch.equal(torch.randn(4), expected)
