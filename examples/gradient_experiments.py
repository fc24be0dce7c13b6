"""What `gradients.py` measures: the gradient on its way back through time, and training runs of several cells."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from memory_tasks import SYMBOLS, TO_COPY, adding, copying
from torch import nn

from foretell.nn import GRU, LSTM, RNN, SequenceToSequence, SequenceToVector, chrono_, sequence_loss
from foretell.training import History, TrainingSettings, train

HIDDEN = 64
Make = Callable[[int, int], nn.Module]
"""From input features and the length of the sequences to a recurrent layer."""


def simple(gain: float = 1.0, start: str = "orthogonal", **options) -> Make:
    """The simple cell; its recurrent weights start orthogonal (foretell's default) or as another matrix, times `gain`.

    "identity" is that of Le, Jaitly & Hinton (2015), "uniform" torch's default, from -1/sqrt(H) to 1/sqrt(H).
    """

    def make(features: int, _: int) -> nn.Module:
        layer = RNN(features, HIDDEN, batch_first=True, **options)
        with torch.no_grad():
            if start == "identity":
                nn.init.eye_(layer.weight_hh_l0)  # type: ignore[arg-type]
            if start == "uniform":
                nn.init.uniform_(layer.weight_hh_l0, -(HIDDEN**-0.5), HIDDEN**-0.5)  # type: ignore[arg-type]
            layer.weight_hh_l0.mul_(gain)  # type: ignore[operator]
        return layer

    return make


def gated(cell: type[nn.Module], chrono: bool = False) -> Make:
    """An LSTM or a GRU; with chrono initialisation it starts with memories as long as the sequences."""

    def make(features: int, steps: int) -> nn.Module:
        layer = cell(features, HIDDEN, batch_first=True)
        if chrono:
            chrono_(layer, steps)
        return layer

    return make


RELU_IDENTITY = simple(start="identity", nonlinearity="relu")
INITIALISATIONS = {
    "orthogonal x 2": simple(2.0),
    "orthogonal x 1.25": simple(1.25),
    "orthogonal": simple(),
    "uniform (torch)": simple(start="uniform"),
    "orthogonal x 0.5": simple(0.5),
}
ACTIVATIONS = {
    "relu, orthogonal x 1.5": simple(1.5, nonlinearity="relu"),
    "relu, identity": RELU_IDENTITY,
    "relu, orthogonal": simple(nonlinearity="relu"),
    "tanh, orthogonal x 1.5": simple(1.5),
    "tanh, orthogonal": simple(),
}
CELLS = {
    "layer norm": simple(layer_norm=True),
    "LSTM, chrono": gated(LSTM, chrono=True),
    "GRU, chrono": gated(GRU, chrono=True),
    "LSTM": gated(LSTM),
    "simple": simple(),
    "GRU": gated(GRU),
}
TRAINED = {
    "simple, tanh": simple(),
    "simple, relu, identity": RELU_IDENTITY,
    "simple, layer norm": simple(layer_norm=True),
    "GRU, chrono": gated(GRU, chrono=True),
    "LSTM, chrono": gated(LSTM, chrono=True),
    "LSTM": gated(LSTM),
}


def gradient_through_time(make: Make, steps: int, count: int = 16) -> torch.Tensor:
    """The norm of d loss / d state after each step, `(steps,)`, as a share of that after the last one.

    The loss is that of the adding problem at the last step, the network fresh. The state is h, for an LSTM (h, c). The
    first entry is that of the last step, distance 0; the mean is taken over `count` sequences.
    """
    torch.manual_seed(0)
    layer, head = make(2, steps).double(), nn.Linear(HIDDEN, 1).double()
    x, y = (part.double() for part in adding(count, steps))
    state, states = None, []
    for step in x.split(1, dim=1):  # one step a call, to get hold of the state between them
        _, state = layer(step, state)
        states.append(state if isinstance(state, tuple) else (state,))
        for part in states[-1]:
            part.retain_grad()
    (head(states[-1][0][0])[:, 0] - y).square().sum().backward()
    squares = [sum(part.grad[0].square().sum(-1) for part in parts if part.grad is not None) for parts in states]
    norms = torch.stack(squares).sqrt()
    return (norms / norms[-1]).mean(1).flip(0)


def train_adding(make: Make, steps: int, settings: TrainingSettings) -> History:
    """A run on the adding problem over `steps` time steps."""
    torch.manual_seed(0)
    network = SequenceToVector(make(2, steps), nn.Linear(HIDDEN, 1))

    def loss(network, chunk, _):
        x, y = chunk
        return F.mse_loss(network(x)[:, 0], y), None

    return train(network, lambda _: adding(32, steps), loss, settings=settings, device="cpu")


def train_copying(make: Make, steps: int, settings: TrainingSettings) -> History:
    """A run on copy memory over `steps` blanks; the loss counts the outputs that are to recall, and leaves the rest."""
    torch.manual_seed(0)
    tokens = SYMBOLS + 2
    one_hot = nn.Embedding.from_pretrained(torch.eye(tokens))
    network = SequenceToSequence(make(tokens, steps + 2 * TO_COPY), nn.Linear(HIDDEN, tokens), embedding=one_hot)

    def loss(network, chunk, _):
        fed, wanted = chunk
        outputs, _ = network(fed)
        return sequence_loss(outputs, wanted, ignore=0), None  # blanks do not count

    return train(network, lambda _: copying(32, steps), loss, settings=settings, device="cpu")
