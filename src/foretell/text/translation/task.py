"""Training and evaluation of a translator: batches of pairs of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foretell.errors import TextError
from foretell.text.batches import ByLength, padded
from foretell.text.translation.loss import token_loss
from foretell.text.translation.network import TranslationNetwork
from foretell.text.translation.pairs import Pairs
from foretell.text.translation.settings import TranslatorSettings
from foretell.text.vocabulary import END, START, Vocabulary

_JUDGED_AT_ONCE = 64
Row = tuple[list[int], list[int]]
"""The tokens of a source and of its translation, without START and END."""


@dataclass(frozen=True)
class Vocabularies:
    """The tokens of both languages."""

    source: Vocabulary
    target: Vocabulary

    @classmethod
    def learn(cls, pairs: Pairs, size: int) -> Vocabularies:
        """Those that fit the pairs, of at most `size` tokens each."""
        return cls(Vocabulary.learn(pairs.sources, size), Vocabulary.learn(pairs.targets, size))

    def rows(self, pairs: Pairs, longest: int) -> list[Row]:
        """The tokens of the pairs, without those pairs that have more than `longest` on a side."""
        both = zip(self.source.encode(pairs.sources), self.target.encode(pairs.targets), strict=True)
        return [(source, target) for source, target in both if max(len(source), len(target)) <= longest]


class TrainingTask:
    """Batches of pairs of about one length, and the loss on them."""

    def __init__(self, rows: Sequence[Row], settings: TranslatorSettings) -> None:
        """Raises `TextError` where there are no rows."""
        if not rows:
            raise TextError(
                f"every pair has more than {settings.longest} tokens on a side: give one sentence per line, or a "
                "larger longest (--longest)"
            )
        self._rows = rows
        self._settings = settings
        lengths = [len(source) + len(target) for source, target in rows]
        self._order = ByLength(lengths, settings.batch_size, settings.training.seed)
        self.tokens_per_step = (
            sum(len(target) + 1 for _, target in rows) / len(rows) * min(settings.batch_size, len(rows))
        )
        """Target tokens of a batch, END among them, on average."""

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches of all pairs."""
        return self._order.batches_an_epoch

    def batch(self, number: int) -> dict[str, Tensor]:
        """Batch `number`, as `as_batch` makes it."""
        return as_batch([self._rows[k] for k in self._order.rows(number).tolist()])

    def loss(self, network: TranslationNetwork, batch: dict[str, Tensor], _: object) -> tuple[Tensor, object]:
        """The mean smoothed cross-entropy of a token, in nats."""
        return batch_loss(network, batch, self._settings.label_smoothing), None


def as_batch(rows: Sequence[Row]) -> dict[str, Tensor]:
    """Sources `(B, S)`, what is fed `(B, T)`, their lengths; the tokens due `(N,)` and their places in `(B * T)`."""
    source, source_lengths = padded([source for source, _ in rows])
    fed, lengths = padded([[START, *target] for _, target in rows])
    valid = torch.arange(fed.shape[1]) < lengths[:, None]
    return {
        "source": source,
        "source_lengths": source_lengths,
        "fed": fed,
        "fed_lengths": lengths,
        "at": valid.flatten().nonzero()[:, 0],
        "due": torch.from_numpy(np.concatenate([[*target, END] for _, target in rows])),
    }


def batch_loss(network: TranslationNetwork, batch: dict[str, Tensor], smoothing: float) -> Tensor:
    """The mean cross-entropy of the tokens due, each given the source and all before it, in nats."""
    features = network(batch["source"], batch["fed"], batch["source_lengths"], batch["fed_lengths"])
    real = features.flatten(0, 1).index_select(0, batch["at"])
    return token_loss(real, network.table, network.bias, batch["due"], smoothing)


@torch.no_grad()
def evaluate(network: TranslationNetwork, rows: Sequence[Row]) -> float:
    """Nats a token of the translations of all rows, END among them, by the network in evaluation mode."""
    device = network.bias.device
    ordered = sorted(rows, key=lambda row: len(row[0]) + len(row[1]))
    total = count = 0.0
    for first in range(0, len(ordered), _JUDGED_AT_ONCE):
        batch = {name: t.to(device) for name, t in as_batch(ordered[first : first + _JUDGED_AT_ONCE]).items()}
        tokens = len(batch["due"])
        total += tokens * float(batch_loss(network, batch, 0.0))
        count += tokens
    return total / count
