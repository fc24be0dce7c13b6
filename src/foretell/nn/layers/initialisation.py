"""Initial values of recurrent layers and cells: foretell's one deliberate difference from torch.

| parameter | initial value |
|---|---|
| input weights and the projection, per gate | Glorot uniform (Glorot & Bengio, 2010) |
| recurrent weights, per gate | orthogonal (Saxe, McClelland & Ganguli, 2014) |
| biases | zero, but 1 for the LSTM's forget gate, only in `bias_ih` (Gers et al., 2000; Jozefowicz et al., 2015) |
| peepholes | zero: the layer starts like one without them |
| layer norm | weights 1, biases 0 |

`chrono_` changes the biases of a gated layer whose memory must last for hundreds of time steps.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def initialise(module: nn.Module, gates: int) -> None:
    """Draw the initial values of a recurrent layer's own parameters, by their names; `gates` is 4 for an LSTM."""
    with torch.no_grad():
        for name, parameter in module.named_parameters(recurse=False):
            if name.startswith("weight_ih"):
                for gate in parameter.chunk(gates):
                    nn.init.xavier_uniform_(gate)
            elif name.startswith("weight_hr"):
                nn.init.xavier_uniform_(parameter)
            elif name.startswith("weight_hh"):
                for gate in parameter.chunk(gates):
                    _orthogonal(gate)
            elif name.startswith("ln_") and "_weight" in name:
                parameter.fill_(1)
            else:
                parameter.zero_()
                if name.startswith("bias_ih") and gates == 4:
                    parameter.chunk(gates)[1].fill_(1)


def chrono_(layer: nn.Module, longest: float) -> None:
    """Initialise an LSTM, a GRU or one of their cells in place, to remember for up to `longest` time steps.

    Each unit draws a time u uniformly from [1, longest - 1] and initially remembers for about that long (chrono
    initialisation, Tallec & Ollivier, 2018): the bias of an LSTM's forget gate is ln u and that of its input gate
    -ln u; the bias of a GRU's update gate, which keeps the old state where it is 1, is ln u. These values are written
    to `bias_ih`, and zeros to the same gates in `bias_hh`. This applies to all layers and directions; other parameters
    are unchanged.

    Raises ValueError for another module, a layer without biases, and `longest` below 2 or not finite.
    """
    gates = getattr(getattr(layer, "equations", None), "gates", 1)
    names = [name for name, _ in layer.named_parameters(recurse=False) if name.startswith("bias_ih")]
    if gates not in (3, 4) or not names:
        raise ValueError(f"chrono_ needs an LSTM or GRU of foretell.nn with biases, got {layer}")
    if not 2 <= longest < float("inf"):
        raise ValueError(f"longest must be a finite number of time steps of at least 2, got {longest}")
    write, keep = 0, 1  # the LSTM's i and f; for a GRU, r and z
    with torch.no_grad():
        for name in names:
            drawn = layer.get_parameter(name).chunk(gates)
            added = layer.get_parameter(name.replace("bias_ih", "bias_hh")).chunk(gates)
            drawn[keep].uniform_(1, longest - 1).log_()
            added[keep].zero_()
            if gates == 4:
                drawn[write].copy_(-drawn[keep])
                added[write].zero_()


def _orthogonal(weight: Tensor) -> None:
    # torch has no QR decomposition in half precision.
    wide = torch.empty_like(weight, dtype=torch.promote_types(weight.dtype, torch.float32))
    weight.copy_(nn.init.orthogonal_(wide))
