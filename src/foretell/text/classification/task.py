"""Training batches of a classifier, of texts of similar length, and its predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from foretell.errors import OutputsError
from foretell.text.batches import ByLength, padded
from foretell.text.classification.network import ClassifierNetwork
from foretell.text.classification.reading import ReadTexts
from foretell.text.classification.settings import ClassifierSettings

_TOKENS_AT_ONCE = 1 << 13


class TrainingTask:
    """Batches of texts with their class numbers `(N,)`, and the loss on them."""

    def __init__(self, texts: ReadTexts, labels: NDArray[np.int64], settings: ClassifierSettings) -> None:
        self._texts = texts
        self._labels = torch.from_numpy(labels)
        self._smoothing = settings.label_smoothing
        lengths = [len(row) for row in texts.rows]
        self._batches = ByLength(lengths, settings.batch_size, settings.training.seed)

    def batch(self, number: int) -> dict[str, Tensor]:
        """Batch `number`."""
        rows = self._batches.rows(number)
        return {**_as_batch(self._texts, rows), "labels": self._labels[rows]}

    def loss(self, network: nn.Module, batch: dict[str, Tensor], state: object) -> tuple[Tensor, object]:
        """The cross-entropy in nats per text, the mean over the members."""
        scores = network(batch["tokens"], batch["lengths"], batch["evidence"])
        labels = batch["labels"].expand(len(scores), -1)
        return cross_entropy(scores.flatten(0, 1), labels.flatten(), label_smoothing=self._smoothing), state


def probabilities(
    network: ClassifierNetwork, texts: ReadTexts, on_progress: Callable[[float], None] | None = None
) -> NDArray[np.float32]:
    """The probability of each class, `(N, C)`, by the network in evaluation mode; texts of one length go together.

    `on_progress` is told the share of the tokens that is done. Raises `OutputsError` where one is no number.
    """
    device = next(network.parameters()).device
    lengths = np.array([len(row) for row in texts.rows], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    found = np.zeros((len(texts), texts.evidence.shape[2]), dtype=np.float32)
    done, all_tokens = 0, int(lengths.sum()) + len(lengths)
    with torch.no_grad():
        while len(order):
            # As many of one length, nearly, as fit: the longest first.
            count = max(1, _TOKENS_AT_ONCE // max(int(lengths[order[-1]]), 1))
            rows, order = order[-count:], order[:-count]
            batch: dict[str, Any] = {name: part.to(device) for name, part in _as_batch(texts, rows).items()}
            found[rows] = network.probabilities(**batch).float().cpu().numpy()
            done += int(lengths[rows].sum()) + len(rows)
            if on_progress is not None:
                on_progress(done / all_tokens)
    if not np.isfinite(found).all():
        raise OutputsError
    return found


def _as_batch(texts: ReadTexts, rows: NDArray[np.int64]) -> dict[str, Tensor]:
    tokens, lengths = padded([texts.rows[row] for row in rows])
    return {"tokens": tokens, "lengths": lengths, "evidence": torch.from_numpy(texts.evidence[rows])}
