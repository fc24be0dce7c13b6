"""Products of bfloat16 by tiles (Intel AMX), which half precision uses where the processor has them.

They are part of the library `avx512_bf16`, and turned on for the process when `amx` is chosen, see
`foretell.kernels.native`. The C++ is `native/core/tiles.cpp`.
"""

from __future__ import annotations

import ctypes
from enum import IntEnum

import torch


class Tiles(IntEnum):
    """Who computes products by tiles; `EMULATED` is a program that does what a processor would, for tests."""

    OFF = 0
    PROCESSOR = 1
    EMULATED = 2


NOT_THERE = "not in this processor"
NOT_CHOSEN = "not chosen by FORETELL_ISA"
_REASONS = (
    "",
    "not known to the compiler that built foretell",
    NOT_THERE,
    "not permitted by the operating system",
    "wrong products in a test of them",
)


def in_processor() -> bool:
    """Return whether the processor names them among its features; `use` finds out whether they can be used."""
    return bool(torch.cpu._is_amx_tile_supported())


def use(library: ctypes.CDLL, tiles: Tiles) -> str:
    """Use tiles from now on, in all scans of a library of half precision; no scan may be running.

    Returns why they cannot be used, or an empty string. The processor's tiles are first asked of the operating system,
    and tried on a product.
    """
    switch = library.foretell_tiles
    switch.restype, switch.argtypes = ctypes.c_int64, [ctypes.c_int64]
    return _REASONS[switch(tiles)]
