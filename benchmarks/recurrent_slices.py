"""Layers under `torch.vmap` beside loops: ensembles that are trained together, and gradients of single sequences.

    python benchmarks/recurrent_slices.py [--threads 2] [--cells LSTM GRU RNN] [--quick]

Both sides compute the same, which is checked, and take turns in one process: fp32, median times. Of an ensemble each
model takes its own training step, one after another (forward, backward, plain gradient descent), or `torch.vmap` takes
all of them, with `torch.func.stack_module_state` and `functional_call`. Gradients of single sequences are those of each
sequence's loss by all weights, in a loop or by `vmap`. torch's own layers can do neither.
"""

from __future__ import annotations

import argparse
import copy
import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import torch
from side_by_side import machine, medians
from tables import markdown
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from foretell.nn import GRU, LSTM, RNN

CELLS: dict[str, Any] = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}
MODELS, RATE = 8, 0.01
ENSEMBLES = ((8, 24, 8, 64), (32, 24, 8, 64), (16, 50, 16, 64))
"""Sequences, steps, features and hidden features of each model."""
SEQUENCES = ((64, 24, 8, 64), (64, 50, 16, 64), (64, 100, 16, 64))
TARGETS = {"ensemble": 3.0, "per-sample gradients": 5.0}
Pair = tuple[Callable[[], list[Tensor]], Callable[[], list[Tensor]]]


class Network(nn.Module):
    """A recurrent layer and a linear head on its last output."""

    def __init__(self, cell: str, features: int, hidden: int) -> None:
        super().__init__()
        self.layer = CELLS[cell](features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Predict a number for each sequence: `(B, T, I) -> (B,)`."""
        outputs: Tensor = self.layer(x)[0]
        predictions: Tensor = self.head(outputs[:, -1])[:, 0]
        return predictions


def ensemble(cell: str, shape: tuple[int, ...]) -> Pair:
    """Return a training step of all models one after another, and of all together."""
    batch, steps, features, hidden = shape
    torch.manual_seed(0)
    x, y = torch.randn(batch, steps, features), torch.randn(batch)
    models = [Network(cell, features, hidden) for _ in range(MODELS)]
    stacked: Any = stack_module_state(models)[0]  # type: ignore[arg-type]
    stacked = {name: p.detach().clone() for name, p in stacked.items()}
    template = copy.deepcopy(models[0])
    optimisers = [torch.optim.SGD(model.parameters(), lr=RATE) for model in models]

    def loss(parameters: Any) -> Tensor:
        return (functional_call(template, parameters, (x,)) - y).square().mean()

    gradients = vmap(grad(loss))

    def apart() -> list[Tensor]:
        for model, optimiser in zip(models, optimisers, strict=True):
            optimiser.zero_grad()
            (model(x) - y).square().mean().backward()
            optimiser.step()
        return [torch.stack(list(p)).detach() for p in zip(*(m.parameters() for m in models), strict=True)]

    def together() -> list[Tensor]:
        found = gradients(stacked)
        torch._foreach_add_(list(stacked.values()), [found[name] for name in stacked], alpha=-RATE)
        return list(stacked.values())

    return apart, together


def per_sample(cell: str, shape: tuple[int, ...]) -> Pair:
    """Return the gradients of each sequence's loss by all weights, in a loop and by `vmap`."""
    batch, steps, features, hidden = shape
    torch.manual_seed(0)
    network = Network(cell, features, hidden)
    x, y = torch.randn(batch, 1, steps, features), torch.randn(batch)
    parameters = {name: p.detach() for name, p in network.named_parameters()}

    def loss(parameters: Any, x: Tensor, y: Tensor) -> Tensor:
        return (functional_call(network, parameters, (x,)) - y).square().sum()

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))

    def apart() -> list[Tensor]:
        weights = list(network.parameters())
        each = [torch.autograd.grad((network(a) - b).square().sum(), weights) for a, b in zip(x, y, strict=True)]
        return [torch.stack(list(g)) for g in zip(*each, strict=True)]

    def together() -> list[Tensor]:
        return list(gradients(parameters, x, y).values())

    return apart, together


def main() -> None:
    """Check, time, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=list(CELLS))
    parser.add_argument("--quick", action="store_true", help="few repetitions: rough figures")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("# Layers under torch.vmap\n")
    print("\n".join(f"- {name}: {value}" for name, value in machine().items()), "\n")
    rows = []
    for kind, shapes, made in (("ensemble", ENSEMBLES, ensemble), ("per-sample gradients", SEQUENCES, per_sample)):
        for cell in options.cells:
            for shape in shapes:
                apart, together = made(cell, shape)
                for a, b in zip(apart(), together(), strict=True):
                    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
                found = medians({"apart": apart, "together": together}, 0.3 if options.quick else 2.0)
                ratio = found["apart"] / found["together"]
                met = "met" if ratio >= TARGETS[kind] else "missed"
                what = f"{kind}, {MODELS} {cell}s" if kind == "ensemble" else f"{kind}, {cell}"
                times = [f"{found['apart']:.2f}", f"{found['together']:.2f}", f"{ratio:.2f}", f"{TARGETS[kind]:.1f}"]
                rows.append([what, ", ".join(map(str, shape)), *times, met])
    print(markdown(["", "B, T, I, H", "in a loop, ms", "vmap, ms", "ratio", "target", ""], rows))


if __name__ == "__main__":
    main()
