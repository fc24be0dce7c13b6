"""The forward pass of a recurrent layer, prepared once for each shape of its input.

A single time step of a small layer takes a few microseconds. To check arguments, collect weights and fill the
structures of the scans anew at every call would take several times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from foretell.kernels.inputs import check_range
from foretell.kernels.packed import in_block
from foretell.kernels.prepared import PreparedScan, lies_plain, watched
from foretell.nn.layers.ragged import lengths_on_cpu

if TYPE_CHECKING:
    from foretell.nn.layers.recurrent_base import RecurrentBase

_MOST = 64
"""The number of shapes that a layer is prepared for at a time."""


class PreparedShapes(dict[tuple[torch.Size, bool, torch.dtype | None], "PreparedLayer | None"]):
    """A layer by shapes of its input and autocast, prepared when one comes again; copied and pickled as empty."""

    def run(self, layer: RecurrentBase, x: Any, hx: Any, lengths: Any) -> tuple[Tensor, Any] | None:
        """Compute outputs and final state; None for what is not prepared."""
        if type(x) is not Tensor or watched() or (lengths is not None and x.dim() != 3):
            return None
        shape = x.shape, lengths is None, _autocast()
        prepared = self.get(shape)
        if prepared is not None:
            results = prepared.run(layer, x, hx, lengths)
            if results is not None:
                return results
        elif shape not in self:
            if len(self) >= _MOST:
                self.clear()
            self[shape] = None
            return None
        if not _can_be_prepared(layer, x):
            return None
        self[shape] = prepared = PreparedLayer(layer, x)
        return prepared.run(layer, x, hx, lengths)

    def __reduce__(self) -> Any:
        return PreparedShapes, ()


class PreparedLayer:
    """A layer as it is now, for padded batches or single sequences of one shape."""

    def __init__(self, layer: RecurrentBase, x: Tensor) -> None:
        batch_dim = 0 if layer.batch_first else 1
        steps, batch = (x.shape[1 - batch_dim], x.shape[batch_dim]) if x.dim() == 3 else (x.shape[0], 1)
        half = _in_half(layer, x)
        self._dtypes = layer.half_dtypes(x) if half else None
        self._scans = [PreparedScan(i) for i in layer.scans(steps, batch, half=bool(half))]
        self._names = _names(layer)
        self._directions = 2 if layer.bidirectional else 1
        self._settings, self._places = _settings(layer), _places(layer)
        self._dtype = x.dtype
        self._step_dim, self._row_dim = (1 - batch_dim, batch_dim) if x.dim() == 3 else (0, 0)
        self._swapped = x.dim() == 3 and layer.batch_first
        widths = layer._widths()
        rows = (batch,) if x.dim() == 3 else ()
        self._output = (steps, *rows, widths[0])
        self._final = [(len(self._scans), *rows, width) for width in widths]
        self._bytes = [batch * width * (4 if half else x.element_size()) for width in (*widths, 0)][:2]

    def run(self, layer: RecurrentBase, x: Tensor, hx: Any, lengths: Any) -> tuple[Tensor, Any] | None:
        """Compute outputs and final state; None if layer, input or state are not what was prepared for.

        Raises ValueError for lengths that are not `(B,)` integers from 0 to T.
        """
        if _settings(layer) != self._settings or _places(layer) != self._places or not self._takes(x):
            return None
        start = self._start(hx)
        if start is None:
            return None
        if lengths is not None:
            lengths = lengths_on_cpu(lengths, x.shape[self._row_dim]).contiguous()
            check_range(lengths, x.shape[self._step_dim])
        if torch.is_grad_enabled():
            parameters = layer._parameters.values()
            if any(t is not None and t.requires_grad for t in (x, *start, *parameters)):
                return self._with_gradients(layer, x, start, lengths) if x.dim() == 3 else None
        if in_block():  # whose packed weights round as those of a compiled decoder do
            return None
        outputs, final = self._without_gradients(layer, x, start, lengths)
        if self._dtypes is not None:
            outputs, *final = (t.to(dtype) for t, dtype in zip((outputs, *final), self._dtypes, strict=True))
        return outputs.transpose(0, 1) if self._swapped else outputs, final[0] if len(final) == 1 else tuple(final)

    def _without_gradients(
        self, layer: RecurrentBase, x: Tensor, start: Sequence[Tensor], lengths: Tensor | None
    ) -> tuple[Tensor, list[Tensor]]:
        if self._dtypes is not None:
            x, start = x.float(), [s.float() for s in start]
        weights: dict[str, Any] = layer._parameters
        final = [x.new_empty(shape) for shape in self._final]
        starts: list[Any] = [t.data_ptr() for t in start]
        ends = [t.data_ptr() for t in final]
        all_strides = x.stride()
        address, strides = x.data_ptr(), (all_strides[self._step_dim], all_strides[self._row_dim])
        bytes_h, bytes_c = self._bytes
        at = None if lengths is None else lengths.data_ptr()
        outputs: list[Tensor] = []
        for index, scan in enumerate(self._scans):
            output = x.new_empty(self._output) if lengths is None else x.new_zeros(self._output)
            h, c = index * bytes_h, index * bytes_c
            initial = (starts[0] + h, starts[-1] + c) if starts else (None, None)
            given = [weights[name] for name in self._names[index]] if self._dtypes is not None else ()
            to = output.data_ptr(), (ends[0] + h, ends[-1] + c)
            scan.run(address, strides, initial, *to, lengths=at, weights=given)
            outputs.append(output)
            if len(outputs) == self._directions:
                below = output if len(outputs) == 1 else torch.cat(outputs, -1)
                outputs = []
                all_strides = below.stride()
                address, strides = below.data_ptr(), (all_strides[0], all_strides[-2])
        return below, final

    def _with_gradients(
        self, layer: RecurrentBase, x: Tensor, start: Sequence[Tensor], lengths: Tensor | None
    ) -> tuple[Tensor, Any]:
        if self._dtypes is not None and self._directions > 1:
            x = x.float()  # by one conversion, which adds up both directions' gradients before it rounds
        below = x.transpose(0, 1) if self._swapped else x
        finals: list[tuple[Tensor, ...]] = []
        weights: dict[str, Any] = layer._parameters
        outputs: list[Tensor] = []
        for index, (scan, names) in enumerate(zip(self._scans, self._names, strict=True)):
            initial = start if len(self._scans) == 1 else [s[index : index + 1] for s in start]
            h, c = (*initial, None, None)[:2]
            given = [weights[name] for name in names]
            output, *final = scan.differentiable(below, h, c, given, lengths, self._types(index))
            outputs.append(output)
            finals.append(tuple(final))
            if len(outputs) == self._directions:
                below = output if len(outputs) == 1 else torch.cat(outputs, -1)
                outputs = []
        last = finals[0] if len(finals) == 1 else tuple(map(torch.cat, zip(*finals, strict=True)))
        return below.transpose(0, 1) if self._swapped else below, last[0] if len(last) == 1 else last

    def _types(self, index: int) -> Sequence[torch.dtype] | None:
        """Return the types of a scan's results where they are not its own: between layers they are not rounded."""
        if self._dtypes is None:
            return None
        last = index >= len(self._scans) - self._directions
        return [self._dtypes[0] if last else torch.float32, *self._dtypes[1:]]

    def _takes(self, x: Tensor) -> bool:
        close = x.stride(-1) == 1 or x.shape[-1] == 1
        return x.dtype is self._dtype and close and x.is_cpu and not x.is_neg()

    def _start(self, hx: Any) -> Sequence[Tensor] | None:
        """Return the initial state, nothing for zeros; None if it is not as prepared for."""
        if hx is None:
            return ()
        given = (hx,) if len(self._final) == 1 else tuple(hx)
        if len(given) != len(self._final):
            return None
        for s, shape in zip(given, self._final, strict=True):
            if type(s) is not Tensor or s.shape != shape or s.dtype is not self._dtype or not lies_plain(s):
                return None
        return given


