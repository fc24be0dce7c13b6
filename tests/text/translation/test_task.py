from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from foretell.errors import TextError
from foretell.text.translation.network import TranslationNetwork
from foretell.text.translation.pairs import Pairs
from foretell.text.translation.settings import TranslatorSettings
from foretell.text.translation.task import TrainingTask, Vocabularies, as_batch, batch_loss, evaluate
from foretell.text.vocabulary import END, PAD, START

ROWS = [([5, 6, 7], [8, 9]), ([4], [5, 6, 7, 8]), ([10, 11], [4])]


def test_a_batch() -> None:
    batch = as_batch(ROWS)
    assert batch["source"].tolist() == [[5, 6, 7], [4, PAD, PAD], [10, 11, PAD]]
    assert batch["source_lengths"].tolist() == [3, 1, 2]
    assert batch["fed"].tolist() == [[START, 8, 9, PAD, PAD], [START, 5, 6, 7, 8], [START, 4, PAD, PAD, PAD]]
    assert batch["fed_lengths"].tolist() == [3, 5, 2]
    assert batch["due"].tolist() == [8, 9, END, 5, 6, 7, 8, END, 4, END]
    assert batch["at"].tolist() == [0, 1, 2, 5, 6, 7, 8, 9, 10, 11]


@torch.no_grad()
def test_evaluation_does_not_depend_on_company(
    tiny: Callable[..., TranslatorSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    network = TranslationNetwork(tiny(), 20, 15).eval()
    together = evaluate(network, ROWS)
    assert together == pytest.approx(float(batch_loss(network, as_batch(ROWS), 0.0)), rel=1e-5)
    alone = [(evaluate(network, [row]), len(row[1]) + 1) for row in ROWS]
    assert together == pytest.approx(sum(loss * n for loss, n in alone) / 10, rel=1e-5)
    monkeypatch.setattr("foretell.text.translation.task._JUDGED_AT_ONCE", 2)
    assert evaluate(network, ROWS) == pytest.approx(together, rel=1e-5)


def test_each_pair_comes_once_an_epoch(pairs: Pairs, tiny: Callable[..., TranslatorSettings]) -> None:
    rows = Vocabularies.learn(pairs, 300).rows(pairs, 24)
    task = TrainingTask(rows, tiny(batch_size=10))
    seen = [tuple(row) for n in range(10) for row in task.batch(n)["source"].tolist()]
    assert len(seen) == 100
    assert len({tuple(t for t in row if t != PAD) for row in seen}) == len({tuple(source) for source, _ in rows})
    assert all(torch.equal(a, b) for a, b in zip(task.batch(3).values(), task.batch(3).values(), strict=True))
    assert task.tokens_per_step == pytest.approx(sum(len(target) + 1 for _, target in rows) / 10)


def test_long_pairs_are_left_out(pairs: Pairs, tiny: Callable[..., TranslatorSettings]) -> None:
    vocabularies = Vocabularies.learn(pairs, 300)
    long = Pairs((*pairs.sources, "one " * 10_000, "two"), (*pairs.targets, "un", "deux " * 10_000))
    assert vocabularies.rows(long, 24) == vocabularies.rows(pairs, 24)
    with pytest.raises(TextError, match=r"every pair has more than 24 tokens .*--longest"):
        TrainingTask([], tiny())
