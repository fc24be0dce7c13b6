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
    first, *others = program.examples
    names = [column.name for column in program.columns]
    with _quietly(), torch.no_grad():
        written: Any = torch.onnx.export(
            program.module.eval(),
            (first,),
            kwargs=dict(zip(names[1:], others, strict=True)),
            dynamo=True,
            verbose=False,
            optimize=False,  # which takes longer than the rest; runtimes do it themselves
            input_names=names,
            output_names=[program.output.name],
            dynamic_shapes=_shapes(program),
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

    first, *others = program.examples
    names = [column.name for column in program.columns]
    with _quietly(), torch.no_grad(), self_contained():
        exported = torch.export.export(
            program.module.eval(),
            (first,),
            dict(zip(names[1:], others, strict=True)),
            dynamic_shapes=_shapes(program),
        )
        file = io.BytesIO()
        torch.export.save(exported, file, extra_files={_DESCRIPTION: json.dumps(program.document())})
    return file.getvalue()


def _shapes(program: Program) -> dict[str, Any]:
    """Return the lengths that may differ from those of the examples, in the form of torch's exporters."""
    axes = {axis: torch.export.Dim(axis) for column in program.columns for axis in column.axes}
    shapes = [
        {k: axes[axis] for k, axis in enumerate(column.axes) if axis not in program.fixed} for column in program.columns
    ]
    first, *others = shapes
    names = [column.name for column in program.columns]
    plain: dict[str, Any] = {names[0]: first}
    if others:
        plain["columns"] = dict(zip(names[1:], others, strict=True))
    return plain


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
