"""Recurrent layers over whole sequences: torch's RNN, LSTM and GRU, with the options that torch leaves out.

The arguments of torch's layers in the same order, the same results in the same shapes, the same state dict: to swap the
import is all it takes. The one deliberate difference is the initial values, see `foretell.nn.initialisation`.

Two options of every layer act in training:

- `recurrent_dropout=p`: one mask a sequence on h(t-1) where it enters the recurrent product, the same at every time
  step, the units kept scaled by 1 / (1 - p) (Gal & Ghahramani, 2016).
- `zoneout=p`: at each step each unit keeps its old value with probability p; in evaluation it takes the expectation
  (Krueger et al., 2017). For an LSTM p holds for h and c, or a pair `(p_h, p_c)` for each; h' is computed from the c'
  before zoneout.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from foretell.kernels.reference import State, scan
from foretell.nn.cells import CellEquations, GRUEquations, LSTMEquations, RNNEquations
from foretell.nn.initialisation import initialise
from foretell.nn.ragged import Ragged, check_lengths

Zoneout = float | tuple[float, float]


class _Layer(nn.RNNBase):
    """What the three layers share: options, ragged batches, and the scan of layers and directions."""

    equations: CellEquations
    recurrent_dropout: float
    zoneout: tuple[float, ...]

    def _take(self, equations: CellEquations, states: int, recurrent_dropout: float, zoneout: Zoneout) -> None:
        self.equations = equations
        self.recurrent_dropout = _probability("recurrent_dropout", recurrent_dropout)
        rates = tuple(zoneout) if isinstance(zoneout, tuple | list) else (zoneout,) * states
        if len(rates) != states:
            expected = "one probability" if states == 1 else "one probability, or a pair (p_h, p_c)"
            raise ValueError(f"zoneout must be {expected}, got {zoneout}")
        self.zoneout = tuple(_probability("zoneout", rate) for rate in rates)
        self._options = equations.options(self.hidden_size)
        for layer in range(self.num_layers):
            for suffix in self._suffixes(layer):
                for name, shape in self._options.items():
                    self.register_parameter(
                        name + suffix, nn.Parameter(self.get_parameter("weight_hh_l0").new_empty(shape))
                    )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values: see `foretell.nn.initialisation`."""
        if hasattr(self, "equations"):  # torch's constructor calls this before the options are known
            initialise(self, self.equations.gates)

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"] if self.bidirectional else [f"_l{layer}"]

    @property
    def _plain(self) -> bool:
        """Whether torch's own kernel computes this cell in the present mode, training or evaluation."""
        dropping = self.training and self.recurrent_dropout > 0
        return not (self._options or any(self.zoneout) or dropping) and getattr(self.equations, "reset_after", True)

    def _widths(self) -> tuple[int, ...]:
        """The features of each tensor of the state: H_out, and H for an LSTM's cell state."""
        return (self.proj_size or self.hidden_size, self.hidden_size)[: len(self.zoneout)]

    def _zeros(self, batch: int, like: Tensor) -> State:
        layers = self.num_layers * (2 if self.bidirectional else 1)
        return tuple(like.new_zeros(layers, batch, width) for width in self._widths())

    def _hx(self, state: tuple[Any, ...]) -> Any:
        """The state as torch's layers take and return it: a tuple for an LSTM alone."""
        return state if len(state) > 1 else state[0]

    def _state(self, hx: Any, batch: int, like: Tensor) -> State:
        """The initial state as a tuple, zeros where the caller gave none."""
        if hx is None:
            return self._zeros(batch, like)
        return tuple(hx) if len(self.zoneout) > 1 else (hx,)

    def forward(self, input: Any, hx: Any = None, *, lengths: Tensor | None = None) -> tuple[Any, Any]:  # noqa: A002
        """The outputs of every time step and the final state.

        `input`: `(T, B, I)`, `(B, T, I)` with `batch_first`, `(T, I)` unbatched, or a `PackedSequence`. `hx`: the
        initial state `(layers * directions, B, H)` (a pair for an LSTM; no B when unbatched), zeros if left out.
        `lengths`: `(B,)` integers, for a padded batch: outputs past a length are zero, final states are those of the
        last valid step, the reverse direction starts there; a sequence of length 0 keeps its initial state.

        Returns outputs `(T, B, directions * H_out)` in the layout of the input, and the final state in that of `hx`.
        Raises ValueError or RuntimeError, as torch's layers do, for wrong shapes and dtypes, and ValueError for lengths
        that are not `(B,)` integers from 0 to T or that come with a packed or unbatched input.
        """
        if lengths is not None:
            return self._ragged(input, hx, lengths)
        if self._plain:
            return super().forward(input, hx)  # type: ignore[no-any-return]
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        return self._padded(input, hx)

    def _padded(self, x: Tensor, hx: Any) -> tuple[Tensor, Any]:
        if x.dim() not in (2, 3):
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {x.dim()}D instead")
        batched, batch_dim = x.dim() == 3, 0 if self.batch_first else 1
        if not batched:
            x = x.unsqueeze(batch_dim)
        state = self._state(hx, x.shape[batch_dim], x)
        if not batched and hx is not None:
            state = tuple(s.unsqueeze(1) for s in state)
        self.check_forward_args(x, self._hx(state), None)
        if self.batch_first:
            x = x.transpose(0, 1)
        steps, batch = x.shape[:2]
        if steps == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        rows, final = self._scan(x.reshape(steps * batch, x.shape[2]), [batch] * steps, state)
        outputs = rows.view(steps, batch, rows.shape[1])
        if self.batch_first:
            outputs = outputs.transpose(0, 1)
        if not batched:
            outputs, final = outputs.squeeze(batch_dim), tuple(s.squeeze(1) for s in final)
        return outputs, self._hx(final)

    def _packed(self, packed: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        x, batch_sizes, to_sorted, from_sorted = packed
        given = self._state(hx, int(batch_sizes[0]), x)
        state = given if to_sorted is None else tuple(s.index_select(1, to_sorted) for s in given)
        self.check_forward_args(x, self._hx(state), batch_sizes)
        rows, final = self._scan(x, batch_sizes.tolist(), state)
        if from_sorted is not None:
            final = tuple(s.index_select(1, from_sorted) for s in final)
        return PackedSequence(rows, batch_sizes, to_sorted, from_sorted), self._hx(final)

    def _ragged(self, x: Any, hx: Any, lengths: Tensor) -> tuple[Tensor, Any]:
        if not isinstance(x, Tensor) or x.dim() != 3:
            raise ValueError("lengths are for padded batches (3-D input): a PackedSequence or one sequence has its own")
        batch, steps = x.shape[:2] if self.batch_first else (x.shape[1], x.shape[0])
        ragged = Ragged(x, check_lengths(lengths, batch, steps), self.batch_first)
        initial = self._state(hx, batch, x)
        self.check_forward_args(x, self._hx(initial), None)
        if ragged.empty:
            directions = 2 if self.bidirectional else 1
            return x.new_zeros((*x.shape[:2], directions * self._widths()[0])), self._hx(initial)
        packed, hx = self(ragged.pack(x), self._hx(tuple(ragged.select(s) for s in initial)))
        final = self._state(hx, batch, x)
        restored = tuple(ragged.restore(s, start) for s, start in zip(final, initial, strict=True))
        return ragged.unpack(packed), self._hx(restored)

    def _scan(self, x: Tensor, batch_sizes: list[int], initial: State) -> tuple[Tensor, State]:
        """Layer by layer and direction by direction over packed rows `(N, I)`."""
        names = ["weight_ih", "weight_hh", *self._options]
        names += ["bias_ih", "bias_hh"] if self.bias else []
        names += ["weight_hr"] if self.proj_size else []
        finals: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.training and self.dropout:
                x = F.dropout(x, self.dropout)
            outputs = []
            for suffix in self._suffixes(layer):
                start = tuple(s[len(finals)] for s in initial)
                output, final = scan(
                    self.equations,
                    x,
                    batch_sizes,
                    start,
                    {name: getattr(self, name + suffix) for name in names},
                    reverse=suffix.endswith("_reverse"),
                    recurrent_mask=self._recurrent_mask(start[0]),
                    zoneout=self._zoneout(x),
                )
                outputs.append(output)
                finals.append(final)
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)
        return x, tuple(torch.stack(layers) for layers in zip(*finals, strict=True))

    def _recurrent_mask(self, h: Tensor) -> Tensor | None:
        if not (self.training and self.recurrent_dropout):
            return None
        return F.dropout(torch.ones_like(h), self.recurrent_dropout)

    def _zoneout(self, x: Tensor) -> list[Tensor | float] | None:
        if not any(self.zoneout):
            return None
        if not self.training:
            return list(self.zoneout)
        return [
            x.new_empty(len(x), width).bernoulli_(rate) if rate else 0.0
            for rate, width in zip(self.zoneout, self._widths(), strict=True)
        ]

    def extra_repr(self) -> str:
        """The arguments, as torch prints them, and the options in use."""
        options = [f"{name}=True" for name in ("peephole", "layer_norm") if getattr(self.equations, name, False)]
        options += ["reset_after=False"] if not getattr(self.equations, "reset_after", True) else []
        options += [f"recurrent_dropout={self.recurrent_dropout}"] if self.recurrent_dropout else []
        options += [f"zoneout={self._hx(self.zoneout)}"] if any(self.zoneout) else []
        return ", ".join([super().extra_repr(), *options])


