"""Device and precision, managed by Lightning Fabric."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from typing import Any, cast

import torch
from torch import nn

from foretell.errors import SettingsError


class Hardware:
    """The device and precision that a network is trained with.

    `device` is `auto`, `cpu`, `gpu`, `cuda`, `mps` or one of several, such as `cuda:1`. Raises `SettingsError` if it is
    not available.
    """

    def __init__(self, device: str, precision: str) -> None:
        # The import takes over a second on top of torch, which only training should pay for.
        from lightning_fabric import Fabric

        kind, _, index = device.partition(":")
        if index and not index.isdigit():
            raise SettingsError(f"device={device!r}: use auto, cpu, cuda, mps or, for one of several, cuda:1")
        devices = [int(index)] if index and kind != "cpu" else 1
        try:
            self._fabric = Fabric(accelerator=kind, devices=devices, precision=cast(Any, precision))
            self._fabric.launch()
        except (
            ValueError,
            RuntimeError,
            TypeError,
        ) as error:  # Fabric's MisconfigurationException is one of these or a subclass
            raise SettingsError(
                f"device={device!r} cannot be used for training ({error}): try device='auto'"
            ) from error
        self.device: torch.device = self._fabric.device

    def set_up(self, network: nn.Module) -> None:
        """Move the network to the device, in place."""
        self._fabric.setup_module(network)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which losses and evaluations are computed."""
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context

    def place(self, batch: Any) -> Any:
        """Move the batch (tensor, tuple, list, dict, dataclass, or anything with a method `to`) to the device."""
        if self.device.type == "cpu":
            return batch
        if dataclasses.is_dataclass(batch) and not isinstance(batch, type) and not hasattr(batch, "to"):
            fields = {
                f.name: self._fabric.to_device(getattr(batch, f.name)) for f in dataclasses.fields(batch) if f.init
            }
            return dataclasses.replace(batch, **fields)
        return self._fabric.to_device(batch)
