"""The translator's network with torch.nn.GRU in the place of foretell's, and the time of a training step of each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from foretell.nn import GRU
from foretell.text.translation.network import TranslationNetwork
from foretell.text.translation.pairs import Pairs
from foretell.text.translation.settings import TranslatorSettings
from foretell.text.translation.task import TrainingTask, Vocabularies
from foretell.training import train

ROUNDS = 3


class TorchGRU(GRU):
    """foretell's layer, its weights and its arguments, computed by torch.nn.GRU."""

    def forward(self, input: Tensor, hx: Any = None, *, lengths: Tensor | None = None) -> tuple[Any, Any]:  # noqa: A002
        """As foretell's. Packed where it reads backwards; forwards, what comes after the end changes nothing."""
        if lengths is None or not self.bidirectional:
            outputs, final = nn.GRU.forward(self, input, hx)  # type: ignore[call-overload]
            return outputs, final
        packed = pack_padded_sequence(input, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, final = nn.GRU.forward(self, packed, hx)  # type: ignore[call-overload]
        return pad_packed_sequence(outputs, batch_first=True, total_length=input.shape[1])[0], final


@dataclass(frozen=True)
class Speed:
    """How fast one side trains."""

    name: str
    seconds: float
    """A step, the median of the rounds."""
    tokens: float
    """Target tokens of a step, without padding."""
    loss: float
    """Of the last step: the sides are to agree."""


def training_speeds(pairs: Pairs, settings: TranslatorSettings, steps: int) -> list[Speed]:
    """foretell, the same on torch.nn.GRU, and that with torch's loss: in turns, each from the same weights."""
    vocabularies = Vocabularies.learn(pairs, settings.vocabulary)
    task = TrainingTask(vocabularies.rows(pairs, settings.longest), settings)
    batches = [task.batch(n) for n in range(steps)]
    tokens = sum(len(batch["due"]) for batch in batches) / steps
    torch.manual_seed(0)
    network = TranslationNetwork(settings, len(vocabularies.source), len(vocabularies.target))

    def plain_loss(network: TranslationNetwork, batch: dict[str, Tensor], _: object) -> tuple[Tensor, object]:
        features = network(batch["source"], batch["fed"], batch["source_lengths"], batch["fed_lengths"])
        scores = F.linear(features, network.table, network.bias).flatten(0, 1)
        targets = torch.full((len(scores),), -100).index_copy(0, batch["at"], batch["due"])
        return F.cross_entropy(scores, targets, label_smoothing=settings.label_smoothing), None

    sides: list[tuple[str, TranslationNetwork, Callable[..., Any]]] = [
        ("foretell", network, task.loss),
        ("the same on torch.nn.GRU", _on_torch(network), task.loss),
        ("the same on torch.nn.GRU, F.cross_entropy", _on_torch(network), plain_loss),
    ]
    training = replace(settings.training, steps=steps, minutes=None)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name, _, _ in sides}
    for _, side, loss in sides:  # a warm-up
        train(copy.deepcopy(side), batches.__getitem__, loss, settings=replace(training, steps=3), device="cpu")
    for _ in range(ROUNDS):
        for name, side, loss in sides:
            history = train(copy.deepcopy(side), batches.__getitem__, loss, settings=training, device="cpu")
            found[name].append((history.seconds / steps, float(history.losses[-1])))
    return [
        Speed(name, median(seconds for seconds, _ in rounds), tokens, rounds[0][1]) for name, rounds in found.items()
    ]


def _on_torch(network: TranslationNetwork) -> TranslationNetwork:
    other = copy.deepcopy(network)
    for module in other.modules():
        if isinstance(module, GRU):
            module.__class__ = TorchGRU
    return other
