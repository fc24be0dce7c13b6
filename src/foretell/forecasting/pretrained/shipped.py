"""The weights that come with foretell."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from foretell.errors import ModelError
from foretell.forecasting.any_horizon.bank import FEATURES
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.nn import LSTM

WEIGHTS = Path(__file__).with_name("weights.safetensors")
PRETRAINED_BACKBONE = "lstm"
_LARGEST = 4096


@dataclass(frozen=True)
class Sizes:
    """Of a pretrained network: an LSTM that reads no covariates."""

    hidden: int = 160
    layers: int = 2
    head: int = 96
    phase: int = 24

    def __post_init__(self) -> None:
        if any(not 1 <= size <= _LARGEST for size in dataclasses.astuple(self)):
            raise ValueError(f"no pretrained network is of the sizes {self}")

    def build(self) -> AnyHorizonNetwork:
        """A new network; the weights are drawn from torch's random numbers."""
        backbone = LSTM(FEATURES, self.hidden, self.layers, batch_first=True)
        return AnyHorizonNetwork(backbone, self.hidden, head=self.head, phase=self.phase)


@dataclass(frozen=True)
class Pretrained:
    """A pretrained network, ready to forecast."""

    sizes: Sizes
    network: AnyHorizonNetwork

    @classmethod
    def of(cls, sizes: Sizes, weights: Mapping[str, Tensor]) -> Pretrained:
        """The network of these sizes with these weights. Raises RuntimeError or ValueError where they do not fit."""
        # The random first weights are overwritten at once; the caller's random numbers are to stay as they are.
        with torch.random.fork_rng(devices=[]):
            network = sizes.build()
        if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
            raise ValueError("some weights are not finite")
        network.load_state_dict(weights)
        return cls(sizes, network.eval().requires_grad_(False))


def _sizes(described: Mapping[str, str]) -> Sizes:
    missing = {f.name for f in dataclasses.fields(Sizes)} - described.keys()
    if missing:
        raise ValueError(f"nothing is said of {', '.join(sorted(missing))}")
    return Sizes(**{name: int(size) for name, size in described.items()})


@cache
def shipped() -> Pretrained:
    """The pretrained network, ready to forecast. Raises ModelError where its weights are damaged or missing."""
    return load(WEIGHTS)


def load(path: Path) -> Pretrained:
    """The network whose weights `foretell.forecasting.pretrained.pretraining` wrote. Raises ModelError as `shipped`."""
    advice = "install foretell again; --model lstm trains a network from the start, which needs no weights"
    try:
        with safe_open(path, "pt") as stored:
            sizes = _sizes(stored.metadata() or {})
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (no mapping)
        return Pretrained.of(sizes, tensors)
    except FileNotFoundError:
        raise ModelError(f"the pretrained network's weights are missing ({path}): {advice}") from None
    except (OSError, SafetensorError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"the pretrained network's weights are damaged ({path}: {reason}): {advice}") from error
