"""The compiled kernels: finding the library for this machine's instruction set, and calling its scan.

There is one library per instruction set, built from `native/`, which does not depend on torch or Python; that of
`avx512_bf16` holds half precision alone, and is used beside that of `avx512`; `amx` is the same with products by matrix
tiles turned on. A scan is passed as one structure of sizes and addresses, `Scan`. The interpreter's lock is released
during a call.

`FORETELL_ISA=baseline|avx2|avx512|avx512_bf16|amx` forces an instruction set, `FORETELL_KERNELS=reference` turns the
kernels off.
"""

from __future__ import annotations

import ctypes
import functools
import os
import warnings
from collections.abc import Mapping
from ctypes import c_double, c_int, c_int64, c_uint64, c_void_p
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from foretell.errors import SettingsError
from foretell.kernels import interruption, schema, tiles
from foretell.kernels.structures import Scan, layout_hash, mirrors

INSTRUCTION_SETS = ("amx", "avx512_bf16", "avx512", "avx2", "baseline")
"""From the widest to the narrowest."""
_WITH_TILES, _OF_HALF, _BESIDE_HALF = INSTRUCTION_SETS[:3]
"""The set with tiles, the set whose library holds half precision alone, and the one that everything else comes from."""
VECTOR_BYTES = {"amx": 64, "avx512_bf16": 64, "avx512": 64, "avx2": 32, "baseline": 16}
"""The width of their vectors, which determines the layout of what is kept for the backward pass."""
DTYPES = {torch.float32: "float", torch.float64: "double"}
PRECISIONS = (*DTYPES.values(), "half")
"""In what the scan computes; half precision takes and returns float32, and computes matrix products of bfloat16."""

_WAVENET: dict[str, tuple[Any, list[Any]]] = {
    "create": (c_void_p, [c_void_p]),
    "destroy": (None, [c_void_p]),
    "set_past": (None, [c_void_p, c_int64, c_void_p, c_int64]),
    "run": (c_int, [c_void_p, c_void_p]),
    **{f"{call}_{name}": (c_int, [c_void_p]) for call in ("forward", "backward") for name in DTYPES.values()},
}
"""The result and argument types of each function; structures are passed by address."""
_DECODER: dict[str, tuple[Any, list[Any]]] = {
    "create": (c_void_p, [c_void_p]),
    "destroy": (None, [c_void_p]),
    "run": (c_int, [c_void_p, c_void_p]),
    "expand": (c_int, [c_void_p, c_void_p]),
}
_CANDIDATES: dict[str, tuple[Any, list[Any]]] = {"run": (c_int, [c_void_p])}
_KEPT: dict[str, tuple[Any, list[Any]]] = {
    **{f"keep_{name}": (c_void_p, [c_void_p]) for name in DTYPES.values()},
    "forward_kept": (c_int, [c_void_p, c_void_p]),
    "forget": (None, [c_void_p]),
}
_KEPT_HALVES: dict[str, tuple[Any, list[Any]]] = {"keep_half": (c_void_p, [c_void_p])}


@dataclass(frozen=True)
class Pace:
    """What this machine does here and now: measured when first asked for, and kept for half a minute."""

    rate: float
    """Multiplications in single precision per second of one thread, at most."""
    gain: float
    """How many times as fast all threads are as one."""
    wake: float
    """The seconds that it takes to start work on all threads and to wait for its end."""
    wait: float
    """The seconds that it takes all threads to wait for each other."""
    second_level_cache: int
    """The bytes of a core's second-level cache; 0 if unknown."""


