"""All trainable weights of a network as one vector.

Clipping, the optimiser, averaging and snapshots then cost one operation each, whatever the number of layers. With the
usual list of tensors they cost more than a whole step of a small network: torch's fused Adam, for example, opens a
parallel region for each tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foretell.errors import SettingsError, TrainingError


@dataclass
class Snapshot:
    """A copy of a network's weights `(P,)` and of its buffers (such as the running means of a batch normalisation)."""

    vector: Tensor
    buffers: list[Tensor]


class Weights:
    """The trainable parameters of `network`, copied into the vector `vector` `(P,)`, and its persistent buffers.

    Training works on the vector; `publish` writes it into the network. A parameter on which the loss does not depend
    has a zero gradient. Raises `SettingsError` if there are no trainable parameters, or if they differ in dtype or
    device.
    """

    def __init__(self, network: nn.Module) -> None:
        named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        if not named:
            raise SettingsError("the network has no trainable parameter: set requires_grad, or skip the training")
        kinds = {(str(p.dtype), str(p.device)) for _, p in named}
        if len(kinds) > 1:
            listed = ", ".join(" on ".join(kind) for kind in sorted(kinds))
            raise SettingsError(f"the network's parameters differ in type or device ({listed}): convert it with .to()")
        self.layout = [(name, list(p.shape)) for name, p in named]
        self.parameters: list[Tensor] = [p for _, p in named]
        self.vector = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        self.gradient = torch.zeros_like(self.vector)
        self._sizes = [p.numel() for p in self.parameters]
        self._views = self._split(self.vector)
        # A buffer is looked up in its module at each use, because a layer may replace it by a new tensor.
        self._buffers = _persistent_buffers(network)
        self.buffer_names = [".".join(filter(None, (prefix, name))) for prefix, _, name in self._buffers]

    def publish(self) -> None:
        """Write the vector into the network's parameters."""
        with torch.no_grad():
            torch._foreach_copy_(self.parameters, self._views)

    def differentiate(self, loss: Tensor) -> Tensor:
        """Compute the gradient `(P,)` of a scalar loss, in a buffer that the next call overwrites."""
        if not loss.requires_grad:
            raise TrainingError(
                "the loss does not depend on the network's weights: check the loss function and the data"
            )
        gradients = torch.autograd.grad(loss, self.parameters, materialize_grads=True)
        return torch.cat([g.reshape(-1) for g in gradients], out=self.gradient)

    def buffers(self) -> list[Tensor]:
        """Return the network's current persistent buffers."""
        return [getattr(owner, name) for _, owner, name in self._buffers]

    def snapshot(self, vector: Tensor | None = None) -> Snapshot:
        """Copy the buffers and `vector` `(P,)`, by default the current weights."""
        return Snapshot((self.vector if vector is None else vector).clone(), [b.clone() for b in self.buffers()])

    def overwrite(self, snapshot: Snapshot) -> None:
        """Update an older snapshot to the current weights and buffers."""
        snapshot.vector.copy_(self.vector)
        if self._buffers:
            _copy_into(snapshot.buffers, self.buffers())

    def restore(self, snapshot: Snapshot) -> None:
        """Restore the network to the state of the snapshot."""
        self.vector.copy_(snapshot.vector)
        self.publish()
        self.restore_buffers(snapshot)

    def restore_buffers(self, snapshot: Snapshot) -> None:
        """Restore only the buffers."""
        if self._buffers:
            _copy_into(self.buffers(), snapshot.buffers)

    @contextmanager
    def showing(self, vector: Tensor) -> Iterator[None]:
        """Give the network the weights `vector` `(P,)` within the block; restore the training weights after it."""
        if vector is self.vector:
            yield
            return
        with torch.no_grad():
            torch._foreach_copy_(self.parameters, self._split(vector))
        try:
            yield
        finally:
            self.publish()

    def _split(self, vector: Tensor) -> list[Tensor]:
        return [part.view(p.shape) for part, p in zip(torch.split(vector, self._sizes), self.parameters, strict=True)]


def _copy_into(targets: Sequence[Tensor], sources: Sequence[Tensor]) -> None:
    with torch.no_grad():
        for target, source in zip(targets, sources, strict=True):
            target.copy_(source)


def _persistent_buffers(network: nn.Module) -> list[tuple[str, nn.Module, str]]:
    saved = network.state_dict(keep_vars=True)
    buffers = {id(b): name for name, b in network.named_buffers() if name in saved}
    modules = dict(network.named_modules())
    parts = [name.rpartition(".") for name in buffers.values()]
    return [(prefix, modules[prefix], name) for prefix, _, name in parts]
