"""What every head offers: how values are fed to a network, how likely they are, and how they are drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from foretell.nn.heads.sampling import Sampling


class Head(ABC):
    """The distribution of a sequence's value at t that a network's outputs at t stand for, given the values before t.

    A head has no parameters: a network's last layer gives its outputs. B sequences, T time steps, O outputs.
    """

    name: ClassVar[str]
    """What it is called in a model's folder."""
    quantised: ClassVar[bool]
    """Whether values are whole numbers, levels, read by look-up; else they are floats in [-1, 1]."""
    silence: float
    """The value before a sequence begins; a whole number where values are."""

    @property
    @abstractmethod
    def input_size(self) -> int:
        """Features of a time step as the network reads it: as many as there are levels, or 1 for floats."""

    @property
    @abstractmethod
    def output_size(self) -> int:
        """O, the outputs of a time step that the network must give."""

    @abstractmethod
    def arguments(self) -> dict[str, int]:
        """What the head was built with."""

    @abstractmethod
    def network_input(self, values: Tensor) -> Tensor:
        """What a network reads, from values `(B, T)`: levels `(B, T)`, or floats `(B, T, 1)`."""

    def shifted(self, values: Tensor, before: Tensor | None = None) -> Tensor:
        """A network's input for teacher forcing: the values `(B, T)` one step late, first `before` `(B,)` or silence.

        With it, the outputs at t stand for the value at t. Raises ValueError for other shapes.
        """
        self._check_values(values)
        batch, steps = values.shape
        if before is None:
            before = values.new_full((batch,), self.silence)
        elif before.shape != (batch,):
            raise ValueError(f"before must have the shape ({batch},), a value a sequence, got {tuple(before.shape)}")
        late = torch.cat([before[:, None].to(values.dtype), values[:, : max(steps - 1, 0)]], 1)
        return self.network_input(late[:, :steps])

    def nll(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The negative log-likelihood `(B, T)` of the values `(B, T)` in nats, from outputs `(B, T, O)`.

        Always of a discrete distribution: of levels, or of the cells of a grid. Divided by ln 2 it is bits a value.
        Half-precision outputs are taken in single precision. Raises ValueError for other shapes, and for levels that
        there are not.
        """
        self._check_values(values)
        if outputs.shape != (*values.shape, self.output_size):
            raise ValueError(
                f"outputs must have the shape {(*values.shape, self.output_size)} beside values of "
                f"{tuple(values.shape)}, got {tuple(outputs.shape)}"
            )
        return self._nll(_at_least_single(outputs), values)

    @torch.no_grad()
    def sample(self, outputs: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
        """Values `(B,)` drawn from outputs `(B, O)`, by numbers `(B, 2)` that are uniform in [0, 1).

        The same numbers give the same values. Raises SettingsError for what a head cannot do, and ValueError for other
        shapes and for outputs that are NaN or infinite.
        """
        self.check_sampling(sampling)
        batch = outputs.shape[0]
        if outputs.shape != (batch, self.output_size) or uniforms.shape != (batch, 2):
            raise ValueError(
                f"outputs and uniforms must have the shapes (B, {self.output_size}) and (B, 2), got "
                f"{tuple(outputs.shape)} and {tuple(uniforms.shape)}"
            )
        return self._sample(_at_least_single(outputs), uniforms, sampling)

    def check_sampling(self, sampling: Sampling) -> None:  # noqa: B027 (most heads can do all of it)
        """Raise SettingsError for what this head cannot do."""

    def to_dict(self) -> dict[str, Any]:
        """Name and numbers, for `head_from_dict`."""
        return {"name": self.name, **self.arguments()}

    @abstractmethod
    def _check_values(self, values: Tensor) -> None:
        """Raise ValueError for values that are not `(B, T)` of the right kind."""

    @abstractmethod
    def _nll(self, outputs: Tensor, values: Tensor) -> Tensor: ...

    @abstractmethod
    def _sample(self, outputs: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor: ...

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Head) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(tuple(self.to_dict().items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value}' for key, value in self.arguments().items())})"


def _at_least_single(outputs: Tensor) -> Tensor:
    return outputs if outputs.dtype == torch.float64 else outputs.float()
