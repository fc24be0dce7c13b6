"""The equations of each recurrent cell for one time step, in plain torch.

The three `...Equations` classes are the cells as in textbooks, without parameters of their own. An option is a field of
one of them together with the parameters that it adds. The compiled scan has the same equations in
`native/scan/cells.h`.

Names: x input, h output of the previous step, c cell state, sigma the logistic function, * elementwise, and
LN(a; w) = w * (a - mean(a)) / sqrt(var(a) + 1e-5) over the last axis (Ba, Kiros & Hinton, 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from foretell.kernels.reference import Equations, State, Weights

Shapes = dict[str, tuple[int, ...]]


class CellEquations(Equations, Protocol):
    """A cell with its options: the equations, and the parameters that they add to torch's."""

    @property
    def gates(self) -> int:
        """The number of blocks of H rows in the weights."""
        ...

    @property
    def kernel(self) -> str:
        """The name under which the compiled scan knows this cell."""
        ...

    def options(self, hidden_size: int) -> Shapes:
        """Return names and shapes of the parameters that torch's cell does not have."""
        ...


def normalise(a: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute LN(a; weight) + bias over the last axis, eps = 1e-5."""
    return F.layer_norm(a, a.shape[-1:], weight, bias, 1e-5)


def _sum(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    return None if a is None or b is None else a + b


def _seen(h: Tensor, mask: Tensor | None) -> Tensor:
    """Return h(t-1) as the gates see it: with recurrent dropout, some units are dropped."""
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
        """Return names and shapes of the parameters that torch's RNN does not have."""
        return {"ln_weight": (hidden_size,), "ln_bias": (hidden_size,)} if self.layer_norm else {}

    def input_share(self, x: Tensor, w: Weights) -> Tensor:
        """Compute W_ih x + b_ih + b_hh."""
        return F.linear(x, w["weight_ih"], _sum(w.get("bias_ih"), w.get("bias_hh")))

    def step(self, share: Tensor, state: State, w: Weights, mask: Tensor | None = None) -> State:
        """Compute `(h,) -> (h',)`."""
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

    Peepholes (Gers & Schmidhuber, 2000): i + p_i * c, f + p_f * c and o + p_o * c' replace i, f and o.
    Layer norm (Ba, Kiros & Hinton, 2016):
    i, f, g, o = split(LN(W_ih x; ln_ih_weight) + LN(W_hh h; ln_hh_weight) + b_ih + b_hh), each LN over all 4H features;
    h' = sigma(o) * tanh(LN(c'; ln_c_weight) + ln_c_bias); the state carried on, and seen by peepholes, is the raw c'.
    """

    peephole: bool = False
    layer_norm: bool = False
    gates: ClassVar[int] = 4
    kernel: ClassVar[str] = "lstm"

    def options(self, hidden_size: int) -> Shapes:
        """Return names and shapes of the parameters that torch's LSTM does not have."""
        shapes: Shapes = {}
        if self.peephole:
            shapes["weight_peephole"] = (3, hidden_size)
        if self.layer_norm:
            shapes |= {"ln_ih_weight": (4 * hidden_size,), "ln_hh_weight": (4 * hidden_size,)}
            shapes |= {"ln_c_weight": (hidden_size,), "ln_c_bias": (hidden_size,)}
        return shapes

    def input_share(self, x: Tensor, w: Weights) -> Tensor:
        """Compute W_ih x + b_ih + b_hh, with the product normalised under layer norm."""
        bias = _sum(w.get("bias_ih"), w.get("bias_hh"))
        if self.layer_norm:
            return normalise(F.linear(x, w["weight_ih"]), w["ln_ih_weight"], bias)
        return F.linear(x, w["weight_ih"], bias)

    def step(self, share: Tensor, state: State, w: Weights, mask: Tensor | None = None) -> State:
        """Compute `(h, c) -> (h', c')`."""
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
    With layer norm, LN(W_ih x; ln_ih_weight) + b_ih and LN(W_hh h; ln_hh_weight) + b_hh replace the two linear maps,
    each LN over all 3H features; only with reset after.
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
        """Return names and shapes of the parameters that torch's GRU does not have."""
        return {"ln_ih_weight": (3 * hidden_size,), "ln_hh_weight": (3 * hidden_size,)} if self.layer_norm else {}

    def input_share(self, x: Tensor, w: Weights) -> Tensor:
        """Compute W_ih x + b_ih, with the product normalised under layer norm."""
        if self.layer_norm:
            return normalise(F.linear(x, w["weight_ih"]), w["ln_ih_weight"], w.get("bias_ih"))
        return F.linear(x, w["weight_ih"], w.get("bias_ih"))

    def step(self, share: Tensor, state: State, w: Weights, mask: Tensor | None = None) -> State:
        """Compute `(h,) -> (h',)`."""
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


_COMPILED: dict[str, Callable[[bool, bool], CellEquations]] = {
    "rnn_tanh": lambda layer_norm, _: RNNEquations("tanh", layer_norm),
    "rnn_relu": lambda layer_norm, _: RNNEquations("relu", layer_norm),
    "lstm": lambda layer_norm, peephole: LSTMEquations(peephole, layer_norm),
    "gru": lambda layer_norm, _: GRUEquations(layer_norm),
    "gru_reset_before": lambda *_: GRUEquations(reset_after=False),
}


def equations_of(cell: str, given: Collection[str]) -> CellEquations:
    """Return the equations of a cell that the compiled scan supports, with the options implied by its parameters."""
    return _COMPILED[cell](any(name.startswith("ln_") for name in given), "weight_peephole" in given)