def _can_be_prepared(layer: RecurrentBase, x: Tensor) -> bool:
    """Return whether the compiled scan computes this by one set of weights, without chance, as it lies in memory."""
    used = [name for names in _names(layer) for name in names]
    weights = [layer._parameters.get(name) for name in used]
    plain = all(w is not None and w.dtype is layer._dtype() and lies_plain(w) for w in weights)
    chance = layer.training and (layer.dropout or layer.recurrent_dropout or any(layer.zoneout))
    half = _in_half(layer, x)
    fits = x.dim() in (2, 3) and x.numel() > 0 and x.shape[-1] == layer.input_size
    return half is not None and fits and plain and not chance and layer._runs_compiled(x)


def _autocast() -> torch.dtype | None:
    """Return the type that autocast rounds to; None where it is off."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None


def _in_half(layer: RecurrentBase, x: Tensor) -> bool | None:
    """Return whether products are in half precision; None where that is decided elsewhere."""
    dtype, rounded = layer._dtype(), _autocast()
    if rounded is None:
        return dtype == torch.bfloat16 if x.dtype is dtype else None
    single = rounded == torch.bfloat16 and dtype == torch.float32
    return True if single and x.dtype in (torch.float32, torch.bfloat16) else None


def _names(layer: RecurrentBase) -> list[list[str]]:
    """Return the names of each scan's parameters."""
    suffixes = [suffix for number in range(layer.num_layers) for suffix in layer._suffixes(number)]
    return [[name + suffix for name in layer._weights(suffix)] for suffix in suffixes]


def _settings(layer: RecurrentBase) -> tuple[Any, ...]:
    """Return what a user may change between two calls."""
    return (
        layer.equations,
        layer.batch_first,
        layer.training,
        layer.dropout,
        layer.recurrent_dropout,
        layer.zoneout,
    )


def _places(layer: RecurrentBase) -> list[tuple[Any, ...] | None]:
    """Return where the parameters lie, and how."""
    return [p if p is None else (p.data_ptr(), p.dtype, p.shape, p.is_contiguous()) for p in layer._parameters.values()]
