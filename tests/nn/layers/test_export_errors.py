"""What a layer cannot become is said in one sentence, which names what to use."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch

from foretell import nn
from foretell.errors import ExportError

LAYERS = [nn.RNN(3, 4), nn.GRU(3, 4, batch_first=True), nn.LSTM(3, 4, 2, layer_norm=True)]
by_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)


def inside(layer: torch.nn.Module) -> list[torch.nn.Module]:
    """The layer alone, and as a part of another module."""

    class First(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: torch.Tensor) -> Any:
            return self.layer(x)[0]

    return [layer.eval(), First().eval()]


@by_layer
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused(layer: torch.nn.Module) -> None:
    x = torch.randn(5, 2, 3)
    for module in inside(layer):
        for convert in (lambda m: torch.jit.script(m), lambda m: torch.jit.trace(m, x)):
            with pytest.raises(ExportError, match=r"^foretell\.nn\.\w+ does not support torch\.jit.*torch\.export"):
                convert(module)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_wavenet_is_not_scripted() -> None:
    net = nn.WaveNet(3, 4, 4, dilations=[1, 2]).eval()
    with pytest.raises(ExportError, match=r"foretell\.nn\.WaveNet does not support torch\.jit\.script"):
        torch.jit.script(net)


@by_layer
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_onnx_is_refused_by_torch_s_older_exporter(layer: torch.nn.Module) -> None:
    for module in inside(layer):
        with pytest.raises(ExportError, match=r"torch's current exporter only: call .*dynamo=True"):
            torch.onnx.export(module, (torch.randn(5, 2, 3),), io.BytesIO(), dynamo=False)  # type: ignore[arg-type]


@by_layer
def test_export_itself_works(layer: torch.nn.Module) -> None:
    x = torch.randn(5, 2, 3)
    for module in inside(layer):
        torch.testing.assert_close(torch.export.export(module, (x,)).module()(x), module(x))


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_in_place_on_an_output_as_the_docs_list_it(name: str) -> None:
    layer, both_ways = (getattr(nn, name)(3, 4, bidirectional=both) for both in (False, True))
    x = torch.randn(5, 2, 3)
    expected = torch.autograd.grad(layer(x)[0].relu().sum(), layer.weight_hh_l0)[0]
    found = torch.autograd.grad(layer(x)[0].clone().relu_().sum(), layer.weight_hh_l0)[0]
    torch.testing.assert_close(found, expected)
    both_ways(x)[0].relu_().sum().backward()
    if layer.backend() == "native":
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            layer(x)[0].relu_().sum().backward()