@dataclass(frozen=True, eq=False)
class Library:
    """A compiled library and the instruction set that it was built for."""

    instruction_set: str
    functions: Mapping[str, ctypes._NamedFuncPointer]
    wavenet: Mapping[str, ctypes._NamedFuncPointer]
    """Functions for WaveNets, called by `foretell/kernels/wavenet.py` and `wavenet_stack.py`."""
    decoder: Mapping[str, ctypes._NamedFuncPointer]
    """Functions for decoders, called by `foretell/kernels/decoder.py`."""
    candidates: Mapping[str, ctypes._NamedFuncPointer]
    """Functions for simple forecasts of series, called by `foretell/kernels/candidates.py`."""
    kept: Mapping[str, ctypes._NamedFuncPointer]
    """Functions for layers with packed weights, called by `foretell/kernels/packed.py`."""
    of_half: ctypes.CDLL
    """The library that half precision comes from."""
    without_tiles: str = ""
    """Why half precision does not use matrix tiles; empty if it does."""

    @staticmethod
    def load(instruction_set: str, path: Path, half: Path | None = None) -> Library:
        """Load a library, and its functions of half precision from the library `half` if given.

        Raises OSError if one cannot be loaded, or if the layout of its structures differs.
        """
        loaded = _loaded(path)
        of_half = loaded if half is None else _loaded(half)
        functions = {}
        for name in PRECISIONS:
            for call in ("forward", "backward"):
                functions[f"{call}_{name}"] = getattr(of_half if name == "half" else loaded, f"foretell_{call}_{name}")
                functions[f"{call}_{name}"].argtypes = [c_void_p]
        for name in DTYPES.values():
            functions[f"sizes_{name}"] = getattr(loaded, f"foretell_sizes_{name}")
        for name, arguments in (("machine", [c_int64, c_void_p]), ("assume", [c_void_p])):
            functions[name] = getattr(loaded, f"foretell_{name}")
            functions[name].restype, functions[name].argtypes = None, arguments
        groups = (("wavenet_", _WAVENET), ("decoder_", _DECODER), ("candidates_", _CANDIDATES), ("", _KEPT))
        wavenet, decoder, candidates, kept = (_declared(loaded, prefix, group) for prefix, group in groups)
        library = Library(instruction_set, functions, wavenet, decoder, candidates, kept, of_half)
        return replace(library, kept={**library.kept, **_declared(of_half, "", _KEPT_HALVES)})

    def call(self, name: str, precision: str, scan: ctypes.Structure) -> None:
        """Run `forward` or `backward`. Raises MemoryError if there was not enough memory.

        On the main thread it also raises what a signal's handler raises meanwhile.
        """
        scan.ask = interruption.address()
        self.check(self.functions[f"{name}_{precision}"](ctypes.byref(scan)), scan)

    def check(self, failure: int, scan: ctypes.Structure) -> None:
        """Raise the error for a scan's result other than 0."""
        if failure == interruption.FAILURE:
            interruption.raise_again()
        if failure == 1:
            raise MemoryError(
                f"foretell: not enough memory to scan {scan.shape.steps} steps of {scan.shape.batch} sequences"
            )
        if failure:
            raise RuntimeError(
                f"foretell: this library does not support the cell {scan.shape.cell}; reinstall foretell"
            )

    def pace(self, threads: int) -> Pace:
        """Return what so many threads bring, by which the compiled scan decides how many it uses."""
        found = (c_double * 5)()
        self.functions["machine"](threads, found)
        rate, gain, wake, wait, cache = found
        return Pace(rate, gain, wake, wait, int(cache))

    @functools.cache  # noqa: B019 (one library per process)
    def sizes(self, cell: int, layer_norm: bool, hidden: int, dtype: torch.dtype) -> tuple[int, int]:
        """Return the numbers of gate and cell state values kept for backward, per time step of a sequence."""
        gates, cells = c_int64(), c_int64()
        scan = Scan()
        scan.shape.cell, scan.shape.layer_norm, scan.shape.hidden = cell, layer_norm, hidden
        self.functions[f"sizes_{DTYPES[dtype]}"](ctypes.byref(scan), ctypes.byref(gates), ctypes.byref(cells))
        return gates.value, cells.value


