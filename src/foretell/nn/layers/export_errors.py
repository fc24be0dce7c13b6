"""What is said where a layer is to become something that it cannot become."""

from __future__ import annotations

from torch import nn

from foretell.errors import ExportError


def not_as_torchscript(layer: nn.Module) -> ExportError:
    """For torch.jit.script and torch.jit.trace."""
    return ExportError(
        f"foretell.nn.{type(layer).__name__} does not go through torch.jit.script or torch.jit.trace: use "
        "torch.export.export(module, inputs), or torch.compile(module)"
    )


def not_as_onnx(layer: nn.Module) -> ExportError:
    """For torch.onnx.export of a recurrent layer; the compiled operators say the same to torch's newer exporter."""
    name = type(layer).__name__
    return ExportError(
        f"foretell.nn.{name} cannot be exported to ONNX yet: torch.nn.{name} with the same arguments takes the "
        "state_dict of one without options beyond torch's, and can be exported"
    )
