"""Cells that torch has no layer for, as a skilled user of torch writes them: the peer of our fused layers.

The input's share of the whole sequence is one product before the loop. A step is one product (`addmm` where it can take
the share along), fused pointwise operators (`addcmul`, `lerp`), one sigmoid for gates that lie side by side, and
`layer_norm`. The equations are those of `foretell.kernels.equations`; weights go by torch's names without the suffix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = Mapping[str, Tensor]
Loop = Callable[[Tensor, Weights], Tensor]
"""Outputs `(T, B, H)` of the input `(T, B, I)`, from a state of zeros."""


def peephole_lstm(x: Tensor, w: Weights) -> Tensor:
    """Gers & Schmidhuber (2000)."""
    recurrent = w["weight_hh"].t()
    h = c = x.new_zeros(x.shape[1], len(recurrent))
    p_i, p_f, p_o = w["weight_peephole"].unbind()
    outputs = []
    for share in F.linear(x, w["weight_ih"], w["bias_ih"] + w["bias_hh"]).unbind():
        i, f, g, o = torch.addmm(share, h, recurrent).chunk(4, -1)
        i, f = torch.sigmoid(torch.addcmul(i, p_i, c)), torch.sigmoid(torch.addcmul(f, p_f, c))
        c = torch.addcmul(f * c, i, torch.tanh(g))
        h = torch.sigmoid(torch.addcmul(o, p_o, c)) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs)


def layer_norm_lstm(x: Tensor, w: Weights) -> Tensor:
    """Ba, Kiros & Hinton (2016)."""
    recurrent = w["weight_hh"].t()
    hidden, gates = recurrent.shape
    h = c = x.new_zeros(x.shape[1], hidden)
    shares = F.layer_norm(F.linear(x, w["weight_ih"]), (gates,), w["ln_ih_weight"], w["bias_ih"] + w["bias_hh"])
    outputs = []
    for share in shares.unbind():
        a = share + F.layer_norm(h @ recurrent, (gates,), w["ln_hh_weight"])
        i_f, g, o = torch.split(a, [2 * hidden, hidden, hidden], -1)
        i, f = torch.sigmoid(i_f).chunk(2, -1)
        c = torch.addcmul(f * c, i, torch.tanh(g))
        h = torch.sigmoid(o) * torch.tanh(F.layer_norm(c, (hidden,), w["ln_c_weight"], w["ln_c_bias"]))
        outputs.append(h)
    return torch.stack(outputs)


def layer_norm_gru(x: Tensor, w: Weights) -> Tensor:
    """Cho et al. (2014), the reset gate after the product, with the norms of Ba, Kiros & Hinton (2016)."""
    recurrent = w["weight_hh"].t()
    hidden, gates = recurrent.shape
    h = x.new_zeros(x.shape[1], hidden)
    shares = F.layer_norm(F.linear(x, w["weight_ih"]), (gates,), w["ln_ih_weight"], w["bias_ih"])
    outputs = []
    for share in shares.unbind():
        a = F.layer_norm(h @ recurrent, (gates,), w["ln_hh_weight"], w["bias_hh"])
        x_rz, x_n = torch.split(share, [2 * hidden, hidden], -1)
        h_rz, h_n = torch.split(a, [2 * hidden, hidden], -1)
        r, z = torch.sigmoid(x_rz + h_rz).chunk(2, -1)
        h = torch.lerp(torch.tanh(torch.addcmul(x_n, r, h_n)), h, z)
        outputs.append(h)
    return torch.stack(outputs)
