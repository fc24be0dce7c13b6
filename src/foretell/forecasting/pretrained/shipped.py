"""The weights that come with foretell."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from foretell.errors import ModelError
from foretell.forecasting.pretrained.network import AnyHorizonNetwork

WEIGHTS = Path(__file__).with_name("weights.safetensors")


@cache
def shipped() -> AnyHorizonNetwork:
    """The pretrained network, ready to forecast. Raises ModelError where its weights are damaged or missing."""
    return load(WEIGHTS)


def load(path: Path) -> AnyHorizonNetwork:
    """The network whose weights `foretell.forecasting.pretrained.pretraining` wrote. Raises ModelError as `shipped`."""
    advice = "install foretell again; --model lstm trains a network from the start, which needs no weights"
    try:
        with safe_open(path, "pt") as stored:
            sizes = {name: int(size) for name, size in (stored.metadata() or {}).items()}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (no mapping)
        return built(sizes, tensors)
    except FileNotFoundError:
        raise ModelError(f"the pretrained network's weights are missing ({path}): {advice}") from None
    except (OSError, SafetensorError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"the pretrained network's weights are damaged ({path}: {reason}): {advice}") from error


def built(sizes: dict[str, int], tensors: dict[str, Tensor]) -> AnyHorizonNetwork:
    """The network of these sizes with these weights. Raises RuntimeError, TypeError or ValueError if they don't fit."""
    # The random first weights are overwritten at once; the caller's random numbers are to stay as they are.
    with torch.random.fork_rng(devices=[]):
        network = AnyHorizonNetwork(**sizes)
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise ValueError("some weights are not finite")
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)
