"""Tiny Shakespeare, the next character given all before it: foretell's language model in bits per character.

    python benchmarks/characters.py --data FOLDER

FOLDER holds tiny_shakespeare.txt.gz. The last 10 % of its characters are the test part: one pass over all of it with
the state carried on, in which every character counts, its first among them. Of the first 90 %, training takes all but
the last 5 %, by which it keeps the best weights; `--validate` scores on those, and never opens the test part.

The test part is asked in two ways: of the trained network as it is, and of one that goes on learning from what it has
read of the part (`foretell text evaluate --dynamic`), whose time counts as training. The settings are foretell's
defaults. Those of the network were chosen on the validation part, and by one play of the training text that trials
left out, The Winter's Tale; those of learning while reading by that play alone.

Beside it, the same network on torch.nn.LSTM, which has no dropout on the state, trained as many steps on the same
chunks by the same loop, and asked as it is; `--peer-steps 0` leaves it out. The ratio of the time of a step comes from
steps of both in turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import torch
from tables import markdown
from torch import Tensor, nn

from foretell.text import DynamicSettings, LanguageModel, LanguageSettings, hold_out, read_text
from foretell.text.language_model import task
from foretell.text.language_model.characters import Characters
from foretell.text.language_model.network import build
from foretell.text.language_model.task import Streams
from foretell.training import train

TEST, VALIDATION = 0.1, 0.05
MOST_BITS, MOST_MINUTES = 2.2, 15
WRITTEN = 2000


class Peer(nn.Module):
    """The network of `foretell.text.language_model.network` on torch's own LSTM."""

    def __init__(self, settings: LanguageSettings, numbers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(numbers, settings.embedding)
        between = settings.dropout if settings.layers > 1 else 0.0
        self.layers = nn.LSTM(settings.embedding, settings.hidden, settings.layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden, numbers)

    def forward(self, read: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Scores `(B, T, numbers)` and the state, from numbers `(B, T)`."""
        features, state = self.layers(self.embedding(read), state)
        return self.head(self.dropout(features)), state


def seconds_of_a_step(networks: dict[str, nn.Module], streams: Streams, rounds: int = 12) -> dict[str, float]:
    """The median time of loss and gradient of each network, taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in networks}
    for number in range(rounds + 2):
        for name, network in networks.items():
            start = time.perf_counter()
            value, _ = task.loss(network.train(), streams.chunk(number), None)
            torch.autograd.grad(value, [*network.parameters()])
            if number >= 2:
                times[name].append(time.perf_counter() - start)
    return {name: median(taken) for name, taken in times.items()}


def kept(folder: Path, validation: str) -> LanguageModel:
    """A model of this benchmark. Raises SystemExit for one that was trained and judged otherwise: it knows the test."""
    model = LanguageModel.load(folder)
    if model.validation is None or abs(model.evaluate(validation).bits - model.validation.bits) > 1e-6:
        raise SystemExit(f"{folder} was not judged by the validation part of this benchmark: give one that --save kept")
    return model


def trained_peer(settings: LanguageSettings, streams: Streams, numbers: int, judged: Callable[[Any], float]) -> Any:
    """The peer after its training, and the course of that."""
    torch.manual_seed(settings.training.seed)
    network = Peer(settings, numbers)
    history = train(
        network, streams.chunk, task.loss, settings=settings.training, evaluate=judged, device="cpu", carry=True
    )
    return network, history


def main() -> None:
    """Train, evaluate once, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of tiny_shakespeare.txt.gz")
    parser.add_argument("--steps", type=int, default=None, help="training steps; default: foretell's own")
    parser.add_argument("--minutes", type=float, default=None, help="of training, in place of steps")
    parser.add_argument("--hidden", type=int, default=None, help="features of a layer; default: foretell's own")
    parser.add_argument("--layers", type=int, default=None, help="recurrent layers; default: foretell's own")
    parser.add_argument("--peer-steps", type=int, default=None, help="of the peer; default: as many as foretell's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, default=None, help="keep the model in this folder")
    parser.add_argument("--model", type=Path, default=None, help="ask this one instead, which --save has kept")
    parser.add_argument("--validate", action="store_true", help="score on the part where settings were chosen")
    options = parser.parse_args()

    text = read_text(options.data / "tiny_shakespeare.txt.gz")
    known, test = hold_out(text, TEST)
    learned, validation = hold_out(known, VALIDATION)
    asked = validation if options.validate else test
    settings = LanguageSettings()
    training = replace(settings.training, seed=options.seed)
    if options.steps:
        training = replace(training, steps=options.steps)
    if options.minutes:
        training = replace(training, minutes=options.minutes, steps=10**9)
    sizes = {name: value for name, value in (("hidden", options.hidden), ("layers", options.layers)) if value}
    settings = replace(settings, **sizes, training=training)

    if options.model:
        model = kept(options.model, validation)
    else:
        model = LanguageModel(settings).train(learned, validation, device="cpu")
    if options.save:
        model.save(options.save)
    assert model.history is not None
    steps, seconds = model.history.steps, model.history.seconds
    score = model.evaluate(asked)
    start = time.perf_counter()
    dynamic = model.evaluate(asked, dynamic=DynamicSettings())
    reading = time.perf_counter() - start
    start = time.perf_counter()
    written = "".join(islice(model.write("ROMEO:\n", seed=options.seed), WRITTEN))
    rate = WRITTEN / (time.perf_counter() - start)
    print(
        f"{len(learned):,} characters to learn from, {len(validation):,} to judge by, {len(test):,} held out; "
        f"{len(model.characters.symbols)} different ones. The best weights on the validation part were those after "
        f"{model.history.best_step:,} of {steps:,} steps; {score.characters:,} characters asked, {score.unknown:,} "
        f"unknown.\n\nROMEO:\n{written[:400]}\n"
    )
    rows = [
        _row(
            "foretell, " + model.settings.cell,
            score,
            model.parameters,
            steps,
            seconds,
            model.characters_read / seconds,
            rate,
        )
    ]
    learning = f"the same, dynamic evaluation ({reading:.0f} s)"
    rows.append(_row(learning, dynamic, model.parameters, steps, seconds, model.characters_read / seconds, None))

    characters = Characters.of(learned)
    streams = Streams(characters.encode(learned), model.settings.streams, model.settings.chunk)
    peer_steps = steps if options.peer_steps is None else options.peer_steps
    if peer_steps:
        held = characters.encode(validation)
        peer_settings = replace(model.settings, training=replace(training, steps=peer_steps, minutes=None))
        count = task.side_by_side(held)
        peer, history = trained_peer(
            peer_settings, streams, len(characters), lambda network: task.evaluate(network, held, count).bits
        )
        taken = history.seconds
        peer_score = task.evaluate(peer, characters.encode(asked))
        read = history.steps * streams.count * streams.length
        size = sum(p.numel() for p in peer.parameters())
        rows.append(_row("torch.nn.LSTM", peer_score, size, history.steps, taken, read / taken, None))
    part = "validation" if options.validate else "test"
    print(f"The next of {score.characters:,} characters of the {part} part, given all before it\n")
    head = ("", "bits per character", "accuracy", "parameters", "steps", "training (s)")
    print(markdown((*head, "characters per second, training", "generation"), rows))

    both = {"foretell": build(model.settings, len(characters)), "torch": Peer(model.settings, len(characters))}
    times = seconds_of_a_step(both, streams)
    print(
        f"\nA step of {streams.count} streams and {streams.length} characters, in turns: foretell "
        f"{1e3 * times['foretell']:.0f} ms, torch.nn.LSTM {1e3 * times['torch']:.0f} ms, "
        f"{times['torch'] / times['foretell']:.2f} times as long."
    )
    if not options.validate:
        wanted = f"{MOST_BITS} bits per character within {MOST_MINUTES} minutes of training"
        for name, found, taken in (
            ("as it is", score, seconds),
            ("learning as it reads, which counts as training", dynamic, seconds + reading),
        ):
            reached = found.bits <= MOST_BITS and taken <= 60 * MOST_MINUTES
            print(f"{wanted}, {name}: {'reached' if reached else 'MISSED'}")


def _row(
    name: str, score: task.Score, parameters: int, steps: int, seconds: float, training: float, generation: float | None
) -> tuple[str, ...]:
    return (
        name,
        f"{score.bits:.3f}",
        f"{score.accuracy:.3f}",
        f"{parameters:,}",
        f"{steps:,}",
        f"{seconds:.0f}",
        f"{training:,.0f}",
        "" if generation is None else f"{generation:,.0f}",
    )


if __name__ == "__main__":
    main()
