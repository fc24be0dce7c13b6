from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from foretell.text.classification.network import ClassifierNetwork
from foretell.text.classification.settings import ClassifierSettings
from foretell.text.vocabulary import UNKNOWN


def network_of(settings: ClassifierSettings, classes: int = 3) -> Any:
    torch.manual_seed(0)
    return ClassifierNetwork(settings, 20, classes, 2 if settings.counted else 0).eval()


@pytest.mark.parametrize(
    "more", [{}, {"cell": "lstm"}, {"pooling": "mean"}, {"pooling": "last"}, {"layers": 2}, {"counted": 0}]
)
def test_a_batch_is_its_rows_one_by_one(more: Any, tiny: Callable[..., ClassifierSettings]) -> None:
    network = network_of(tiny(**more))
    tokens, lengths = torch.randint(4, 20, (5, 9)), torch.tensor([9, 3, 1, 0, 6])
    evidence = torch.randn(5, 2 if network.trust is not None else 0, 3)
    with torch.no_grad():
        together = network.probabilities(tokens, lengths, evidence)
        for k, length in enumerate(lengths.tolist()):
            alone = network.probabilities(tokens[k : k + 1, : max(length, 1)], lengths[k : k + 1], evidence[k : k + 1])
            torch.testing.assert_close(alone[0], together[k], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(together.sum(1), torch.ones(5))


def test_members_are_different_and_averaged(tiny: Callable[..., ClassifierSettings]) -> None:
    network = network_of(tiny(members=3))
    tokens, lengths, evidence = torch.randint(4, 20, (4, 6)), torch.full((4,), 6), torch.zeros(4, 2, 3)
    with torch.no_grad():
        scores = network(tokens, lengths, evidence)
        assert scores.shape == (3, 4, 3)
        assert not torch.allclose(scores[0], scores[1])
        expected = scores.softmax(-1).mean(0)
        assert torch.equal(network.probabilities(tokens, lengths, evidence), expected)


def test_evidence_counts_as_far_as_it_is_trusted(tiny: Callable[..., ClassifierSettings]) -> None:
    network = network_of(tiny(members=2))
    tokens, lengths = torch.randint(4, 20, (1, 6)), torch.tensor([6])
    with torch.no_grad():
        network.trust.copy_(torch.tensor([[2.0, 1.0], [0.0, 0.0]]))
        without = network(tokens, lengths, torch.zeros(1, 2, 3))
        with_it = network(tokens, lengths, torch.tensor([[[1.0, 0.0, -1.0], [0.0, 0.5, 0.0]]]))
    torch.testing.assert_close((with_it - without)[:, 0], torch.tensor([[2.0, 0.5, -2.0], [0.0, 0.0, 0.0]]))


def test_rare_words_and_hidden_ones_are_unknown(tiny: Callable[..., ClassifierSettings]) -> None:
    network = network_of(tiny(word_dropout=0.5, input_dropout=0.0, output_dropout=0.0, members=1))
    lengths, evidence = torch.tensor([4]), torch.zeros(1, 2, 3)
    rare, unknown = torch.tensor([[5, 20, 900, 7]]), torch.tensor([[5, UNKNOWN, UNKNOWN, 7]])
    with torch.no_grad():
        assert torch.equal(network(rare, lengths, evidence), network(unknown, lengths, evidence))
        network.train()
        hidden = {tuple(network(unknown, lengths, evidence).flatten().tolist()) for _ in range(40)}
    assert 2 <= len(hidden) <= 4  # either of the two known words, or both, or none


def test_dropout_of_every_kind_is_off_in_evaluation(tiny: Callable[..., ClassifierSettings]) -> None:
    network = network_of(tiny(recurrent_dropout=0.3, layers=2))
    tokens, lengths, evidence = torch.randint(4, 20, (4, 6)), torch.full((4,), 6), torch.zeros(4, 2, 3)
    assert torch.equal(network(tokens, lengths, evidence), network(tokens, lengths, evidence))
    network.train()
    assert not torch.equal(network(tokens, lengths, evidence), network(tokens, lengths, evidence))
