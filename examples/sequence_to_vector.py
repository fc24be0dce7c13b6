"""Sequence to vector: the sentiment of a review. Run me: python examples/sequence_to_vector.py

What counts is the clause after "but", and a "not" turns it round: to count good and bad words will not do.
"""

import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from foretell.nn import GRU, SequenceToVector
from foretell.training import TrainingSettings, train

THINGS, GOOD, BAD = ["plot", "cast", "music", "ending"], ["great", "moving", "funny"], ["dull", "weak", "stale"]
WORDS = {word: i for i, word in enumerate(["<pad>", "the", "was", "not", "and", "but", *THINGS, *GOOD, *BAD])}


def review(rng: random.Random) -> tuple[str, int]:
    """A review of two to four clauses, and whether the last one praises."""
    clauses = []
    for _ in range(rng.randint(2, 4)):
        praise, negated = rng.randrange(2), rng.randrange(2)
        clauses.append(f"the {rng.choice(THINGS)} was {'not ' * negated}{rng.choice((BAD, GOOD)[praise ^ negated])}")
    return f"{' and '.join(clauses[:-1])} but {clauses[-1]}", praise


def as_ids(texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded word numbers `(B, T)` and lengths `(B,)`."""
    ids = [torch.tensor([WORDS[word] for word in text.split()]) for text in texts]
    return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids])


def batch(n: int, size: int = 32):
    texts, labels = zip(*[review(rng) for rng in [random.Random(n)] for _ in range(size)], strict=True)
    return *as_ids(texts), torch.tensor(labels)  # type: ignore[arg-type]


def loss(network, chunk, _):
    ids, lengths, labels = chunk
    return F.cross_entropy(network(ids, lengths), labels), None


def main(steps: int = 300) -> float:
    """Train, and return the share of unseen reviews judged right."""
    torch.manual_seed(0)
    network = SequenceToVector(GRU(16, 32, batch_first=True), nn.Linear(32, 2), embedding=nn.Embedding(len(WORDS), 16))
    train(network, batch, loss, settings=TrainingSettings(steps=steps, learning_rate=0.01), device="cpu")

    *reviews, labels = batch(-1, 1000)
    right = (network(*reviews).argmax(1) == labels).float().mean().item()
    verdict = network(*as_ids(["the cast was great but the plot was not funny"])).argmax().item()
    print(f'{right:.1%} of 1,000 reviews judged right; "... but the plot was not funny": {["bad", "good"][verdict]}.')
    return right


if __name__ == "__main__":
    main()
