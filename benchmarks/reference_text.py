"""The reference text's own experiments (Géron, Hands-On Machine Learning, chapter 15) with foretell's layers.

Two sines and noise, 50 steps seen: forecast one step ahead, and ten. The same architectures, 20 epochs of batches of 32
with Adam; beside each published validation error the mean and the range over a few seeds, and the test error. What is
ours to choose was chosen once, by the training and validation parts: a one-cycle rate, gradients clipped to a norm of
1, and foretell's initial values. The result is that of the last epoch: no epoch is chosen by validation.

    python benchmarks/reference_text.py [--seeds 3] [--epochs 20] [--rows NAME ...] [--threads 1] [--output FILE]
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import numpy as np
import torch
from tables import markdown, mean_and_range
from torch import Tensor, nn

from foretell.nn import GRU, LSTM, RNN, CausalConv1d, Downsample
from foretell.training import TrainingSettings, train

SEEN = 50
SERIES = 10_000
BATCH = 32
UNITS = 20
PARTS = {"training": slice(0, 7000), "validation": slice(7000, 9000), "test": slice(9000, SERIES)}
EVERY_STEP = slice(None)
LAST_STEP = slice(-1, None)


@functools.cache
def series(ahead: int) -> Tensor:
    """(10,000, 50 + `ahead`) float32: two sines of random frequency and offset, and uniform noise."""
    steps = SEEN + ahead
    np.random.seed(42)
    freq1, freq2, offsets1, offsets2 = np.random.rand(4, SERIES, 1)
    at = np.linspace(0, 1, steps)
    values = 0.5 * np.sin((at - offsets1) * (freq1 * 10 + 10)) + 0.2 * np.sin((at - offsets2) * (freq2 * 20 + 20))
    values += 0.1 * (np.random.rand(SERIES, steps) - 0.5)
    return torch.from_numpy(values.astype(np.float32))


def examples(part: str, ahead: int) -> tuple[Tensor, Tensor]:
    """Inputs (N, 50, 1), and targets (N, 50, `ahead`): at each step the values that come after it."""
    values = series(ahead)[PARTS[part]]
    return values[:, :SEEN, None], values[:, 1:].unfold(1, ahead, 1)


class Network(nn.Module):
    """Forecasts (B, steps, `ahead`) at the steps `at` of the series seen, (B, 50, 1)."""

    at: slice = LAST_STEP


class Recurrent(Network):
    """Recurrent layers, perhaps behind a convolution that shortens the input, and a dense layer.

    `at`: the steps whose targets the forecasts are for.
    """

    def __init__(self, recurrent: nn.Module, ahead: int, at: slice, convolution: Downsample | None = None) -> None:
        super().__init__()
        self.at = at
        self.convolution = convolution
        self.recurrent = recurrent
        self.dense = nn.Linear(UNITS, ahead)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 50, 1) to (B, steps, ahead)."""
        if self.convolution is not None:
            x = self.convolution(x)
        hidden = self.recurrent(x)[0]
        forecast: Tensor = self.dense(hidden[:, LAST_STEP] if self.at == LAST_STEP else hidden)
        return forecast


class RecurrentToTheEnd(Network):
    """Recurrent layers of the given widths whose last one is the forecast itself, squashed by tanh as it is."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        inputs = (1, *widths[:-1])
        self.layers = nn.ModuleList(RNN(i, o, batch_first=True) for i, o in zip(inputs, widths, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 50, 1) to (B, 1, 1)."""
        for layer in self.layers:
            x = layer(x)[0]
        return x[:, -1:]


