"""The gradient going wrong, and each cure at work.

    python examples/gradients.py --out gradients.png

Before training: how much of the gradient of the last step's loss reaches the states before it, on the adding problem,
by initialisation, activation and cell. In training: the gradient's norm and the loss with and without clipping, and for
several cells on the adding problem and on copy memory. docs/how-it-works/gradients.md explains the picture.
"""

import argparse
from pathlib import Path

import numpy as np
from gradient_experiments import (
    ACTIVATIONS,
    CELLS,
    INITIALISATIONS,
    RELU_IDENTITY,
    TRAINED,
    gradient_through_time,
    train_adding,
    train_copying,
)
from gradient_picture import draw
from memory_tasks import GUESS_ADDING, GUESS_COPYING

from foretell.training import TrainingSettings

BACK, CLIPPED, ADDING, COPYING = 600, 100, 200, 100
"""Time steps: of the gradient before training, and of the three kinds of runs."""
RATE = 0.01
"""The learning rate of every cell but the simple one with relu, which takes a tenth: with more it explodes."""


def main(arguments: list[str] | None = None) -> None:
    """Measure, print what came of it, and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gradients.png"))
    parser.add_argument(
        "--steps", type=int, default=600, help="training steps of a run; on copy memory three times as many"
    )
    parser.add_argument("--shorter", type=int, default=1, help="divide all lengths in time, for a first look")
    options = parser.parse_args(arguments)
    back, clipped, adding, copying = (steps // options.shorter for steps in (BACK, CLIPPED, ADDING, COPYING))

    groups = {
        "Initialisation: a simple cell with tanh": INITIALISATIONS,
        "Activation: saturating or not": ACTIVATIONS,
        "Cell": CELLS,
    }
    backwards = {
        title: {name: gradient_through_time(make, back).numpy() for name, make in group.items()}
        for title, group in groups.items()
    }
    for title, lines in backwards.items():
        print(f"\n{title}. Of the gradient there is left {back - 1} steps back:")
        for name, shares in lines.items():
            print(f"  {name:24} {shares[-1]:.1e}")

    def settings(name: str, *, times: int = 1, clip_norm: float | None = 1.0) -> TrainingSettings:
        rate = RATE / 10 if "relu" in name else RATE
        steps = times * options.steps
        return TrainingSettings(steps=steps, learning_rate=rate, schedule="constant", clip_norm=clip_norm)

    runs = {
        f"Clipping: relu from the identity, adding, T = {clipped}": {
            "not clipped": train_adding(RELU_IDENTITY, clipped, settings("relu", clip_norm=None)),
            "clipped at 1": train_adding(RELU_IDENTITY, clipped, settings("relu")),
        },
        f"The adding problem, T = {adding}": {
            name: train_adding(make, adding, settings(name)) for name, make in TRAINED.items()
        },
        f"Copy memory, T = {copying}": {
            name: train_copying(make, copying, settings(name, times=3)) for name, make in TRAINED.items()
        },
    }
    for title, histories in runs.items():
        print(f"\n{title}. The loss, the mean of the last tenth of the steps, and the largest gradient norm:")
        for name, history in histories.items():
            last = np.mean(history.losses[-max(1, history.steps // 10) :])
            print(f"  {name:24} {last:.4f}   {history.gradient_norms.max():.1e}   {history.seconds:.0f} s")

    guesses = [("always guessing 1", GUESS_ADDING, 1e-3)] * 2 + [("guessing the symbols", GUESS_COPYING, 0.04)]
    draw(options.out, backwards, runs, guesses)
    print(f"\nDrawn: {options.out}")


if __name__ == "__main__":
    main()
