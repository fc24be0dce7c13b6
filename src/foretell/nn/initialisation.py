"""The initial values of recurrent layers and cells: foretell's one deliberate difference from torch.

| parameter | initial value |
|---|---|
| input weights and the projection, gate by gate | Glorot uniform (Glorot & Bengio, 2010) |
| recurrent weights, gate by gate | orthogonal (Saxe, McClelland & Ganguli, 2014) |
| biases | zero, but 1 for the LSTM's forget gate, in `bias_ih` alone (Gers et al., 2000; Jozefowicz et al., 2015) |
| peepholes | zero: the layer starts as one without them |
| layer norm | weights 1, biases 0 |
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


def _orthogonal(weight: Tensor) -> None:
    # torch has no QR decomposition in half precision.
    wide = torch.empty_like(weight, dtype=torch.promote_types(weight.dtype, torch.float32))
    weight.copy_(nn.init.orthogonal_(wide))
