"""The device that a name stands for."""

from __future__ import annotations

import torch

from foretell.errors import SettingsError


def device_named(name: str) -> torch.device:
    """Return the device that training on `name` uses: auto, cpu, gpu, cuda, mps or one of several, such as cuda:1.

    Raises SettingsError if it is not available.
    """
    kind, _, index = name.partition(":")
    if index and not index.isdigit():
        raise SettingsError(
            f"device={name!r} is none: try device='auto', or cpu, cuda, mps, or cuda:1 for one of several"
        )
    if kind == "auto" or kind == "gpu":
        there = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        if kind == "gpu" and there == "cpu":
            raise SettingsError(f"device={name!r}: there is no GPU here; try device='auto'")
        kind = there
    try:
        device = torch.device(f"{kind}:{index}" if index and kind != "cpu" else kind)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(f"device={name!r} cannot be used ({reason}): try device='auto'") from error
    return device
