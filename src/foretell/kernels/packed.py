"""Weights that stay packed while a loop takes single time steps.

The compiled scan packs a layer's weights at every call, which costs more than a single step of a decoder.
"""

from __future__ import annotations

import ctypes
import operator
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from foretell.kernels.inputs import Inputs
from foretell.kernels.native import Library


class KeptLayer:
    """A layer whose weights were packed once, and a check that they are still its current weights."""

    def __init__(self, library: Library, i: Inputs, scan: ctypes.Structure) -> None:
        self._library = library
        self._weights = tuple(i.weights.values())
        self._state = _state(self._weights)
        # While the memory is held, other weights cannot get the same address.
        self._held = [t.detach() for t in self._weights]
        self._handle: int | None = library.kept[f"keep_{i.precision}"](ctypes.byref(scan))
        if self._handle is None:
            raise MemoryError("foretell: not enough memory to pack a layer's weights")

    def is_of(self, i: Inputs) -> bool:
        """Return whether these are the same tensors, unchanged."""
        given = tuple(i.weights.values())
        same = len(given) == len(self._weights) and all(map(operator.is_, given, self._weights))
        return same and _state(given) == self._state

    def forward(self, scan: ctypes.Structure) -> None:
        """Run a scan of this layer."""
        self._library.check(self._library.kept["forward_kept"](self._handle, ctypes.byref(scan)), scan)

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            self._library.kept["forget"](handle)


class _Scope(threading.local):
    layers: dict[tuple[int, str, bool], KeptLayer] | None = None


_scope = _Scope()


@contextmanager
def packed_weights() -> Iterator[None]:
    """Make scans without gradients on this thread pack each layer's weights once within the block, then free them.

    Weights that are replaced or changed in place are packed again. Only changes that autograd does not track, such as
    those through `weight.data`, are not detected: avoid them within the block.
    """
    if _scope.layers is not None:
        yield
        return
    _scope.layers = {}
    try:
        yield
    finally:
        _scope.layers = None


def in_block() -> bool:
    """Return whether this thread is within a `packed_weights` block."""
    return _scope.layers is not None


def kept_layer(library: Library, i: Inputs, scan: ctypes.Structure) -> KeptLayer | None:
    """Return the packed layer; None outside a `packed_weights` block and for weights without a version counter."""
    layers = _scope.layers
    if layers is None or any(t.is_inference() for t in i.weights.values()):
        return None
    key = id(i.weights["weight_hh"]), i.cell, i.half
    layer = layers.get(key)
    if layer is None or not layer.is_of(i):
        layer = layers[key] = KeptLayer(library, i, scan)
    return layer


def _state(weights: tuple[Tensor, ...]) -> list[tuple[int, int]]:
    return [(t.data_ptr(), t._version) for t in weights]
