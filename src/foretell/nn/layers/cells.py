"""Recurrent cells: `RNNCell`, `LSTMCell` and `GRUCell` hold parameters and compute one time step.

For the equations see `foretell.kernels.equations`.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from foretell.kernels.equations import CellEquations, GRUEquations, LSTMEquations, RNNEquations
from foretell.kernels.reference import State
from foretell.nn.layers.initialisation import initialise


class _Cell(nn.RNNCellBase):
    """The base class of the three cells: the equations with their options, and the initial values."""

    equations: CellEquations

    def _take(self, equations: CellEquations) -> None:
        self.equations = equations
        for name, shape in equations.options(self.hidden_size).items():
            self.register_parameter(name, nn.Parameter(self.weight_ih.new_empty(shape)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values; see `foretell.nn.layers.initialisation`."""
        if hasattr(self, "equations"):  # torch's constructor calls this before the options are known
            initialise(self, self.equations.gates)

    def _step(self, x: Tensor, state: State) -> State:
        if x.dim() not in (1, 2):
            raise ValueError(f"{type(self).__name__}: Expected input to be 1D or 2D, got {x.dim()}D instead")
        if x.shape[-1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {x.shape[-1]} expected {self.input_size}")
        expected = torch.Size((*x.shape[:-1], self.hidden_size))
        for name, s in zip(("hx[0]", "hx[1]") if len(state) == 2 else ("hx",), state, strict=True):
            if s.shape != expected:
                raise RuntimeError(f"Expected {name} of size {list(expected)}, got {list(s.shape)}")
        weights = dict(self.named_parameters(recurse=False))
        return self.equations.step(self.equations.input_share(x, weights), state, weights)

    def _zeros(self, x: Tensor) -> Tensor:
        return x.new_zeros((*x.shape[:-1], self.hidden_size))


class RNNCell(_Cell, nn.RNNCell):
    """A cell of Elman's network: `torch.nn.RNNCell`, with the options of `foretell.nn.RNN`.

    `RNNCell(input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None, *, layer_norm=False)`.
    Input `(B, I)` or `(I,)`, state `hx` `(B, H)` or `(H,)` (zeros by default); returns h' of the same shape. For the
    equations see `RNNEquations`, for the initial values `foretell.nn.layers.initialisation`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        device: Any = None,
        dtype: Any = None,
        *,
        layer_norm: bool = False,
    ) -> None:
        nn.RNNCell.__init__(self, input_size, hidden_size, bias, nonlinearity, device, dtype)
        self.layer_norm = layer_norm
        self._take(RNNEquations(nonlinearity, layer_norm))

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:  # noqa: A002 (torch's name)
        """Compute h' from the input `(B, I)` and h `(B, H)`."""
        if not self.layer_norm:
            return super().forward(input, hx)
        return self._step(input, (self._zeros(input) if hx is None else hx,))[0]


class LSTMCell(_Cell, nn.LSTMCell):
    """A cell of long short-term memory: `torch.nn.LSTMCell`, with the options of `foretell.nn.LSTM`.

    `LSTMCell(input_size, hidden_size, bias=True, device=None, dtype=None, *, peephole=False, layer_norm=False)`.
    Input `(B, I)` or `(I,)`, state `hx = (h, c)`, each `(B, H)` or `(H,)` (zeros by default); returns `(h', c')`. For
    the equations see `LSTMEquations`, for the initial values `foretell.nn.layers.initialisation`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        peephole: bool = False,
        layer_norm: bool = False,
    ) -> None:
        nn.LSTMCell.__init__(self, input_size, hidden_size, bias, device, dtype)
        self._take(LSTMEquations(peephole, layer_norm))

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:  # noqa: A002
        """Compute (h', c') from the input `(B, I)` and (h, c), each `(B, H)`."""
        if self.equations == LSTMEquations():
            return super().forward(input, hx)
        h, c = self._step(input, (self._zeros(input), self._zeros(input)) if hx is None else hx)
        return h, c


class GRUCell(_Cell, nn.GRUCell):
    """A cell of the gated recurrent unit: `torch.nn.GRUCell`, with the options of `foretell.nn.GRU`.

    `GRUCell(input_size, hidden_size, bias=True, device=None, dtype=None, *, layer_norm=False, reset_after=True)`.
    Input `(B, I)` or `(I,)`, state `hx` `(B, H)` or `(H,)` (zeros by default); returns h' of the same shape. For the
    equations see `GRUEquations`, for the initial values `foretell.nn.layers.initialisation`.
    Raises ValueError for layer norm with the reset gate before the product.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        layer_norm: bool = False,
        reset_after: bool = True,
    ) -> None:
        nn.GRUCell.__init__(self, input_size, hidden_size, bias, device, dtype)
        self._take(GRUEquations(layer_norm, reset_after))

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:  # noqa: A002
        """Compute h' from the input `(B, I)` and h `(B, H)`."""
        if self.equations == GRUEquations():
            return super().forward(input, hx)
        return self._step(input, (self._zeros(input) if hx is None else hx,))[0]