class Linear(Network):
    """A linear function of the 50 values."""

    def __init__(self, ahead: int) -> None:
        super().__init__()
        self.dense = nn.Linear(SEEN, ahead)
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 50, 1) to (B, 1, ahead)."""
        forecast: Tensor = self.dense(x.flatten(1))
        return forecast[:, None]


class SimplifiedWaveNet(Network):
    """The text's: eight causal convolutions with relu, dilations 1, 2, 4, 8 twice, and one of kernel 1 on top."""

    at = EVERY_STEP

    def __init__(self, ahead: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for k, dilation in enumerate((1, 2, 4, 8) * 2):
            layers += [CausalConv1d(UNITS if k else 1, UNITS, 2, dilation), nn.ReLU()]
        self.layers = nn.Sequential(*layers, CausalConv1d(UNITS, ahead, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 50, 1) to (B, 50, ahead)."""
        forecast: Tensor = self.layers(x)
        return forecast


class Naive(Network):
    """The last value again; nothing to train."""

    def __init__(self, ahead: int) -> None:
        super().__init__()
        self.ahead = ahead

    def forward(self, x: Tensor) -> Tensor:
        """(B, 50, 1) to (B, 1, ahead)."""
        return x[:, -1:].expand(-1, 1, self.ahead)


class FedBack(Network):
    """A network that forecasts one step, its forecasts appended to its input until there are `ahead` of them."""

    def __init__(self, one_step: Network, ahead: int) -> None:
        super().__init__()
        self.one_step = one_step
        self.ahead = ahead

    def forward(self, x: Tensor) -> Tensor:
        """(B, 50, 1) to (B, 1, ahead)."""
        for _ in range(self.ahead):
            x = torch.cat([x, self.one_step(x)], 1)
        return x[:, None, -self.ahead :, 0]


def stacked(layer: type[nn.Module], ahead: int, at: slice, **options: bool) -> Recurrent:
    """Two recurrent layers of 20 units and a dense layer."""
    return Recurrent(layer(1, UNITS, 2, batch_first=True, **options), ahead, at)


def convolution_and_gru(ahead: int) -> Recurrent:
    """A convolution that halves the number of steps, then two recurrent layers."""
    recurrent = GRU(UNITS, UNITS, 2, batch_first=True)
    return Recurrent(recurrent, ahead, slice(3, None, 2), Downsample(1, UNITS, kernel_size=4, stride=2))


@dataclass(frozen=True)
class Row:
    """One experiment: how many steps ahead, the error that the text gives (or a range of them), and the network."""

    title: str
    ahead: int
    published: tuple[str, ...]
    build: Callable[[], Network]
    rate: float = 1e-2
    """The peak of the one-cycle schedule; 0 where nothing is trained."""


ROWS = {
    "naive-1": Row("naive", 1, ("0.0202",), lambda: Naive(1), rate=0),
    "linear-1": Row("linear", 1, ("0.00417",), lambda: Linear(1)),
    "rnn-1": Row("SimpleRNN, 1 unit", 1, ("0.01088",), lambda: RecurrentToTheEnd(1)),
    "rnn-20-20-1": Row("deep RNN 20-20-1", 1, ("0.00291",), lambda: RecurrentToTheEnd(UNITS, UNITS, 1)),
    "rnn-20-20-dense": Row("deep RNN 20-20 + dense", 1, ("0.00262",), lambda: stacked(RNN, 1, LAST_STEP)),
    "naive-10": Row("naive", 10, ("0.257",), lambda: Naive(10), rate=0),
    "fed-back": Row("one-step RNN fed back to itself", 10, ("0.0275",), lambda: Naive(10), rate=0),
    "linear-10": Row("linear", 10, ("0.0187",), lambda: Linear(10)),
    "direct": Row("RNN 20-20, direct", 10, ("0.0085",), lambda: stacked(RNN, 10, LAST_STEP)),
    "sequence": Row("RNN 20-20, sequence to sequence", 10, ("0.0058", "0.0096"), lambda: stacked(RNN, 10, EVERY_STEP)),
    "layer-norm": Row(
        "+ layer norm in the cell", 10, ("0.0121",), lambda: stacked(RNN, 10, EVERY_STEP, layer_norm=True)
    ),
    "lstm": Row("LSTM 20-20", 10, ("0.0086",), lambda: stacked(LSTM, 10, EVERY_STEP)),
    "gru": Row("GRU 20-20", 10, ("0.0103",), lambda: stacked(GRU, 10, EVERY_STEP)),
    "conv-gru": Row("Conv1D (20, 4, stride 2) + GRU 20-20", 10, ("0.0080",), lambda: convolution_and_gru(10)),
    "wavenet": Row("simplified WaveNet", 10, ("0.0072",), lambda: SimplifiedWaveNet(10)),
}


@functools.cache
def fitted(name: str, seed: int, epochs: int) -> Network:
    """The network of a row after its training."""
    row = ROWS[name]
    if name == "fed-back":
        return FedBack(fitted("rnn-20-20-dense", seed, epochs), row.ahead)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = row.build().eval()
    if not row.rate:
        return network
    inputs, targets = examples("training", row.ahead)
    targets = targets[:, network.at]
    per_epoch = -(-len(inputs) // BATCH)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng([seed, epoch]).permutation(len(inputs))
        rows = torch.from_numpy(order[place * BATCH : (place + 1) * BATCH])
        return inputs[rows], targets[rows]

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor], state: None) -> tuple[Tensor, None]:
        return nn.functional.mse_loss(network(batch[0]), batch[1]), state

    settings = TrainingSettings(steps=epochs * per_epoch, learning_rate=row.rate, seed=seed)
    train(network, batch, loss, settings=settings, device="cpu")
    return network


def error(network: nn.Module, part: str, ahead: int) -> float:
    """The mean squared error of the forecasts made at the last step."""
    inputs, targets = examples(part, ahead)
    with torch.inference_mode():
        return float((network(inputs)[:, -1] - targets[:, -1]).square().mean())


def verdict(row: Row, ours: list[float]) -> str:
    """Whether the mean beats what was published; for the naive forecast, whether the data are the text's."""
    mean = sum(ours) / len(ours)
    low, high = row.published[0], row.published[-1]
    if f"{mean:.{len(low) - 2}f}" == low:
        return "equal"
    if mean < float(low):
        return "yes"
    return "within" if mean < float(high) else "no"


def measured(name: str, seeds: int, epochs: int) -> list[str]:
    """A row of the table."""
    row, began = ROWS[name], time.monotonic()
    networks = [fitted(name, seed, epochs) for seed in range(seeds if row.rate or name == "fed-back" else 1)]
    seconds = (time.monotonic() - began) / len(networks)
    ours = [error(network, "validation", row.ahead) for network in networks]
    test = [error(network, "test", row.ahead) for network in networks]
    title = f"{row.title} ({name})"
    cells = [title, " to ".join(row.published), mean_and_range(ours, 5), verdict(row, ours), mean_and_range(test, 5)]
    print(f"{' | '.join(cells)} | {seconds:.0f} s a seed", file=sys.stderr, flush=True)
    return cells


def report(names: list[str], seeds: int, epochs: int) -> str:
    """Both tables in markdown."""
    parts = [
        f"The reference text's experiments: mean squared error after {epochs} epochs, mean and range of {seeds} seeds."
    ]
    for ahead, heading in ((1, "One step ahead"), (10, "Ten steps ahead, forecast made at the last step")):
        rows = [measured(name, seeds, epochs) for name in names if ROWS[name].ahead == ahead]
        if rows:
            header = [heading, "published, validation", "ours, validation", "beaten", "ours, test"]
            parts.append(markdown(header, rows))
    parts.append("Not covered: batch normalisation between the time steps (0.0164), which foretell does not offer.")
    return "\n\n".join(parts)


def main() -> None:
    """Train what was asked for and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="NAME")
    parser.add_argument("--threads", type=int, default=1, help="of torch; these networks are too small to gain by more")
    parser.add_argument("--output", type=Path, help="a file for the tables, beside printing them")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    text = report(arguments.rows, arguments.seeds, arguments.epochs)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
