"""The mean of several networks' weights: `python -m foretell.forecasting.pretrained.averaging RESULT WEIGHTS ...`.

Networks that were trained on from the same weights, each for itself, lie so near to each other that the network of
their mean weights forecasts better than each of them, at the cost of one (Wortsman et al., 2022).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save

from foretell.forecasting.pretrained.shipped import load
from foretell.storage.whole_file import replace_file


def average(files: Sequence[Path], result: Path) -> None:
    """Write the mean of the weights in `files`. Raises ValueError where their networks are not of one size."""
    loaded = [load(file) for file in files]
    sizes = loaded[0].sizes
    if any(each.sizes != sizes for each in loaded):
        raise ValueError("the networks to average are of different sizes")
    states = [each.network.state_dict() for each in loaded]
    mean = {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(tensor.dtype)
        for name, tensor in states[0].items()
    }
    replace_file(result, save(mean, {name: str(size) for name, size in vars(sizes).items()}))


def main() -> None:
    """Read the options and average."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("weights", type=Path, nargs="+")
    given = parser.parse_args()
    average(given.weights, given.result)


if __name__ == "__main__":
    main()
