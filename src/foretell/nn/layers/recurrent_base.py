"""The base class of recurrent layers: their options, the layouts of their input, and the scan of layers and directions.

A cell runs on the compiled scan if that supports it, otherwise on torch's own kernel if torch has the cell, or on the
reference scan in plain torch.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from foretell.kernels.equations import CellEquations
from foretell.kernels.inputs import Inputs
from foretell.kernels.operators import takes
from foretell.kernels.reference import State, Weights
from foretell.nn.layers.direction import Direction
from foretell.nn.layers.export_errors import (
    not_as_torchscript,
    not_by_older_onnx_exporter,
    only_evaluation_exported,
    packed_not_exported,
)
from foretell.nn.layers.initialisation import initialise
from foretell.nn.layers.portable import exported
from foretell.nn.layers.prepared import PreparedShapes
from foretell.nn.layers.ragged import Ragged, check_lengths, lengths_on_cpu

Zoneout = float | tuple[float, float]


class RecurrentBase(nn.RNNBase):
    """The base class of the three layers: options, ragged batches, and the scan of layers and directions.

    The layers borrow methods of torch's layers but are not instances of them, because `torch.compile` refuses those.
    """

    torch_layer: ClassVar[type[nn.RNNBase]]
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
        self._prepared = PreparedShapes()
        for layer in range(self.num_layers):
            for suffix in self._suffixes(layer):
                for name, shape in self._options.items():
                    self.register_parameter(
                        name + suffix, nn.Parameter(self.get_parameter("weight_hh_l0").new_empty(shape))
                    )
        self.reset_parameters()

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:  # noqa: A002
        """Raise RuntimeError or ValueError, as torch's layers do, for an input or a state of a wrong shape or dtype."""
        self.torch_layer.check_forward_args(self, input, hidden, batch_sizes)

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Return the state with its sequences in another order."""
        return self.torch_layer.permute_hidden(self, hx, permutation)

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:  # noqa: A002
        """Return the shape of an LSTM's cell state."""
        return nn.LSTM.get_expected_cell_size(cast(Any, self), input, batch_sizes)

    def reset_parameters(self) -> None:
        """Draw the initial values; see `foretell.nn.layers.initialisation`."""
        if hasattr(self, "equations"):  # torch's constructor calls this before the options are known
            initialise(self, self.equations.gates)

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"] if self.bidirectional else [f"_l{layer}"]

    @property
    def _plain(self) -> bool:
        """True if torch's own kernel can compute this cell in the current mode, training or evaluation."""
        dropping = self.training and self.recurrent_dropout > 0
        return not (self._options or any(self.zoneout) or dropping) and getattr(self.equations, "reset_after", True)

    def _widths(self) -> tuple[int, ...]:
        """Return the features of each tensor of the state: H_out, and H for an LSTM's cell state."""
        return (self.proj_size or self.hidden_size, self.hidden_size)[: len(self.zoneout)]

    def _zeros(self, batch: int, like: Tensor) -> State:
        layers = self.num_layers * (2 if self.bidirectional else 1)
        return tuple(like.new_zeros(layers, batch, width) for width in self._widths())

    def _hx(self, state: tuple[Any, ...]) -> Any:
        """Return the state in the form of torch's layers: a tuple only for an LSTM."""
        return state if len(state) > 1 else state[0]

    def _state(self, hx: Any, batch: int, like: Tensor) -> State:
        """Return the initial state as a tuple, zeros if the caller gave none."""
        if hx is None:
            return self._zeros(batch, like)
        return tuple(hx) if len(self.zoneout) > 1 else (hx,)

    def forward(self, input: Any, hx: Any = None, *, lengths: Tensor | None = None) -> tuple[Any, Any]:  # noqa: A002
        """Compute the outputs of every time step and the final state.

        `input`: `(T, B, I)`, `(B, T, I)` with `batch_first`, `(T, I)` unbatched, or a `PackedSequence`. `hx`: the
        initial state `(layers * directions, B, H)` (a pair for an LSTM; no B when unbatched), zeros by default.
        `lengths`: `(B,)` integers, for a padded batch: outputs past a length are zero, final states are those of the
        last valid step, where the reverse direction starts; an empty sequence keeps its initial state.

        Returns outputs `(T, B, directions * H_out)` in the layout of the input, and the final state in that of `hx`.
        Raises ValueError or RuntimeError, as torch's layers do, for wrong shapes and dtypes, and ValueError for lengths
        that are not `(B,)` integers from 0 to T or that are given with a packed or unbatched input.
        """
        if exported():
            return self._exported(input, hx, lengths)
        if not torch.compiler.is_compiling():
            results = self._prepared.run(self, input, hx, lengths)
            if results is not None:
                return results
        compiled = self._runs_compiled(input)
        if compiled:
            if torch.is_autocast_enabled("cpu"):
                return self._under_autocast(input, hx, lengths)
            return self._forward(input, hx, lengths, compiled)
        if lengths is not None:
            return self._ragged(input, hx, lengths)
        if self._plain:
            outputs, final = self.torch_layer.forward(self, input, hx)
            return outputs, final
        return self._forward(input, hx, None, compiled)

    def _exported(self, x: Any, hx: Any, lengths: Tensor | None) -> tuple[Any, Any]:
        """Run in a form that torch's exporter can write for programs that run without foretell."""
        if isinstance(x, PackedSequence):
            raise packed_not_exported(self)
        if self.training and (self.recurrent_dropout or any(self.zoneout)):
            raise only_evaluation_exported(self)
        return self._forward(x, hx, lengths, False)

    def _slow_forward(self, *_: Any, **__: Any) -> Any:
        # torch calls `forward` through this method while it traces.
        raise not_by_older_onnx_exporter(self) if torch.onnx.is_in_onnx_export() else not_as_torchscript(self)

    def __prepare_scriptable__(self) -> Any:
        """Raise ExportError; torch.jit.script calls this to get a scriptable form of the module."""
        raise not_as_torchscript(self)

    def backend(self) -> Literal["native", "torch", "reference"]:
        """Return the implementation used in the current mode (training or evaluation) on the device of the weights.

        "native" is the compiled scan, "torch" is torch's own kernel, and "reference" is the scan in plain torch. It is
        the same with `lengths` and for packed input.
        """
        if self._runs_compiled(self.weight_hh_l0):
            return "native"
        return "torch" if self._plain else "reference"

    def _dtype(self) -> torch.dtype:
        return cast(Tensor, self._flat_weights[0]).dtype

    def _runs_compiled(self, x: Any) -> bool:
        rows = x.data if isinstance(x, PackedSequence) else x
        return takes(self.equations.kernel, rows, self._dtype())

    def _under_autocast(self, x: Any, hx: Any, lengths: Tensor | None) -> tuple[Any, Any]:
        """Run the compiled scan with products in half precision, but float64 in full, as torch's layers do."""
        half = torch.get_autocast_dtype("cpu") == torch.bfloat16 and self._dtype() != torch.float64
        with torch.autocast("cpu", enabled=False):
            outputs, final = self._forward(*_cast(x, hx, self._dtype()), lengths, True, half)
        if not half:
            return outputs, final
        dtypes = self._autocast_dtypes(x, hx)
        final = tuple(s.to(dtype) for s, dtype in zip(self._state(final, 0, x), dtypes, strict=True))
        return outputs.to(dtypes[0]), self._hx(final)

    def _autocast_dtypes(self, x: Any, hx: Any) -> list[torch.dtype]:
        """Return the dtypes of the final state, the first also that of the outputs, under autocast to bfloat16.

        They are those of torch's layers, where a sum with an old state widens the result to the type of that.
        """
        rows, packed = (x.data, True) if isinstance(x, PackedSequence) else (x, False)
        old = [torch.promote_types(torch.bfloat16, s.dtype) for s in self._state(hx, 0, rows)]
        if self.mode == "GRU":
            return old
        if self.mode == "LSTM" and (packed or self.proj_size):  # which oneDNN does not compute
            return [torch.bfloat16 if self.proj_size else old[1], old[1]]
        return [torch.bfloat16] * len(old)

    def _forward(self, x: Any, hx: Any, lengths: Tensor | None, compiled: bool, half: bool = False) -> tuple[Any, Any]:
        if lengths is not None and not (isinstance(x, Tensor) and x.dim() == 3):
            raise ValueError("lengths are for padded batches (3-D input): a PackedSequence or one sequence has its own")
        if isinstance(x, PackedSequence):
            return self._packed(x, hx, compiled, half)
        return self._padded(x, hx, lengths, compiled, half)

    def _padded(self, x: Tensor, hx: Any, lengths: Tensor | None, compiled: bool, half: bool) -> tuple[Tensor, Any]:
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
        if lengths is not None:
            lengths = lengths_on_cpu(lengths, batch)
        outputs, final = self._layers(x, state, compiled, half, lengths=lengths)
        if self.batch_first:
            outputs = outputs.transpose(0, 1)
        if not batched:
            outputs, final = outputs.squeeze(batch_dim), tuple(s.squeeze(1) for s in final)
        return outputs, self._hx(final)

    def _packed(self, packed: PackedSequence, hx: Any, compiled: bool, half: bool) -> tuple[PackedSequence, Any]:
        x, batch_sizes, to_sorted, from_sorted = packed
        given = self._state(hx, int(batch_sizes[0]), x)
        state = given if to_sorted is None else tuple(s.index_select(1, to_sorted) for s in given)
        self.check_forward_args(x, self._hx(state), batch_sizes)
        rows, final = self._layers(x, state, compiled, half, batch_sizes=batch_sizes)
        if from_sorted is not None:
            final = tuple(s.index_select(1, from_sorted) for s in final)
        return PackedSequence(rows, batch_sizes, to_sorted, from_sorted), self._hx(final)

    def _ragged(self, x: Any, hx: Any, lengths: Tensor) -> tuple[Tensor, Any]:
        """Run a padded batch with lengths on an implementation that only takes packed sequences."""
        if not isinstance(x, Tensor) or x.dim() != 3:
            raise ValueError("lengths are for padded batches (3-D input): a PackedSequence or one sequence has its own")
        batch, steps = x.shape[:2] if self.batch_first else (x.shape[1], x.shape[0])
        ragged = Ragged(x, check_lengths(lengths, batch, steps), self.batch_first)
        initial = self._state(hx, batch, x)
        self.check_forward_args(x, self._hx(initial), None)
        if ragged.empty:
            directions = 2 if self.bidirectional else 1
            return x.new_zeros((*x.shape[:2], directions * self._widths()[0])), self._hx(initial)
        packed, hx = self.forward(ragged.pack(x), self._hx(tuple(ragged.select(s) for s in initial)))
        final = self._state(hx, batch, x)
        restored = tuple(ragged.restore(s, start) for s, start in zip(final, initial, strict=True))
        return ragged.unpack(packed), self._hx(restored)

    def _layers(
        self,
        x: Tensor,
        initial: State,
        compiled: bool,
        half: bool,
        *,
        lengths: Tensor | None = None,
        batch_sizes: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Run all layers and directions on `x` `(T, B, I)`, or packed rows `(N, I)` with batch sizes.

        With `half`, and where the weights are bfloat16, the compiled scan has products in half precision.
        """
        if compiled and x.dtype == torch.bfloat16:
            single, state = _single(x, initial)
            result, final = self._layers(single, state, compiled, True, lengths=lengths, batch_sizes=batch_sizes)
            return result.to(x.dtype), tuple(s.to(x.dtype) for s in final)
        finals: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.training and self.dropout:
                x = F.dropout(x, self.dropout)
            outputs = []
            for suffix in self._suffixes(layer):
                start = tuple(s[len(finals)] for s in initial)
                direction = Direction(
                    compiled,
                    suffix.endswith("_reverse"),
                    lengths,
                    batch_sizes,
                    self._recurrent_mask(start[0]),
                    self._zoneout(x),
                    half,
                    exported(),
                )
                output, final = direction.scan(self.equations, x, start, self._weights(suffix))
                outputs.append(output)
                finals.append(final)
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)
        if len(finals) == 1:
            return x, tuple(s.unsqueeze(0) for s in finals[0])
        return x, tuple(torch.stack(layers) for layers in zip(*finals, strict=True))

    def _weights(self, suffix: str) -> Weights:
        names = ["weight_ih", "weight_hh", *self._options]
        names += ["bias_ih", "bias_hh"] if self.bias else []
        names += ["weight_hr"] if self.proj_size else []
        return {name: getattr(self, name + suffix) for name in names}

    def half_dtypes(self, x: Tensor) -> list[torch.dtype]:
        """Return the dtypes in which a scan in half precision gives outputs and final states, for a state as `x` is."""
        if torch.is_autocast_enabled("cpu"):
            final = self._autocast_dtypes(x, None)
            return [final[0], *final]
        return [torch.bfloat16] * (1 + len(self.zoneout))

    def scans(self, steps: int, batch: int, hx: Any = None, *, half: bool = False) -> list[Inputs]:
        """Collect the inputs of the compiled scans of a padded batch in evaluation, layer by layer.

        `hx` is the state of `batch` sequences, zeros if None. The values of the input are not known yet and are left
        uninitialised. With `half`, products are in half precision, and state and input float32.
        """
        like = self._weights("_l0")["weight_hh"]
        states = self._state(hx, batch, like.new_empty(0, dtype=torch.float32) if half else like)
        given: list[Inputs] = []
        for layer in range(self.num_layers):
            for suffix in self._suffixes(layer):
                start, weights = tuple(s[len(given)] for s in states), self._weights(suffix)
                x = start[0].new_empty(steps, batch, weights["weight_ih"].shape[1])
                direction = Direction(True, suffix.endswith("_reverse"), zoneout=self._zoneout(x), half=half)
                given.append(direction.inputs(self.equations, x, start, weights))
        return given

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
            x.new_empty((*x.shape[:-1], width)).bernoulli_(rate) if rate else 0.0
            for rate, width in zip(self.zoneout, self._widths(), strict=True)
        ]

    def extra_repr(self) -> str:
        """Return the arguments, as torch prints them, and the options in use."""
        options = [f"{name}=True" for name in ("peephole", "layer_norm") if getattr(self.equations, name, False)]
        options += ["reset_after=False"] if not getattr(self.equations, "reset_after", True) else []
        options += [f"recurrent_dropout={self.recurrent_dropout}"] if self.recurrent_dropout else []
        options += [f"zoneout={self._hx(self.zoneout)}"] if any(self.zoneout) else []
        return ", ".join([super().extra_repr(), *options])


def _cast(x: Any, hx: Any, dtype: torch.dtype) -> tuple[Any, Any]:
    """Convert input and state to a layer's dtype."""
    if isinstance(hx, tuple | list):
        hx = tuple(s.to(dtype) for s in hx)
    return x.to(dtype), None if hx is None else hx if isinstance(hx, tuple) else hx.to(dtype)


def _single(x: Tensor, state: State) -> tuple[Tensor, State]:
    """Convert input and state to float32. Raises ValueError, as the compiled scan does, if their dtypes differ."""
    for name, tensor in zip(("initial_h", "initial_c"), state, strict=False):
        if tensor.dtype != x.dtype:
            raise ValueError(f"{name} must be {x.dtype} as x is, got {tensor.dtype}")
    return x.float(), tuple(s.float() for s in state)


def _probability(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name} should be a probability from 0 to 1, got {value}")
    return float(value)
