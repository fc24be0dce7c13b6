"""Pretrains the any-horizon network: `python -m foretell.forecasting.pretrained.pretraining FOLDER --minutes 52`.

Training at a constant rate goes on from the checkpoint in FOLDER for as long as it is asked to, also in a later call
with more minutes; from where it ends, a stretch at a falling rate gives the weights, FOLDER/weights.safetensors, and
FOLDER/curve.json says how the loss on held-out synthetic series went. The weights that come with foretell are such a
file, copied beside this module.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.pretrained.curriculum import Curriculum
from foretell.forecasting.pretrained.shipped import Sizes, load
from foretell.storage.whole_file import replace_file
from foretell.training import History, Progress, train
from foretell.training.settings import NO_BOUND, TrainingSettings

RATE = 3e-3
_SAY_EVERY = 100


def pretrain(
    folder: Path,
    *,
    minutes: float,
    falling: float,
    sizes: Sizes,
    seed: int,
    start: Path | None = None,
    rate: float = RATE,
    precision: str = "32-true",
) -> None:
    """Train for `minutes` in all at a constant `rate`, then for `falling` minutes at a falling one.

    From the weights in the file `start`, of an earlier run whose series were others, and with its sizes; or else from
    random weights.
    """
    begun = None if start is None else load(start)
    if begun is not None:
        sizes = begun.sizes
    curriculum = Curriculum(seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = sizes.build()
    if begun is not None:
        network.load_state_dict(begun.network.state_dict())
    constant: dict[str, Any] = {
        "steps": NO_BOUND,
        "optimiser": "adamw",
        "weight_decay": 0.01,
        "learning_rate": rate,
        "average": 0.998,
        "evaluate_every": 500,
        "seed": seed,
        "precision": precision,
    }
    history = train(
        network,
        curriculum.batch,
        Curriculum.loss,
        settings=TrainingSettings(minutes=minutes, schedule="constant", **constant),
        evaluate=curriculum.held_out(),
        checkpoint=folder / "constant",
        device="cpu",
        on_progress=_say,
    )
    first = history.steps
    _write(folder, network, sizes, [history])
    if falling:
        end = train(
            network,
            lambda step: curriculum.batch(first + step),
            Curriculum.loss,
            settings=TrainingSettings(minutes=falling, schedule="cosine", **constant),
            evaluate=curriculum.held_out(),
            device="cpu",
            on_progress=_say,
        )
        _write(folder, network, sizes, [history, end])


def _write(folder: Path, network: AnyHorizonNetwork, sizes: Sizes, histories: list[History]) -> None:
    weights = {name: tensor.detach().contiguous() for name, tensor in network.state_dict().items()}
    described = {name: str(size) for name, size in vars(sizes).items()}
    replace_file(folder / "weights.safetensors", save(weights, described))
    curve = [
        {
            "steps": h.steps,
            "minutes": round(h.seconds / 60, 1),
            "held_out": [[step, loss] for step, loss in h.evaluations],
        }
        for h in histories
    ]
    replace_file(folder / "curve.json", json.dumps(curve).encode())


def _say(progress: Progress) -> None:
    if progress.step % _SAY_EVERY == 0:
        held_out = "" if progress.evaluation is None else f", held out {progress.evaluation:.4f}"
        print(
            f"step {progress.step:,}, {progress.seconds / 60:.1f} min, loss {progress.loss:.4f}{held_out}", flush=True
        )


def main() -> None:
    """Read the options and pretrain."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=52, help="at a constant rate, in all")
    parser.add_argument("--falling", type=float, default=13, help="minutes at a falling rate after them")
    parser.add_argument("--hidden", type=int, default=Sizes.hidden)
    parser.add_argument("--start", type=Path, help="weights of an earlier run to begin with, in place of random ones")
    parser.add_argument("--rate", type=float, default=RATE, help="the learning rate while it is constant")
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed"), default="32-true")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    pretrain(
        given.folder,
        minutes=given.minutes,
        falling=given.falling,
        sizes=Sizes(given.hidden),
        seed=given.seed,
        start=given.start,
        rate=given.rate,
        precision=given.precision,
    )


if __name__ == "__main__":
    main()
