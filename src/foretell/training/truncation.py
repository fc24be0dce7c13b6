"""Truncated backpropagation through time: a long batch cut into consecutive chunks, and the state between them.

Each chunk gives one update. Its gradient stops at its first time step, while the hidden state is carried over to the
next chunk (Williams and Peng 1990).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from torch import Tensor

from foretell.errors import SettingsError

State: TypeAlias = "Tensor | tuple[State, ...] | list[State] | dict[str, State] | None"
"""The state that a network passes from one chunk to the next: tensors, nested in any way."""


def chunks(tensors: Any, length: int, *, whole: Collection[str] = ()) -> list[Any]:
    """Cut `(B, T, ...)` tensors along time into pieces of `length` time steps; the last piece may be shorter.

    `tensors` is one tensor, or a tuple or dict of them with the same T, and so is each piece. The dict entries named in
    `whole` (such as static features) are passed unchanged to every piece. Raises `SettingsError` where T differs.
    """
    if length < 1:
        raise SettingsError(f"truncate={length}: a chunk needs at least one time step")
    if isinstance(tensors, Tensor):
        named: dict[Any, Tensor] = {0: tensors}
    elif isinstance(tensors, Mapping):
        named = dict(tensors)
    elif isinstance(tensors, tuple):
        named = dict(enumerate(tensors))
    else:
        raise SettingsError(
            f"a batch of type {type(tensors).__name__} cannot be cut along time: pass tensors, a tuple or dict of "
            "them, a list of chunks, or an object with a method chunks(length)"
        )
    cut = {name: t for name, t in named.items() if name not in whole}
    if any(t.dim() < 2 for t in cut.values()) or len({t.shape[1] for t in cut.values()}) != 1:
        shapes = ", ".join(f"{name}: {tuple(t.shape)}" for name, t in cut.items())
        raise SettingsError(
            f"truncation cuts batch-first tensors (B, T, ...) with the same T, but these have the shapes {shapes}: "
            "pass a list of chunks instead"
        )
    steps = next(iter(cut.values())).shape[1]
    pieces: list[Any] = []
    for start in range(0, steps, length):
        piece = {name: t if name in whole else t[:, start : start + length] for name, t in named.items()}
        if isinstance(tensors, Tensor):
            pieces.append(piece[0])
        else:
            pieces.append(tuple(piece.values()) if isinstance(tensors, tuple) else piece)
    return pieces


def stretches(batch: Any, length: int | None) -> list[Any]:
    """Return the consecutive chunks of a batch, one per update: the batch itself unless it is cut or is a list."""
    if isinstance(batch, list):
        return batch
    if length is None:
        return [batch]
    if not isinstance(batch, Tensor) and hasattr(batch, "chunks"):
        return list(batch.chunks(length))
    return chunks(batch, length)


def detach(state: State) -> State:
    """Return the same state, detached from the computation that led to it."""
    if isinstance(state, Tensor):
        return state.detach()
    if isinstance(state, tuple):
        parts: Any = [detach(part) for part in state]
        # A named tuple is built from its fields one by one.
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
    if isinstance(state, list):
        return [detach(part) for part in state]
    if isinstance(state, dict):
        return {name: detach(part) for name, part in state.items()}
    if state is None:
        return None
    raise SettingsError(f"a hidden state of type {type(state).__name__}: it must be tensors in tuples, lists and dicts")


def flatten(state: State, name: str = "state") -> tuple[Any, dict[str, Tensor]]:
    """Return the state's structure in JSON and its tensors by name, for `unflatten`; a named tuple becomes a tuple."""
    if state is None:
        return None, {}
    if isinstance(state, Tensor):
        return name, {name: state}
    if isinstance(state, dict):
        kind, items = "dict", list(state.items())
    else:
        kind, items = "tuple" if isinstance(state, tuple) else "list", [(str(i), p) for i, p in enumerate(state)]
    tensors: dict[str, Tensor] = {}
    shape = []
    for key, part in items:
        inner, found = flatten(part, f"{name}.{key}")
        tensors |= found
        shape.append([key, inner])
    return {kind: shape}, tensors


def unflatten(shape: Any, tensors: Mapping[str, Tensor]) -> State:
    """Rebuild the state that `flatten` took apart. Other input raises any of Python's errors for a wrong value."""
    if shape is None:
        return None
    if isinstance(shape, str):
        return tensors[shape]
    ((kind, items),) = shape.items()
    if kind == "dict":
        return {key: unflatten(inner, tensors) for key, inner in items}
    if kind not in ("tuple", "list"):
        raise ValueError(f"no state is a {kind!r}")
    parts = [unflatten(inner, tensors) for _, inner in items]
    return tuple(parts) if kind == "tuple" else parts
