"""One time step of each recurrent cell.

The three `...Equations` classes are the cells as the textbooks write them, without parameters of their own: the layers
of `recurrent.py` scan them over time. `RNNCell`, `LSTMCell` and `GRUCell` hold parameters and take one step.

Names: x input, h output of the previous step, c cell state, sigma the logistic function, * elementwise, and
LN(a; w) = w * (a - mean(a)) / sqrt(var(a) + 1e-5) over the last axis (Ba, Kiros & Hinton, 2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.kernels.reference import Equations, State, Weights
from foretell.kernels.twin import register_equations
from foretell.nn.layers.initialisation import initialise

Shapes = dict[str, tuple[int, ...]]


class CellEquations(Equations, Protocol):
    """A cell with its options: the equations, and which parameters they add to torch's."""

    @property
    def gates(self) -> int:
        """How many blocks of H rows the weights have."""
        ...

    @property
    def kernel(self) -> str:
        """The name under which the compiled scan knows this cell."""
        ...

    def options(self, hidden_size: int) -> Shapes:
        """Names and shapes of the parameters that torch's cell does not have."""
        ...


def normalise(a: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """LN(a; weight) + bias over the last axis, eps = 1e-5."""
    return F.layer_norm(a, a.shape[-1:], weight, bias, 1e-5)


def _sum(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    return None if a is None or b is None else a + b


def _seen(h: Tensor, mask: Tensor | None) -> Tensor:
    """h(t-1) as the gates see it: under recurrent dropout, with some units dropped."""
    return h if mask is None else h * mask


@dataclass(frozen=True)
class RNNEquations:
    """Elman's network (Elman, 1990), phi = tanh or relu.

    h' = phi(W_ih x + b_ih + W_hh h + b_hh)
    with layer norm: h' = phi(LN(W_ih x + b_ih + W_hh h + b_hh; ln_weight) + ln_bias)
    """

    nonlinearity: Literal["tanh", "relu"] = "tanh"
    layer_norm: bool = False
    gates: ClassVar[int] = 1

    @property
    def kernel(self) -> str:
        """The name under which the compiled scan knows this cell."""
        return f"rnn_{self.nonlinearity}"

    def options(self, hidden_size: int) -> Shapes:
        """Names and shapes of the parameters that torch's RNN does not have."""
        return {"ln_weight": (hidden_size,), "ln_bias": (hidden_size,)} if self.layer_norm else {}

    def input_share(self, x: Tensor, w: Weights) -> Tensor:
        """W_ih x + b_ih + b_hh."""
        return F.linear(x, w["weight_ih"], _sum(w.get("bias_ih"), w.get("bias_hh")))

    def step(self, share: Tensor, state: State, w: Weights, mask: Tensor | None = None) -> State:
        """`(h,) -> (h',)`."""
        (h,) = state
        a = share + F.linear(_seen(h, mask), w["weight_hh"])
        if self.layer_norm:
            a = normalise(a, w["ln_weight"], w["ln_bias"])
        return (torch.tanh(a) if self.nonlinearity == "tanh" else torch.relu(a),)


@dataclass(frozen=True)
class LSTMEquations:
    """Long short-term memory (Hochreiter & Schmidhuber, 1997), with a forget gate (Gers, Schmidhuber & Cummins, 2000).

    i, f, g, o = split(W_ih x + b_ih + W_hh h + b_hh)
    c' = sigma(f) * c + sigma(i) * tanh(g)
    h' = sigma(o) * tanh(c'), or W_hr (sigma(o) * tanh(c')) with a projection (Sak, Senior & Beaufays, 2014)

    Peepholes (Gers & Schmidhuber, 2000): i + p_i * c, f + p_f * c and o + p_o * c' take the place of i, f and o.
    Layer norm (Ba, Kiros & Hinton, 2016):
    i, f, g, o = split(LN(W_ih x; ln_ih_weight) + LN(W_hh h; ln_hh_weight) + b_ih + b_hh), each LN over all 4H features;
    h' = sigma(o) * tanh(LN(c'; ln_c_weight) + ln_c_bias); the state carried on, and seen by peepholes, is the raw c'.
    """

    peephole: bool = False
    layer_norm: bool = False
    gates: ClassVar[int] = 4
    kernel: ClassVar[str] = "lstm"

    def options(self, hidden_size: int) -> Shapes:
        """Names and shapes of the parameters that torch's LSTM does not have."""
        shapes: Shapes = {}
        if self.peephole:
            shapes["weight_peephole"] = (3, hidden_size)
        if self.layer_norm:
            shapes |= {"ln_ih_weight": (4 * hidden_size,), "ln_hh_weight": (4 * hidden_size,)}
            shapes |= {"ln_c_weight": (hidden_size,), "ln_c_bias": (hidden_size,)}
        return shapes

    def input_share(self, x: Tensor, w: Weights) -> Tensor:
        """W_ih x + b_ih + b_hh, its product normalised under layer norm."""
        bias = _sum(w.get("bias_ih"), w.get("bias_hh"))
        if self.layer_norm:
            return normalise(F.linear(x, w["weight_ih"]), w["ln_ih_weight"], bias)
        return F.linear(x, w["weight_ih"], bias)

    def step(self, share: Tensor, state: State, w: Weights, mask: Tensor | None = None) -> State:
        """`(h, c) -> (h', c')`."""
        h, c = state
        a = F.linear(_seen(h, mask), w["weight_hh"])
        if self.layer_norm:
            a = normalise(a, w["ln_hh_weight"])
        i, f, g, o = (share + a).chunk(4, -1)
        if self.peephole:
            p_i, p_f, p_o = w["weight_peephole"].unbind()
            i, f = i + p_i * c, f + p_f * c
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        if self.peephole:
            o = o + p_o * c
        normalised = normalise(c, w["ln_c_weight"], w["ln_c_bias"]) if self.layer_norm else c
        h = torch.sigmoid(o) * torch.tanh(normalised)
        if "weight_hr" in w:
            h = F.linear(h, w["weight_hr"])
        return h, c


@dataclass(frozen=True)
class GRUEquations:
    """Gated recurrent unit (Cho et al., 2014).

    r, z = sigma(split(W_i x + b_i + W_h h + b_h)); h' = (1 - z) * n + z * h, where
    reset after (as torch):        n = tanh(W_in x + b_in + r * (W_hn h + b_hn))
    reset before (as Cho et al.):  n = tanh(W_in x + b_in + W_hn (r * h) + b_hn)
    With layer norm, LN(W_ih x; ln_ih_weight) + b_ih and LN(W_hh h; ln_hh_weight) + b_hh take the place of the two
    linear maps, each LN over all 3H features; reset after only.
    """

    layer_norm: bool = False
    reset_after: bool = True
    gates: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if self.layer_norm and not self.reset_after:
            raise ValueError("layer_norm=True needs reset_after=True: the norm spans all three gates of W_hh h")

    @property
    def kernel(self) -> str:
        """The name under which the compiled scan knows this cell."""
        return "gru" if self.reset_after else "gru_reset_before"

    def options(self, hidden_size: int) -> Shapes:
        """Names and shapes of the parameters that torch's GRU does not have."""
        return {"ln_ih_weight": (3 * hidden_size,), "ln_hh_weight": (3 * hidden_size,)} if self.layer_norm else {}

    def input_share(self, x: Tensor, w: Weights) -> Tensor:
        """W_ih x + b_ih, its product normalised under layer norm."""
        if self.layer_norm:
            return normalise(F.linear(x, w["weight_ih"]), w["ln_ih_weight"], w.get("bias_ih"))
        return F.linear(x, w["weight_ih"], w.get("bias_ih"))

    def step(self, share: Tensor, state: State, w: Weights, mask: Tensor | None = None) -> State:
        """`(h,) -> (h',)`."""
        (h,) = state
        seen = _seen(h, mask)
        weight, bias = w["weight_hh"], w.get("bias_hh")
        if self.reset_after:
            a = F.linear(seen, weight, None if self.layer_norm else bias)
            if self.layer_norm:
                a = normalise(a, w["ln_hh_weight"], bias)
            x_r, x_z, x_n = share.chunk(3, -1)
            h_r, h_z, h_n = a.chunk(3, -1)
            r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
            n = torch.tanh(x_n + r * h_n)
        else:
            sizes = [2 * h.shape[-1], h.shape[-1]]
            (x_rz, x_n), (w_rz, w_n) = torch.split(share, sizes, -1), torch.split(weight, sizes)
            b_rz, b_n = (None, None) if bias is None else torch.split(bias, sizes)
            r, z = torch.sigmoid(x_rz + F.linear(seen, w_rz, b_rz)).chunk(2, -1)
            n = torch.tanh(x_n + F.linear(r * seen, w_n, b_n))
        return ((1 - z) * n + z * h,)


register_equations("rnn_tanh", lambda _, layer_norm: RNNEquations("tanh", layer_norm))
register_equations("rnn_relu", lambda _, layer_norm: RNNEquations("relu", layer_norm))
register_equations("lstm", LSTMEquations)
register_equations("gru", lambda _, layer_norm: GRUEquations(layer_norm))
register_equations("gru_reset_before", lambda _, layer_norm: GRUEquations(layer_norm, reset_after=False))


class _Cell(nn.RNNCellBase):
    """What the three cells share beyond torch's: the equations with their options, and the initial values."""

    equations: CellEquations

    def _take(self, equations: CellEquations) -> None:
        self.equations = equations
        for name, shape in equations.options(self.hidden_size).items():
            self.register_parameter(name, nn.Parameter(self.weight_ih.new_empty(shape)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values: see `foretell.nn.layers.initialisation`."""
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
    """One step of Elman's network: `torch.nn.RNNCell`, with the options of `foretell.nn.RNN`.

    `RNNCell(input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None, *, layer_norm=False)`.
    Input `(B, I)` or `(I,)`, state `hx` `(B, H)` or `(H,)` (zeros if left out); returns h' of the same shape. The
    equations: see `RNNEquations`; the initial values: see `foretell.nn.layers.initialisation`.
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
        """h' from the input `(B, I)` and h `(B, H)`."""
        if not self.layer_norm:
            return super().forward(input, hx)
        return self._step(input, (self._zeros(input) if hx is None else hx,))[0]


class LSTMCell(_Cell, nn.LSTMCell):
    """One step of long short-term memory: `torch.nn.LSTMCell`, with the options of `foretell.nn.LSTM`.

    `LSTMCell(input_size, hidden_size, bias=True, device=None, dtype=None, *, peephole=False, layer_norm=False)`.
    Input `(B, I)` or `(I,)`, state `hx = (h, c)` each `(B, H)` or `(H,)` (zeros if left out); returns `(h', c')`. The
    equations: see `LSTMEquations`; the initial values: see `foretell.nn.layers.initialisation`.
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
        """(h', c') from the input `(B, I)` and (h, c), each `(B, H)`."""
        if self.equations == LSTMEquations():
            return super().forward(input, hx)
        h, c = self._step(input, (self._zeros(input), self._zeros(input)) if hx is None else hx)
        return h, c


class GRUCell(_Cell, nn.GRUCell):
    """One step of the gated recurrent unit: `torch.nn.GRUCell`, with the options of `foretell.nn.GRU`.

    `GRUCell(input_size, hidden_size, bias=True, device=None, dtype=None, *, layer_norm=False, reset_after=True)`.
    Input `(B, I)` or `(I,)`, state `hx` `(B, H)` or `(H,)` (zeros if left out); returns h' of the same shape. The
    equations: see `GRUEquations`; the initial values: see `foretell.nn.layers.initialisation`.
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
        """h' from the input `(B, I)` and h `(B, H)`."""
        if self.equations == GRUEquations():
            return super().forward(input, hx)
        return self._step(input, (self._zeros(input) if hx is None else hx,))[0]
