"""Encoder-decoder: dates translated, "April 22, 2019" to "2019-04-22". Run me: python examples/encoder_decoder.py"""

import random
from datetime import date, timedelta

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from foretell.nn import GRU, EncoderDecoder, sequence_loss
from foretell.training import TrainingSettings, train

SOURCE = "_ ,0123456789ADFJMNOSabceghilmnoprstuvy"  # number 0 is padding
TARGET = "^0123456789-"  # number 0 starts the target


def in_words(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def dates(n: int, size: int) -> list[date]:
    """Days of the years from 1900 to 2099."""
    return [date(1900, 1, 1) + timedelta(rng.randrange(73_000)) for rng in [random.Random(n)] for _ in range(size)]


def batch(n: int, size: int = 64):
    source = [torch.tensor([SOURCE.index(c) for c in in_words(day)]) for day in dates(n, size)]
    wanted = torch.tensor([[TARGET.index(c) for c in day.isoformat()] for day in dates(n, size)])
    fed = F.pad(wanted[:, :-1], (1, 0))  # teacher forcing: each step is fed the letter before it
    return pad_sequence(source, batch_first=True), torch.tensor([len(s) for s in source]), fed, wanted


def loss(network, chunk, _):
    source, lengths, fed, wanted = chunk
    return sequence_loss(network(source, fed, lengths), wanted), None


def main(steps: int = 250) -> float:
    """Train, and return the share of unseen dates that are translated without a fault."""
    torch.manual_seed(0)
    encoder, decoder = GRU(32, 64, batch_first=True, bidirectional=True), GRU(32, 64, batch_first=True)
    embeddings = {"source_embedding": nn.Embedding(len(SOURCE), 32), "target_embedding": nn.Embedding(len(TARGET), 32)}
    network = EncoderDecoder(encoder, decoder, nn.Linear(64, len(TARGET)), attention="general", **embeddings)  # type: ignore[arg-type]
    train(network, batch, loss, settings=TrainingSettings(steps=steps, learning_rate=0.01), device="cpu")

    source, lengths, _, wanted = batch(-1, 500)
    said, _ = network.generate(source, lengths, start=0, max_steps=10)
    right = (said == wanted).all(1).float().mean().item()
    print(f"Of 500 unseen dates {right:.1%} are translated without a fault.")
    print(f"{in_words(dates(-1, 1)[0])} is {''.join(TARGET[i] for i in said[0])}.")
    return right


if __name__ == "__main__":
    main()
