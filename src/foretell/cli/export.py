"""`foretell export`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from foretell.cli.options import MessageOptions, ModelFolder
from foretell.cli.printer import Printer
from foretell.declaration import OUTPUT, Setting
from foretell.storage.outputs import require_ending, require_writable

_ENDINGS = {"onnx": ".onnx", "torch": ".pt2"}


def export(
    model: ModelFolder,
    *,
    out: Annotated[Path, Setting("File to write, .onnx or, for torch, .pt2.", OUTPUT, metavar="FILE", short="-o")],
    format: Annotated[  # noqa: A002
        Literal["onnx", "torch"],
        Setting("onnx for any runtime of ONNX, or torch for torch.export.load.", OUTPUT),
    ] = "onnx",
    messages: MessageOptions,
) -> None:
    """Write a saved model as a program that runs without foretell.

    The program of a forecaster takes the past of any number of series, of any length, as raw values, and returns the
    quantiles of the horizon. It describes its inputs in its metadata, under foretell.
    """
    printer = Printer(messages, "export")
    require_ending(out, (_ENDINGS[format],))
    require_writable(out)
    from foretell.model.export import export as write

    with printer.progress("Exporting"):
        program = write(model, out, format)
    document = program.document()
    printer.heading("Inputs")
    printer.table(["name", "type", "axes"], [[c["name"], c["type"], ", ".join(c["axes"])] for c in document["inputs"]])
    printer.heading("Output")
    printer.table(["name", "type", "axes"], [[c["name"], c["type"], ", ".join(c["axes"])] for c in document["outputs"]])
    files = {"program": str(out)}
    printer.files(files)
    printer.document({"program": document, "files": files})
