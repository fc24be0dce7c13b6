"""`foretell info`"""

from __future__ import annotations

import inspect
import os
import platform
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from foretell import __version__
from foretell.cli.options import MessageOptions
from foretell.cli.printer import Printer
from foretell.cli.summaries import training_sentences
from foretell.declaration import Setting
from foretell.model.registry import KINDS

if TYPE_CHECKING:
    from foretell.kernels.native import Library, Pace

_LAYER_NORM = {"layer_norm": True}
_OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "peephole": {"peephole": True},
    "layer_norm": _LAYER_NORM,
    "reset_after=False": {"reset_after": False},
    "recurrent_dropout": {"recurrent_dropout": 0.5},
    "zoneout": {"zoneout": 0.5},
    "proj_size": {"proj_size": 1},
    "lengths": {},
    "float64": {"dtype": "float64"},
    "half precision": {"dtype": "bfloat16"},
    "half, layer_norm": {"dtype": "bfloat16", **_LAYER_NORM},
    # The compiled scan only checks whether a tensor is on the CPU, so the meta device can stand in for a GPU.
    "CUDA": {"device": "meta"},
    "CUDA, layer_norm": {"device": "meta", **_LAYER_NORM},
}
"""Constructor arguments of a layer for each row of the table of backends."""


def info(
    messages: MessageOptions,
    model: Annotated[
        Path | None, Setting("A model folder. Without it, describe this installation.", positional=True)
    ] = None,
) -> None:
    """Describe this installation of foretell, or a saved model."""
    printer = Printer(messages, "info")
    facts = _machine(printer) if model is None else _model(model)
    rows = [[n.replace("_", " "), "-" if v is None else v] for n, v in facts.items() if not isinstance(v, dict)]
    printer.table([f"foretell {__version__}" if model is None else str(model), ""], rows)
    if model is None:
        _show_backends(printer, facts)
    else:
        printer.heading("Training")
        printer.listing(facts["training"]["sentences"])
    printer.document(facts)


def _machine(printer: Printer) -> dict[str, Any]:
    import torch

    with warnings.catch_warnings(record=True) as caught:
        from foretell.kernels import native, operators  # noqa: F401 (looks for the library, as the layers do)
    for warning in caught:
        printer.note(f"warning: {warning.message}")
    library = native.library()
    cuda = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if cuda else "mps" if torch.backends.mps.is_available() else "cpu"
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": device,
        "kernels": _no_kernels() if library is None else "compiled",
        "instruction_set": "none" if library is None else library.instruction_set,
        "matrix_tiles": "none" if library is None else _tiles(library),
        **({} if library is None else _pace(library.pace(torch.get_num_threads()))),
        "backends": _backends(),
    }


def _tiles(library: Library) -> str:
    """Return whether half precision uses the processor's matrix tiles, and otherwise why not."""
    return f"none: {library.without_tiles}" if library.without_tiles else "used in half precision"


def _pace(found: Pace) -> dict[str, Any]:
    """Return what all threads bring to the kernels here and now."""
    return {
        "threads_are_faster_by": round(found.gain, 2),
        "microseconds_to_start_them": round(1e6 * found.wake, 1),
        "second_level_cache_in_kib": found.second_level_cache // 1024 or None,
    }


def _no_kernels() -> str:
    if os.environ.get("FORETELL_KERNELS") == "reference":
        return "none: turned off by FORETELL_KERNELS=reference"
    return "none: not built, or cannot be loaded"


def _backends() -> dict[str, dict[str, str]]:
    """Return the backend of each cell in training, by cell and option, without options that a cell does not have."""
    import torch

    from foretell.nn import GRU, LSTM, RNN

    backends: dict[str, dict[str, str]] = {}
    for layer in (RNN, LSTM, GRU):
        found = backends[layer.__name__.lower()] = {}
        for name, options in _OPTIONS.items():
            if set(options) <= set(inspect.signature(layer).parameters):
                typed = {key: getattr(torch, value) if key == "dtype" else value for key, value in options.items()}
                backend = layer(1, 2, **typed).backend()
                found[name] = "torch (cuDNN)" if backend == "torch" and "device" in options else backend
    backends["wavenet"] = _wavenet_backends()
    return backends


def _wavenet_backends() -> dict[str, str]:
    """Return the backends of a WaveNet over whole sequences and in generation."""
    from foretell.kernels import native

    here = {"plain": "torch", "generation": "reference"}
    if native.library() is not None:
        here = {"plain": "native", "generation": "native"}
    return {**here, "float64": here["plain"], "half precision": "torch", "CUDA": "torch"}


def _show_backends(printer: Printer, facts: dict[str, Any]) -> None:
    cells = [cell for cell in facts["backends"] if cell != "wavenet"]
    found = {name: [facts["backends"][cell].get(name, "-") for cell in cells] for name in _OPTIONS}
    printer.heading("What computes each cell")
    printer.table(["", *cells], [[name, *row] for name, row in found.items()])
    wavenet = facts["backends"]["wavenet"]
    printer.say(f"wavenet: {wavenet['plain']}; on CUDA {wavenet['CUDA']}; generation: {wavenet['generation']}")


def _model(folder: Path) -> dict[str, Any]:
    import foretell.nn  # noqa: F401 (a variable that makes no sense is told before a model that makes none)
    from foretell.model.folder import read_folder

    entry = KINDS[read_folder(folder).kind]
    model = entry.model.load(folder)
    history = model.history
    sentences = training_sentences(history) if history else [entry.described.untrained]
    training = {**(history.summary() if history else {}), "sentences": sentences}
    return {"kind": entry.name, **model.facts(), "training": training}