def _loaded(path: Path) -> ctypes.CDLL:
    loaded = ctypes.CDLL(str(path))
    layout = loaded.foretell_layout
    layout.restype = c_uint64
    if layout() != layout_hash(mirrors(), schema.ENUMERATIONS):
        raise OSError("it belongs to another version of foretell")
    return loaded


def _declared(loaded: ctypes.CDLL, prefix: str, group: Mapping[str, tuple[Any, list[Any]]]) -> dict[str, Any]:
    functions = {name: getattr(loaded, f"foretell_{prefix}{name}") for name in group}
    for name, (result, arguments) in group.items():
        functions[name].restype, functions[name].argtypes = result, arguments
    return functions


def supported() -> list[str]:
    """Return the instruction sets that this machine supports, the widest first."""
    widest = torch.backends.cpu.get_cpu_capability()
    first = {"AVX512": "avx512", "AVX2": "avx2"}.get(widest, "baseline")
    if first == "avx512" and torch.cpu._is_avx512_bf16_supported():
        first = "amx" if tiles.in_processor() else "avx512_bf16"
    return list(INSTRUCTION_SETS[INSTRUCTION_SETS.index(first) :])


def _path(instruction_set: str) -> Path | None:
    name = f"native_{instruction_set}.so"
    beside = Path(__file__).with_name(name)
    if beside.exists():
        return beside
    try:  # an editable install leaves the sources in place and installs only the library in the environment
        installed = Path(str(metadata.distribution("foretell").locate_file(f"foretell/kernels/{name}")))
    except metadata.PackageNotFoundError:
        return None
    return installed if installed.exists() else None


def _files(instruction_set: str) -> tuple[Path, ...] | None:
    """Return the library of an instruction set and, if it is another, of half precision; None if one is missing."""
    names = (_BESIDE_HALF, _OF_HALF) if instruction_set in (_WITH_TILES, _OF_HALF) else (instruction_set,)
    paths = tuple(path for path in map(_path, names) if path is not None)
    return paths if len(paths) == len(names) else None


@functools.cache
def library() -> Library | None:
    """Return the library in use, or None if none was built or with `FORETELL_KERNELS=reference`.

    Raises SettingsError for invalid values of the two environment variables.
    """
    kernels = os.environ.get("FORETELL_KERNELS", "native")
    if kernels not in ("native", "reference"):
        raise SettingsError(f"FORETELL_KERNELS is {kernels!r}: it must be native or reference")
    if kernels == "reference":
        return None
    wanted = os.environ.get("FORETELL_ISA")
    if wanted and wanted not in supported():
        raise SettingsError(f"FORETELL_ISA is {wanted!r}: this machine supports {', '.join(supported())}")
    damaged, refused = False, tiles.NOT_CHOSEN if tiles.in_processor() else tiles.NOT_THERE
    for instruction_set in [wanted] if wanted else supported():
        files = _files(instruction_set)
        if files is None:
            continue
        try:
            found = Library.load(instruction_set, *files)
            if instruction_set == _WITH_TILES:
                refused = tiles.use(found.of_half, tiles.Tiles.PROCESSOR)
        except (OSError, AttributeError) as error:
            warnings.warn(f"foretell's compiled kernels cannot be loaded, {files[-1]}: {error}", stacklevel=2)
            damaged = True
            continue
        if instruction_set != _WITH_TILES or not refused:
            return replace(found, without_tiles=refused)
        if wanted:
            raise SettingsError(f"FORETELL_ISA is {wanted!r}: matrix tiles: {refused}; unset the variable")
    if wanted:
        state = "cannot be loaded" if damaged else "was not built"
        raise SettingsError(f"FORETELL_ISA is {wanted!r}: its kernel library {state}; unset the variable")
    if not damaged:
        _say_missing()
    return None


def _say_missing() -> None:
    warnings.warn(
        "foretell is using its slow reference kernels, because it was installed without a C++ compiler. Install one "
        "(for example the package g++), then reinstall foretell.",
        stacklevel=3,
    )
