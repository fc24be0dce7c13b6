from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from foretell.nn.decoding import generate
from foretell.nn.decoding.compiled import Options
from foretell.text.translation.network import TranslationNetwork
from foretell.text.translation.settings import TranslatorSettings
from foretell.text.vocabulary import END, START

SOURCE = torch.tensor([[5, 6, 7, 8], [9, 10, 0, 0]])
FED = torch.tensor([[START, 4, 5], [START, 6, 0]])
LENGTHS = torch.tensor([4, 2]), torch.tensor([3, 2])


@pytest.fixture(params=["gru", "lstm"])
def network(request: pytest.FixtureRequest, tiny: Callable[..., TranslatorSettings]) -> TranslationNetwork:
    torch.manual_seed(0)
    return TranslationNetwork(tiny(cell=request.param, layers=2), 20, 15).eval()


@torch.no_grad()
def test_padding_changes_nothing(network: TranslationNetwork) -> None:
    together = network(SOURCE, FED, *LENGTHS)
    for row, (source, fed) in enumerate(zip(*LENGTHS, strict=True)):
        alone = network(SOURCE[row : row + 1, :source], FED[row : row + 1, :fed], None, None)
        torch.testing.assert_close(together[row : row + 1, :fed], alone)


@torch.no_grad()
def test_a_step_gives_the_scores_of_the_features(network: TranslationNetwork) -> None:
    scores = F.linear(network(SOURCE, FED, *LENGTHS), network.table, network.bias)
    state = network.encode(SOURCE, LENGTHS[0])
    for t in range(2):
        found, state = network.step(FED[:, t], state)
        torch.testing.assert_close(found, scores[:, t])
        if t == 0:
            state = network.select(state, torch.tensor([[0], [1]]))


@pytest.mark.parametrize("beam", [1, 3])
@torch.no_grad()
def test_compiled_decoding_gives_the_same_tokens(network: TranslationNetwork, beam: int) -> None:
    state = network.encode(SOURCE, LENGTHS[0])
    start = torch.full((2,), START)
    assert network.compiled(state, 2, Options(width=beam)) is not None
    found = [generate(network, state, start, max_steps=12, end=END, beam_size=beam)]
    network.compiled = lambda *_: None  # type: ignore[assignment, method-assign]
    found.append(generate(network, state, start, max_steps=12, end=END, beam_size=beam))
    (tokens, lengths), (expected, expected_lengths) = found
    assert lengths.tolist() == expected_lengths.tolist()
    assert tokens.tolist() == expected.tolist()


@pytest.mark.parametrize("attention", ["general", "dot", "additive"])
def test_the_target_embedding_is_there_once(attention: str, tiny: Callable[..., TranslatorSettings]) -> None:
    network = TranslationNetwork(tiny(attention=attention), 20, 15)
    shapes = [tuple(p.shape) for p in network.parameters()]
    assert shapes.count((15, 16)) == 1
    assert network.table.shape == (15, 16)
