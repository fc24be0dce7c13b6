"""Errors for layers that cannot be exported, or not in this way."""

from __future__ import annotations

from torch import nn

from foretell.errors import ExportError


def not_as_torchscript(layer: nn.Module) -> ExportError:
    """Return the error for torch.jit.script and torch.jit.trace."""
    return ExportError(
        f"foretell.nn.{type(layer).__name__} does not support torch.jit.script or torch.jit.trace: use "
        "torch.export.export(module, inputs) or torch.compile(module)"
    )


def not_by_older_onnx_exporter(layer: nn.Module) -> ExportError:
    """Return the error for torch.onnx.export by way of TorchScript."""
    return ExportError(
        f"foretell.nn.{type(layer).__name__} is exported to ONNX by torch's current exporter only: call "
        "torch.onnx.export(module, inputs, dynamo=True), which needs the package onnxscript"
    )


def packed_not_exported(layer: nn.Module) -> ExportError:
    """Return the error for a PackedSequence in an exported program."""
    return ExportError(
        f"foretell.nn.{type(layer).__name__} cannot be exported with a PackedSequence: pass the padded batch "
        "with lengths="
    )


def only_evaluation_exported(layer: nn.Module) -> ExportError:
    """Return the error for dropout or zoneout, drawn at random, in an exported program."""
    return ExportError(
        f"foretell.nn.{type(layer).__name__} is in training mode, with recurrent_dropout or zoneout: call "
        "eval() before the export"
    )
