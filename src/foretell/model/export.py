"""Models as programs that run where foretell is not installed: ONNX, and torch's exported programs."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from foretell import optional
from foretell.errors import ExportError
from foretell.model.folder import read_folder
from foretell.model.registry import KINDS, imported
from foretell.storage.whole_file import replace_file

Format = Literal["onnx", "torch"]
_DESCRIPTION = "foretell"
"""Key of the description, JSON, among the metadata of either format."""


@dataclass(frozen=True)
class Column:
    """An input or the output of a program."""

    name: str
    dtype: torch.dtype
    axes: tuple[str, ...]
    meaning: str
    codes: Mapping[int, str] = field(default_factory=dict)
    """What each code stands for, of a column of codes."""

    def document(self) -> dict[str, Any]:
        """For JSON."""
        plain: dict[str, Any] = {
            "name": self.name,
            "type": str(self.dtype).removeprefix("torch."),
            "axes": list(self.axes),
            "meaning": self.meaning,
        }
        return plain | ({"codes": dict(self.codes)} if self.codes else {})


@dataclass(frozen=True)
class Program:
    """A model as a function of tensors."""

    module: nn.Module
    """Takes the columns, the first by position and the others by name, and returns the output."""
    columns: tuple[Column, ...]
    examples: tuple[Tensor, ...]
    output: Column
    facts: Mapping[str, Any]
    fixed: tuple[str, ...] = ()
    """Axes whose length is that of the examples; all others may have any."""

    def document(self) -> dict[str, Any]:
        """Describe the program, for JSON."""
        inputs = [column.document() for column in self.columns]
        return {**self.facts, "inputs": inputs, "outputs": [self.output.document()]}


def export(folder: Path | str, out: Path | str, format: Format = "onnx") -> Program:  # noqa: A002
    """Write the model in `folder` to the file `out` as a program, and return that.

    `format` "onnx" needs the extra `onnx` and is run by any runtime of ONNX, "torch" writes a program (.pt2) for
    `torch.export.load`. Both describe their inputs in metadata, as JSON under "foretell". Raises ModelError for a
    folder without a model, ExportError for a model that has no program, MissingExtraError without the packages, and
    SettingsError where the file cannot be written.
    """
    entry = KINDS[read_folder(Path(folder)).kind]
    path = entry.described.program
    if path is None:
        able = " and ".join(name for name, other in KINDS.items() if other.described.program)
        raise ExportError(
            f"{folder} is a model of the kind {entry.name}, of which no program can be written: only of {able}; its "
            "layers can be exported by torch.onnx.export and torch.export.export"
        )
    if format == "onnx":
        for package in ("onnx", "onnxscript"):
            optional.load(package, "writes ONNX", "onnx")
    program: Program = imported(path)(entry.model.load(folder))
    replace_file(Path(out), _onnx(program) if format == "onnx" else _torch(program))
    return program


def _onnx(program: Program) -> bytes:
    module, more, shapes = _for_exporters(program)
    with _quietly(), torch.no_grad():
        written: Any = torch.onnx.export(
            module,
            program.examples[:1],
            kwargs=more,
            dynamo=True,
            verbose=False,
            optimize=False,  # which takes longer than the rest; runtimes do it themselves
            input_names=[column.name for column in program.columns],
            output_names=[program.output.name],
            dynamic_shapes=shapes,
        )
    model = written.model_proto
    model.producer_name = "foretell"
    for graph in (model.graph, *model.functions):
        _strip(graph)
    entry = model.metadata_props.add()
    entry.key, entry.value = _DESCRIPTION, json.dumps(program.document())
    return bytes(model.SerializeToString())


def _strip(graph: Any) -> None:
    """Remove where in foretell's source each node comes from, which is most of a file."""
    for node in graph.node:
        node.ClearField("metadata_props")
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _strip(attribute.g)


def _torch(program: Program) -> bytes:
    from foretell.nn.layers.portable import self_contained

    module, more, shapes = _for_exporters(program)
    with _quietly(), torch.no_grad(), self_contained():
        exported = torch.export.export(module, program.examples[:1], more, dynamic_shapes=shapes)
        file = io.BytesIO()
        torch.export.save(exported, file, extra_files={_DESCRIPTION: json.dumps(program.document())})
    return file.getvalue()


class _Columns(nn.Module):
    """Takes a program's inputs but the first as a dictionary: torch's exporters miscount keywords of any name."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, first: Tensor, columns: dict[str, Tensor]) -> Tensor:
        """Call the program."""
        result: Tensor = self.module(first, **columns)
        return result


def _for_exporters(program: Program) -> tuple[nn.Module, dict[str, Any], dict[str, Any]]:
    """Return a program as torch's exporters take it: the module, the examples beside the first one by keyword, and the
    lengths of all that may differ from those of the examples."""
    axes = {axis: torch.export.Dim(axis) for column in program.columns for axis in column.axes}
    first, *others = (
        {k: axes[axis] for k, axis in enumerate(column.axes) if axis not in program.fixed} for column in program.columns
    )
    name, *names = (column.name for column in program.columns)
    if not names:
        return program.module.eval(), {}, {name: first}
    examples = dict(zip(names, program.examples[1:], strict=True))
    lengths = dict(zip(names, others, strict=True))
    return _Columns(program.module).eval(), {"columns": examples}, {"first": first, "columns": lengths}


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence what torch's exporters say of their own insides."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
