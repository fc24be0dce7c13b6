"""The two tests of memory in `long_memory.py`: the adding problem and copy memory, as Bai et al. (2018) set them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.nn import GRU, LSTM, SequenceToSequence, SequenceToVector, chrono_, sequence_loss
from foretell.training import History, TrainingSettings, train

CELLS = {"LSTM": LSTM, "GRU": GRU}
SYMBOLS = 8
TO_COPY = 10
TESTED = 2_000
_JUDGED = 500
_AT_A_TIME = 250


@dataclass(frozen=True)
class Outcome:
    """One network: its error on sequences it never saw, the share of symbols it recalled (copy memory), the run."""

    error: float
    recalled: float
    history: History
    parameters: int


def adding(count: int, steps: int) -> tuple[Tensor, Tensor]:
    """Sequences `(count, steps, 2)` of a number from [0, 1) and a mark, two of which are 1; the marked sum `(count,)`.

    Hochreiter & Schmidhuber (1997); always to guess 1 has the mean squared error 1/6.
    """
    values, marks = torch.rand(count, steps), torch.zeros(count, steps)
    marks.scatter_(1, torch.rand(count, steps).topk(2).indices, 1.0)
    return torch.stack([values, marks], -1), (values * marks).sum(1)


def copying(count: int, blanks: int) -> tuple[Tensor, Tensor]:
    """Token ids `(count, blanks + 20)` in and out: ten symbols 1 to 8, blanks 0, then nines; wanted are blanks 0, and
    at the last ten steps the symbols (Arjovsky, Shah & Bengio, 2016).
    """
    symbols = torch.randint(1, SYMBOLS + 1, (count, TO_COPY))
    fed = torch.zeros(count, blanks + 2 * TO_COPY, dtype=torch.int64)
    fed[:, :TO_COPY] = symbols
    fed[:, -TO_COPY - 1 :] = SYMBOLS + 1
    wanted = torch.zeros_like(fed)
    wanted[:, -TO_COPY:] = symbols
    return fed, wanted


def run_adding(cell: str, *, steps: int, hidden: int, batch: int, settings: TrainingSettings) -> Outcome:
    """Train on the adding problem over `steps` time steps, with chrono initialisation."""
    torch.manual_seed(settings.seed)
    layer = CELLS[cell](2, hidden, batch_first=True)
    chrono_(layer, steps)
    network = SequenceToVector(layer, nn.Linear(hidden, 1))

    def loss(network: Any, chunk: Any, _: Any) -> tuple[Tensor, None]:
        x, y = chunk
        return F.mse_loss(network(x)[:, 0], y), None

    def error(network: Any, asked: tuple[Tensor, Tensor]) -> float:
        found = torch.cat([network(x)[:, 0] for x, _ in _parts(asked)])
        return float(F.mse_loss(found, asked[1]))

    judged, tested = _fresh(1, lambda: adding(_JUDGED, steps)), _fresh(2, lambda: adding(TESTED, steps))
    history = train(
        network,
        lambda _: adding(batch, steps),
        loss,
        settings=settings,
        evaluate=lambda n: error(n, judged),
        device="cpu",
    )
    with torch.no_grad():
        return Outcome(error(network, tested), float("nan"), history, sum(p.numel() for p in network.parameters()))


def run_copying(cell: str, *, blanks: int, hidden: int, batch: int, settings: TrainingSettings) -> Outcome:
    """Train on copy memory over `blanks` steps, with chrono initialisation; every output counts, blanks included."""
    torch.manual_seed(settings.seed)
    tokens = SYMBOLS + 2
    layer = CELLS[cell](tokens, hidden, batch_first=True)
    chrono_(layer, 3 * blanks / 2)  # as in Tallec & Ollivier (2018)
    network = SequenceToSequence(
        layer, nn.Linear(hidden, tokens), embedding=nn.Embedding.from_pretrained(torch.eye(tokens))
    )

    def loss(network: Any, chunk: Any, _: Any) -> tuple[Tensor, None]:
        fed, wanted = chunk
        return sequence_loss(network(fed)[0], wanted), None

    def scores(network: Any, asked: tuple[Tensor, Tensor]) -> tuple[float, float]:
        total = right = 0.0
        for fed, wanted in _parts(asked):
            outputs, _ = network(fed)
            total += float(sequence_loss(outputs, wanted)) * len(fed)
            right += float((outputs[:, -TO_COPY:].argmax(2) == wanted[:, -TO_COPY:]).float().mean()) * len(fed)
        return total / len(asked[0]), right / len(asked[0])

    judged, tested = _fresh(1, lambda: copying(_JUDGED, blanks)), _fresh(2, lambda: copying(TESTED, blanks))
    history = train(
        network,
        lambda _: copying(batch, blanks),
        loss,
        settings=settings,
        evaluate=lambda n: scores(n, judged)[0],
        device="cpu",
    )
    with torch.no_grad():
        error, recalled = scores(network, tested)
    return Outcome(error, recalled, history, sum(p.numel() for p in network.parameters() if p.requires_grad))


def _fresh(seed: int, make: Any) -> tuple[Tensor, Tensor]:
    """Sequences of a seed of their own, apart from those of training, whose seeds are far larger."""
    torch.manual_seed(seed)
    made: tuple[Tensor, Tensor] = make()
    return made


def _parts(asked: tuple[Tensor, Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(asked[0].split(_AT_A_TIME), asked[1].split(_AT_A_TIME), strict=True)