def _probability(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name} should be a probability from 0 to 1, got {value}")
    return float(value)


class RNN(_Layer, nn.RNN):
    """Elman's network over whole sequences: `torch.nn.RNN` and more.

    Arguments and results are those of `torch.nn.RNN`: input features I, hidden features H, `num_layers`, `nonlinearity`
    ("tanh", "relu"), `bias`, `batch_first`, `dropout` between layers, `bidirectional`, `device`, `dtype`. Beyond them:

    - `layer_norm`: LN inside the recurrence (Ba, Kiros & Hinton, 2016); parameters `ln_weight_l{k}` and
      `ln_bias_l{k}` `(H,)`.
    - `recurrent_dropout` and `zoneout`: see the module's text.

    `forward` also takes `lengths`. The equations: see `foretell.nn.cells.RNNEquations`; the initial values: see
    `foretell.nn.initialisation`. A cell without options runs on torch's kernel. Raises ValueError for bad arguments.
    """

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
        shape = (input_size, hidden_size, num_layers, nonlinearity, bias, batch_first, dropout, bidirectional)
        nn.RNN.__init__(self, *shape, device=device, dtype=dtype)
        self._take(RNNEquations(nonlinearity, layer_norm), 1, recurrent_dropout, zoneout)


class LSTM(_Layer, nn.LSTM):
    """Long short-term memory over whole sequences: `torch.nn.LSTM` and more.

    Arguments and results are those of `torch.nn.LSTM`: input features I, hidden features H, `num_layers`, `bias`,
    `batch_first`, `dropout` between layers, `bidirectional`, `proj_size`, `device`, `dtype`. Beyond them:

    - `peephole`: diagonal peepholes (Gers & Schmidhuber, 2000); parameter `weight_peephole_l{k}` `(3, H)`, its rows
      for i, f and o.
    - `layer_norm`: LN inside the recurrence (Ba, Kiros & Hinton, 2016); parameters `ln_ih_weight_l{k}`,
      `ln_hh_weight_l{k}` `(4H,)`, `ln_c_weight_l{k}`, `ln_c_bias_l{k}` `(H,)`.
    - `recurrent_dropout` and `zoneout`: see the module's text; `zoneout` may be a pair `(p_h, p_c)`.

    `forward` also takes `lengths`. The equations: see `foretell.nn.cells.LSTMEquations`; the initial values: see
    `foretell.nn.initialisation`. A cell without options runs on torch's kernel. Raises ValueError for bad arguments.
    """

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
        nn.LSTM.__init__(self, *shape, device=device, dtype=dtype)
        self._take(LSTMEquations(peephole, layer_norm), 2, recurrent_dropout, zoneout)


class GRU(_Layer, nn.GRU):
    """Gated recurrent units over whole sequences: `torch.nn.GRU` and more.

    Arguments and results are those of `torch.nn.GRU`: input features I, hidden features H, `num_layers`, `bias`,
    `batch_first`, `dropout` between layers, `bidirectional`, `device`, `dtype`. Beyond them:

    - `reset_after=False`: the reset gate before the recurrent product (Cho et al., 2014; ONNX's default).
    - `layer_norm`: LN inside the recurrence (Ba, Kiros & Hinton, 2016); parameters `ln_ih_weight_l{k}`,
      `ln_hh_weight_l{k}` `(3H,)`. Not together with `reset_after=False`.
    - `recurrent_dropout` and `zoneout`: see the module's text.

    `forward` also takes `lengths`. The equations: see `foretell.nn.cells.GRUEquations`; the initial values: see
    `foretell.nn.initialisation`. A cell without options runs on torch's kernel. Raises ValueError for bad arguments.
    """

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
        nn.GRU.__init__(self, *shape, device=device, dtype=dtype)
        self._take(GRUEquations(layer_norm, reset_after), 1, recurrent_dropout, zoneout)
