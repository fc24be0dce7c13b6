"""Polyphonic music in `long_memory.py`: the next time step of piano rolls, each given all before it in its piece.

All pieces come in C major or C minor, so that moving them to other keys, which helps `foretell music`, would not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from foretell.nn import GRU, LSTM, SequenceToSequence, sequence_loss
from foretell.training import History, TrainingSettings, train

KEYS = 88
CELLS = {"lstm": LSTM, "gru": GRU}


@dataclass(frozen=True)
class MusicPlan:
    """How one collection is learnt; chosen on its valid part."""

    file: str
    cell: str
    hidden: int
    layers: int
    drop_input: float
    """Dropout of keys, and of the features between the layers and before the head."""
    drop_output: float
    drop_recurrent: float
    window: int
    """Time steps of a batch at most: a longer piece gives a stretch, from a random place on."""
    batch: int
    training: TrainingSettings


PLANS = {
    "JSB chorales": MusicPlan(
        file="jsb_pianoroll.mat",
        cell="lstm",
        hidden=256,
        layers=1,
        drop_input=0.1,
        drop_output=0.5,
        drop_recurrent=0.2,
        window=160,
        batch=16,
        training=TrainingSettings(steps=3000, learning_rate=5e-3, weight_decay=1e-5, average=0.998),
    ),
    "Nottingham": MusicPlan(
        file="nottingham_pianoroll.mat",
        cell="lstm",
        hidden=256,
        layers=1,
        drop_input=0.0,
        drop_output=0.4,
        drop_recurrent=0.1,
        window=320,
        batch=10,
        training=TrainingSettings(steps=5500, learning_rate=0.01, average=0.995, evaluate_every=250),
    ),
}


@dataclass(frozen=True)
class PianoRolls:
    """The parts of a collection; a piece is `(T, 88)` zeros and ones, float32."""

    train: list[Tensor]
    valid: list[Tensor]
    test: list[Tensor]


def read_piano_rolls(path: Path) -> PianoRolls:
    """The MATLAB file of Boulanger-Lewandowski et al. (2012)."""
    from scipy.io import loadmat  # comes with scikit-learn: pip install 'foretell[benchmarks]'

    content = loadmat(path)
    parts = [
        [torch.from_numpy(np.asarray(piece, dtype=np.float32)) for piece in content[name][0]]
        for name in ("traindata", "validdata", "testdata")
    ]
    return PianoRolls(*parts)


@dataclass(frozen=True)
class MusicOutcome:
    """What came of a plan: nats per step, as the mean over all steps and as the mean over pieces of their means."""

    nats: float
    nats_by_piece: float
    steps_asked: int
    history: History
    parameters: int


def learn(plan: MusicPlan, rolls: PianoRolls, asked: Sequence[Tensor]) -> MusicOutcome:
    """Train on the train part, keep the weights that foresee the valid part best, and score `asked` once."""
    torch.manual_seed(plan.training.seed)
    network = build(plan)

    def loss(network: Any, chunk: Any, _: Any) -> tuple[Tensor, None]:
        x, lengths = chunk
        outputs, _ = network(x[:, :-1], lengths=lengths - 1)
        return sequence_loss(outputs, x[:, 1:], nats, lengths=lengths - 1), None

    history = train(
        network,
        lambda _: drawn(rolls.train, plan),
        loss,
        settings=plan.training,
        evaluate=lambda n: score(n, rolls.valid)[0],
        device="cpu",
    )
    with torch.no_grad():
        over_steps, over_pieces = score(network, asked)
    parameters = sum(p.numel() for p in network.parameters())
    return MusicOutcome(over_steps, over_pieces, sum(len(p) - 1 for p in asked), history, parameters)


def build(plan: MusicPlan) -> SequenceToSequence:
    """Recurrent layers with dropout of the keys, of what is recurrent, and of the features."""
    cell: Any = CELLS[plan.cell]
    layers: list[nn.Module] = [nn.Dropout(plan.drop_input)]
    for k in range(plan.layers):
        size = plan.hidden if k else KEYS
        layers += [
            cell(size, plan.hidden, batch_first=True, recurrent_dropout=plan.drop_recurrent),
            nn.Dropout(plan.drop_output),
        ]
    return SequenceToSequence(layers, nn.Linear(plan.hidden, KEYS))


def nats(outputs: Tensor, targets: Tensor) -> Tensor:
    """The cross-entropy of a step `(N,)`, summed over its keys `(N, 88)`."""
    return F.binary_cross_entropy_with_logits(outputs, targets, reduction="none").sum(-1)


def drawn(pieces: Sequence[Tensor], plan: MusicPlan) -> tuple[Tensor, Tensor]:
    """A batch `(B, T, 88)` of the train part, and its lengths: stretches of random pieces."""
    chosen = []
    windows = torch.tensor([max(len(piece) / plan.window, 1.0) for piece in pieces])  # so that all steps come alike
    for i in windows.multinomial(plan.batch, replacement=True).tolist():
        piece = pieces[i]
        start = int(torch.randint(max(len(piece) - plan.window, 0) + 1, ()))
        chosen.append(piece[start : start + plan.window])
    return pad_sequence(chosen, batch_first=True), torch.tensor([len(piece) for piece in chosen])


def score(network: Any, pieces: Sequence[Tensor]) -> tuple[float, float]:
    """Nats a step of whole pieces: over all steps of all pieces, and the mean of the pieces' own means."""
    sums, steps = [], []
    ordered = sorted(pieces, key=len)
    for start in range(0, len(ordered), 32):
        some = ordered[start : start + 32]
        lengths = torch.tensor([len(piece) - 1 for piece in some])
        x = pad_sequence(some, batch_first=True)
        outputs, _ = network(x[:, :-1], lengths=lengths)
        each = nats(outputs, x[:, 1:]).double()
        counts = torch.arange(each.shape[1]) < lengths[:, None]
        sums.append((each * counts).sum(1))
        steps.append(lengths)
    total, count = torch.cat(sums), torch.cat(steps)
    return float(total.sum() / count.sum()), float((total / count).mean())
