"""Device and precision, managed by Lightning Fabric wherever there is more than one CPU to manage."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from foretell.errors import SettingsError, TrainingError
from foretell.training import processes
from foretell.training.device import device_named
from foretell.training.settings import PrecisionName

V = TypeVar("V")


def fast_precision(device: str) -> PrecisionName:
    """Return bf16-mixed for a CPU that has instructions for products of bfloat16, 32-true for all else.

    The instructions (AVX512_BF16, AMX) compute large matrix products about twice as fast as those of float32; without
    them bfloat16 is slower.
    """
    fast = device_named(device).type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return "bf16-mixed" if fast else "32-true"


class Hardware:
    """The device and precision that a network is trained with.

    `device` is `auto`, `cpu`, `gpu`, `cuda`, `mps` or one of several, such as `cuda:1`. Raises `SettingsError` if it is
    not available.
    """

    def __init__(self, device: str, precision: str) -> None:
        self.device: torch.device = device_named(device)
        self._mixed = precision == "bf16-mixed"
        self._fabric: Any = None
        if self.device.type != "cpu" or processes.count() > 1:
            self._fabric = _fabric(device, precision)
            self.device = self._fabric.device

    def set_up(self, network: nn.Module) -> None:
        """Move the network to the device, in place."""
        if self._fabric is None:
            network.to(self.device)
        elif processes.count() > 1:  # Fabric would wrap it, to combine gradients parameter by parameter
            self._fabric.to_device(network)
        else:
            self._fabric.setup_module(network)

    def combined(self, loss: Tensor, gradient: Tensor, batch: Any) -> Tensor:
        """Return the loss over the shares of all processes, and make `gradient` (P,) that of it, in place.

        Each process counts by the `weight` of its batch, so that the result is that of one process with the whole
        batch, but for rounding. Raises SettingsError for a batch without one, TrainingError if a process is gone.
        """
        if processes.count() == 1:
            return loss
        if not hasattr(batch, "weight"):
            raise SettingsError(
                "only forecasters can be trained by several processes: start this training without torchrun"
            )
        weight = torch.tensor(batch.weight, dtype=gradient.dtype, device=gradient.device)
        sums = torch.stack([loss.detach().to(gradient.dtype) * weight, weight])
        try:
            torch.distributed.all_reduce(sums)
            torch.distributed.all_reduce(gradient.mul_(weight))
        except RuntimeError as error:
            raise TrainingError(
                "another process of this training has ended: start all of them again, and they go on from the "
                "checkpoint"
            ) from error
        gradient.div_(sums[1])
        return sums[0] / sums[1]

    def of_the_first(self, value: V) -> V:
        """Return the value that the first process gives, in all of them."""
        if processes.count() == 1:
            return value
        given: V = self._fabric.broadcast(value)
        return given

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which losses and evaluations are computed."""
        if self._fabric is None:
            return torch.autocast("cpu", torch.bfloat16) if self._mixed else nullcontext()
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


def _fabric(device: str, precision: str) -> Any:
    # The import takes over a second on top of torch, which only those who need it should pay for.
    from lightning_fabric import Fabric

    kind, _, index = device.partition(":")
    devices = [int(index)] if index and kind != "cpu" else 1
    together: dict[str, Any] = {}
    if processes.count() > 1:
        devices = processes.count_here()
        together = {"num_nodes": processes.count() // devices, "strategy": "ddp"}
    try:
        fabric = Fabric(accelerator=kind, devices=devices, precision=cast(Any, precision), **together)
        fabric.launch()
    except (
        ValueError,
        RuntimeError,
        TypeError,
    ) as error:  # Fabric's MisconfigurationException is one of these or a subclass
        raise SettingsError(f"device={device!r} cannot be used for training ({error}): try device='auto'") from error
    return fabric
