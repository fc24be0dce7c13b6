from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from foretell.text.language_model.network import build
from foretell.text.language_model.settings import CELLS, LanguageSettings


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_one_step_at_a_time_is_the_same_as_all_at_once(
    cell: str, layers: int, tiny: Callable[..., LanguageSettings]
) -> None:
    torch.manual_seed(0)
    network = build(tiny(cell=cell, layers=layers, dropout=0.3, recurrent_dropout=0.2), 9).eval()
    read = torch.randint(9, (2, 12))
    with torch.no_grad():
        whole, _ = network(read)
        state = None
        for t in range(12):
            scores, state = network.step(read[:, t], state)
            torch.testing.assert_close(scores, whole[:, t])


def test_dropout_acts_in_training_alone(tiny: Callable[..., LanguageSettings]) -> None:
    for name in ("dropout", "recurrent_dropout"):
        network = build(tiny(**{name: 0.5}), 9)
        read = torch.randint(9, (2, 12))
        assert not torch.equal(network(read)[0], network(read)[0])
        network.eval()
        assert torch.equal(network(read)[0], network(read)[0])
