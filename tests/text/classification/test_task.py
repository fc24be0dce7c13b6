from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from foretell.text.classification.network import ClassifierNetwork
from foretell.text.classification.reading import ReadTexts
from foretell.text.classification.settings import ClassifierSettings
from foretell.text.classification.task import TrainingTask, probabilities


def some_texts(count: int, seed: int = 0) -> ReadTexts:
    random = np.random.default_rng(seed)
    rows = [random.integers(4, 20, random.integers(0, 30)).astype(np.int32) for _ in range(count)]
    return ReadTexts(rows, random.normal(size=(count, 2, 3)).astype(np.float32), 0)


def test_a_batch_is_a_function_of_its_number(tiny: Callable[..., ClassifierSettings]) -> None:
    texts, labels = some_texts(50), np.arange(50) % 3
    one, two = (TrainingTask(texts, labels, tiny(batch_size=8)) for _ in range(2))
    for name in ("tokens", "lengths", "evidence", "labels"):
        assert torch.equal(one.batch(7)[name], two.batch(7)[name])
    assert not torch.equal(one.batch(7)["evidence"], one.batch(8)["evidence"])
    batch = one.batch(3)
    assert batch["labels"].shape == (8,)
    at = [int(np.flatnonzero((texts.evidence == row.numpy()).all((1, 2)))[0]) for row in batch["evidence"]]
    assert batch["labels"].tolist() == labels[at].tolist()
    assert batch["lengths"].tolist() == [len(texts.rows[k]) for k in at]


def test_the_loss_is_the_members_mean_cross_entropy(tiny: Callable[..., ClassifierSettings]) -> None:
    texts, labels = some_texts(16), np.arange(16) % 3
    torch.manual_seed(0)
    network = ClassifierNetwork(tiny(), 20, 3, 2).eval()
    task = TrainingTask(texts, labels, tiny())
    batch = task.batch(0)
    with torch.no_grad():
        loss, state = task.loss(network, batch, None)
        scores = network(batch["tokens"], batch["lengths"], batch["evidence"]).log_softmax(-1)
    rows = torch.arange(16)
    expected = -torch.stack([member[rows, batch["labels"]].mean() for member in scores]).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert state is None


def test_probabilities_come_back_in_order(
    tiny: Callable[..., ClassifierSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    network = ClassifierNetwork(tiny(), 20, 3, 2).eval()
    texts = some_texts(40)
    whole = probabilities(network, texts)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole.sum(1), 1, rtol=1e-5)
    shares: list[float] = []
    monkeypatch.setattr("foretell.text.classification.task._TOKENS_AT_ONCE", 40)
    parts = probabilities(network, texts, shares.append)
    np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-6)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 5
    assert probabilities(network, some_texts(0)).shape == (0, 3)
