"""Vector to sequence: the caption of a picture. Run me: python examples/vector_to_sequence.py

Pictures of 12 x 12 grey pixels with noise show a square, a cross or a frame, small or large, in one of four corners.
"""

import random

import torch
import torch.nn.functional as F
from torch import nn

from foretell.nn import GRU, VectorToSequence, sequence_loss
from foretell.training import TrainingSettings, train

START, END = 0, 1
WORDS = ["<start>", "<end>", "a", "small", "large", "square", "cross", "frame", "top", "bottom", "left", "right"]


def scene(rng: random.Random) -> tuple[torch.Tensor, list[str]]:
    """A picture, flattened to a vector `(144,)`, and its caption."""
    choices = ("small", "large"), ("square", "cross", "frame"), ("top", "bottom"), ("left", "right")
    size, shape, down, across = map(rng.choice, choices)
    n = 3 if size == "small" else 5
    picture, drawing = torch.zeros(12, 12), torch.ones(n, n)
    if shape == "cross":
        drawing = torch.maximum(torch.eye(n), torch.eye(n).flip(0))
    drawing[1:-1, 1:-1] *= shape != "frame"
    y, x = 6 * (down == "bottom"), 6 * (across == "right")
    picture[y : y + n, x : x + n] = drawing
    return (picture + 0.2 * torch.randn(12, 12)).flatten(), ["a", size, shape, down, across]


def batch(n: int, size: int = 64):
    pictures, captions = zip(*[scene(rng) for rng in [random.Random(n)] for _ in range(size)], strict=True)
    ids = torch.tensor([[START, *map(WORDS.index, caption), END] for caption in captions])
    return torch.stack(pictures), ids[:, :-1], ids[:, 1:]  # teacher forcing: each step is fed the word before it


def loss(network, chunk, _):
    pictures, fed, wanted = chunk
    return sequence_loss(network(pictures, fed), wanted), None


def main(steps: int = 300) -> float:
    """Train, and return the share of unseen pictures whose whole caption is right."""
    torch.manual_seed(0)
    gru, head, embedding = GRU(16, 64, batch_first=True), nn.Linear(64, len(WORDS)), nn.Embedding(len(WORDS), 16)
    network = VectorToSequence(gru, head, vector_size=144, embedding=embedding)
    train(network, batch, loss, settings=TrainingSettings(steps=steps, learning_rate=0.01), device="cpu")

    pictures, _, wanted = batch(-1, 500)
    said, _ = network.generate(pictures, START, max_steps=6, end=END)
    right = (F.pad(said, (0, 6 - said.shape[1]), value=END) == wanted).all(1).float().mean().item()
    print(f"{right:.1%} of 500 unseen pictures captioned right; the first: {' '.join(WORDS[i] for i in said[0, :5])}.")
    return right


if __name__ == "__main__":
    main()
