"""The base class of heads: feeding values to a network, computing their likelihood, and sampling them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from foretell.nn.heads.sampling import Sampling


class Head(ABC):
    """The distribution of the value at t given the values before t, described by a network's outputs at t.

    A head has no parameters: the outputs come from the network's last layer. B sequences, T time steps, O outputs.
    """

    name: ClassVar[str]
    """The name of the head in a model folder."""
    quantised: ClassVar[bool]
    """True if values are levels, whole numbers read by an embedding look-up; otherwise they are floats in [-1, 1]."""
    silence: float
    """The value before a sequence begins; a whole number if values are levels."""

    @property
    @abstractmethod
    def input_size(self) -> int:
        """Input features per time step of the network: the number of levels, or 1 for floats."""

    @property
    @abstractmethod
    def output_size(self) -> int:
        """O, the number of outputs per time step that the network must have."""

    @abstractmethod
    def arguments(self) -> dict[str, int]:
        """Return the constructor's arguments."""

    @abstractmethod
    def network_input(self, values: Tensor) -> Tensor:
        """Convert values `(B, T)` to the network's input: levels `(B, T)`, or floats `(B, T, 1)`."""

    def shifted(self, values: Tensor, before: Tensor | None = None) -> Tensor:
        """Return the network's input for teacher forcing: the values `(B, T)` delayed by one step.

        The first step is `before` `(B,)`, by default silence. With this input, the outputs at t describe the value
        at t. Raises ValueError for other shapes.
        """
        self._check_values(values)
        batch, steps = values.shape
        if before is None:
            before = values.new_full((batch,), self.silence)
        elif before.shape != (batch,):
            raise ValueError(f"before must have the shape ({batch},), one per sequence, got {tuple(before.shape)}")
        late = torch.cat([before[:, None].to(values.dtype), values[:, : max(steps - 1, 0)]], 1)
        return self.network_input(late[:, :steps])

    def nll(self, outputs: Tensor, values: Tensor) -> Tensor:
        """Compute the negative log-likelihood `(B, T)` of the values `(B, T)` in nats, from outputs `(B, T, O)`.

        The distribution is always discrete: over levels, or over the cells of a grid. Divide by ln 2 for bits per
        value. Half-precision outputs are converted to single precision. Raises ValueError for other shapes, and for
        levels that do not exist.
        """
        self._check_values(values)
        if outputs.shape != (*values.shape, self.output_size):
            raise ValueError(
                f"outputs must have the shape {(*values.shape, self.output_size)} for values of "
                f"{tuple(values.shape)}, got {tuple(outputs.shape)}"
            )
        return self._nll(_at_least_single(outputs), values)

    @torch.no_grad()
    def sample(self, outputs: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
        """Sample values `(B,)` from outputs `(B, O)`, using numbers `(B, 2)` that are uniform in [0, 1).

        The same numbers give the same values. Raises SettingsError for sampling options that the head does not
        support, and ValueError for other shapes and for outputs that are NaN or infinite.
        """
        self.check_sampling(sampling)
        batch = outputs.shape[0]
        if outputs.shape != (batch, self.output_size) or uniforms.shape != (batch, 2):
            raise ValueError(
                f"outputs and uniforms must have the shapes (B, {self.output_size}) and (B, 2), got "
                f"{tuple(outputs.shape)} and {tuple(uniforms.shape)}"
            )
        return self._sample(_at_least_single(outputs), uniforms, sampling)

    def check_sampling(self, sampling: Sampling) -> None:  # noqa: B027 (most heads support all options)
        """Raise SettingsError for sampling options that this head does not support."""

    def to_dict(self) -> dict[str, Any]:
        """Return the name and arguments, for `head_from_dict`."""
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
