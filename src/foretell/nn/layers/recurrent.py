"""Recurrent layers for whole sequences: torch's RNN, LSTM and GRU, with options that torch does not have.

They take the arguments of torch's layers in the same order, return the same results in the same shapes, and have the
same state dict, so they are drop-in replacements. The one deliberate difference is the initial values; see
`foretell.nn.layers.initialisation`.

Two options of every layer act in training:

- `recurrent_dropout=p`: one mask per sequence on h(t-1) where it enters the recurrent product, the same at every time
  step; the remaining units are scaled by 1 / (1 - p) (Gal & Ghahramani, 2016).
- `zoneout=p`: at each step each unit keeps its old value with probability p; in evaluation it takes the expected value
  (Krueger et al., 2017). For an LSTM, p applies to both h and c, or a pair `(p_h, p_c)` to each; h' is computed from
  the c' before zoneout.
"""

from __future__ import annotations

from typing import Any, Literal

from torch import nn

from foretell.kernels.equations import GRUEquations, LSTMEquations, RNNEquations
from foretell.nn.layers.recurrent_base import RecurrentBase, Zoneout


class RNN(RecurrentBase):
    """Elman's network over whole sequences: `torch.nn.RNN` with further options.

    Arguments and results are those of `torch.nn.RNN`: input features I, hidden features H, `num_layers`, `nonlinearity`
    ("tanh", "relu"), `bias`, `batch_first`, `dropout` between layers, `bidirectional`, `device`, `dtype`. In addition:

    - `layer_norm`: LN inside the recurrence (Ba, Kiros & Hinton, 2016); parameters `ln_weight_l{k}` and
      `ln_bias_l{k}` `(H,)`.
    - `recurrent_dropout` and `zoneout`: see the module docstring.

    `forward` also takes `lengths`. For the equations see `RNNEquations`, for initial values and implementation see
    `initialisation` and `recurrent_base` in `foretell.nn.layers`. Raises ValueError for bad arguments.
    """

    torch_layer = nn.RNN

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        layer_norm: bool = False,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        self.nonlinearity = nonlinearity
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(f"RNN_{nonlinearity.upper()}", *shape, device=device, dtype=dtype)
        self._take(RNNEquations(nonlinearity, layer_norm), 1, recurrent_dropout, zoneout)


class LSTM(RecurrentBase):
    """Long short-term memory over whole sequences: `torch.nn.LSTM` with further options.

    Arguments and results are those of `torch.nn.LSTM`: input features I, hidden features H, `num_layers`, `bias`,
    `batch_first`, `dropout` between layers, `bidirectional`, `proj_size`, `device`, `dtype`. In addition:

    - `peephole`: diagonal peepholes (Gers & Schmidhuber, 2000); parameter `weight_peephole_l{k}` `(3, H)`, with rows
      for i, f and o.
    - `layer_norm`: LN inside the recurrence (Ba, Kiros & Hinton, 2016); parameters `ln_ih_weight_l{k}`,
      `ln_hh_weight_l{k}` `(4H,)`, `ln_c_weight_l{k}`, `ln_c_bias_l{k}` `(H,)`.
    - `recurrent_dropout` and `zoneout`: see the module docstring; `zoneout` may be a pair `(p_h, p_c)`.

    `forward` also takes `lengths`. For the equations see `LSTMEquations`, for initial values and implementation see
    `initialisation` and `recurrent_base` in `foretell.nn.layers`. Raises ValueError for bad arguments.
    """

    torch_layer = nn.LSTM

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
        *,
        peephole: bool = False,
        layer_norm: bool = False,
        recurrent_dropout: float = 0.0,
        zoneout: Zoneout = 0.0,
    ) -> None:
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size)
        super().__init__("LSTM", *shape, device=device, dtype=dtype)
        self._take(LSTMEquations(peephole, layer_norm), 2, recurrent_dropout, zoneout)


class GRU(RecurrentBase):
    """Gated recurrent units over whole sequences: `torch.nn.GRU` with further options.

    Arguments and results are those of `torch.nn.GRU`: input features I, hidden features H, `num_layers`, `bias`,
    `batch_first`, `dropout` between layers, `bidirectional`, `device`, `dtype`. In addition:

    - `reset_after=False`: the reset gate before the recurrent product (Cho et al., 2014; ONNX's default).
    - `layer_norm`: LN inside the recurrence (Ba, Kiros & Hinton, 2016); parameters `ln_ih_weight_l{k}`,
      `ln_hh_weight_l{k}` `(3H,)`. Not together with `reset_after=False`.
    - `recurrent_dropout` and `zoneout`: see the module docstring.

    `forward` also takes `lengths`. For the equations see `GRUEquations`, for initial values and implementation see
    `initialisation` and `recurrent_base` in `foretell.nn.layers`. Raises ValueError for bad arguments.
    """

    torch_layer = nn.GRU

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        layer_norm: bool = False,
        reset_after: bool = True,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
    ) -> None:
        shape = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__("GRU", *shape, device=device, dtype=dtype)
        self._take(GRUEquations(layer_norm, reset_after), 1, recurrent_dropout, zoneout)
