"""Errors for layers that cannot be exported."""

from __future__ import annotations

from torch import nn

from foretell.errors import ExportError


def not_as_torchscript(layer: nn.Module) -> ExportError:
    """Return the error for torch.jit.script and torch.jit.trace."""
    return ExportError(
        f"foretell.nn.{type(layer).__name__} does not support torch.jit.script or torch.jit.trace: use "
        "torch.export.export(module, inputs) or torch.compile(module)"
    )


def not_as_onnx(layer: nn.Module) -> ExportError:
    """Return the error for torch.onnx.export of a recurrent layer; torch's newer exporter meets it in the operators."""
    name = type(layer).__name__
    return ExportError(
        f"foretell.nn.{name} cannot be exported to ONNX yet: if it has no options beyond torch's, load its state_dict "
        f"into torch.nn.{name} with the same arguments, and export that"
    )
