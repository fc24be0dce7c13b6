"""The structures of `foretell.kernels.schema` in Python, and the hash by which both sides compare their layouts."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from foretell.kernels import schema

_NUMBERS: dict[str, Any] = {"int64": ctypes.c_int64, "float": ctypes.c_float, "double": ctypes.c_double}
_MIRRORS: dict[str, type[ctypes.Structure]] = {}


def _mirror(structure: schema.Structure) -> type[ctypes.Structure]:
    """Mirror a structure field by field; all addresses are void pointers."""
    kinds = _NUMBERS | _MIRRORS
    fields = [(name, ctypes.c_void_p if kind.endswith("*") else kinds[kind]) for name, kind in structure.fields]
    mirror = type(structure.name, (ctypes.Structure,), {"_fields_": fields, "__doc__": structure.comment})
    _MIRRORS[structure.name] = mirror
    return mirror


for _structure in schema.STRUCTURES:
    _mirror(_structure)

Scan = _MIRRORS["Scan"]
WaveNetNetwork = _MIRRORS["WaveNetNetwork"]
WaveNetCall = _MIRRORS["WaveNetCall"]
WaveNetStack = _MIRRORS["WaveNetStack"]
DecoderNetwork = _MIRRORS["DecoderNetwork"]
DecoderCall = _MIRRORS["DecoderCall"]
DecoderExpansion = _MIRRORS["DecoderExpansion"]
CandidateScan = _MIRRORS["CandidateScan"]


def mirrors() -> list[type[ctypes.Structure]]:
    """Return all structures, each after those that it contains."""
    return list(_MIRRORS.values())


def layout_hash(structures: Sequence[type[ctypes.Structure]], enumerations: Sequence[schema.Enumeration]) -> int:
    """Compute FNV-1a of all names, offsets, sizes and kinds, as `foretell_layout` in a library of this layout does."""
    entries = [(member, number, 0, 0) for e in enumerations for number, member in enumerate(e.members)]
    for structure in structures:
        entries.append((structure.__name__, ctypes.sizeof(structure), 0, 0))
        for name, kind, *_ in structure._fields_:
            field = getattr(structure, name)
            entries.append((name, field.offset, field.size, _kind(kind)))
    value = 0xCBF29CE484222325
    for name, *numbers in entries:
        for byte in name.encode() + b"".join(number.to_bytes(4, "little") for number in numbers):
            value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def _kind(field: type[Any]) -> int:
    if field is ctypes.c_void_p:
        return 1
    if issubclass(field, ctypes.Structure):
        return 3
    return 2 if field in (ctypes.c_float, ctypes.c_double) else 0
