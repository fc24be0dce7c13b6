"""Layers as ONNX, by torch's own exporter: for any batch and length, by the operators of ONNX."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from foretell import nn
from foretell.errors import ExportError
from foretell.nn.layers.portable import self_contained

pytest.importorskip("onnxscript")
runtime = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore")  # of torch's exporter and of what it uses

BATCH, STEPS = torch.export.Dim("batch"), torch.export.Dim("steps")


class Ragged(torch.nn.Module):
    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, lengths: Tensor) -> Any:
        return self.layer(x, lengths=lengths)


def random(layer: Any) -> Any:
    generator = torch.Generator().manual_seed(3)
    for parameter in layer.parameters():
        parameter.data.uniform_(-1, 1, generator=generator)
    return layer.eval()


def flat(results: Any) -> list[Tensor]:
    outputs, state = results
    return [outputs, *(state if isinstance(state, tuple) else (state,))]


def inputs(layer: Any, batch: int, steps: int, lengths: list[int] | None) -> tuple[Tensor, ...]:
    shape = (batch, steps, 3) if layer.batch_first else (steps, batch, 3)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(batch), dtype=layer.weight_hh_l0.dtype)
    return (x,) if lengths is None else (x, torch.tensor(lengths))


def shapes(layer: Any, ragged: bool) -> tuple[Any, ...]:
    of_x = {0: BATCH, 1: STEPS} if layer.batch_first else {0: STEPS, 1: BATCH}
    return (of_x, {0: BATCH}) if ragged else (of_x,)


# Each with the operators that are to compute it.
CASES = [
    (nn.RNN(3, 4, nonlinearity="relu"), True, {"RNN"}),
    (nn.LSTM(3, 4, batch_first=True, bidirectional=True, peephole=True), True, {"LSTM"}),
    (nn.GRU(3, 4, 2, bias=False), False, {"GRU"}),
    (nn.GRU(3, 4, reset_after=False), True, {"GRU"}),
    (nn.LSTM(3, 4, layer_norm=True, proj_size=2), True, {"Scan"}),
    (nn.GRU(3, 4, zoneout=0.1, dtype=torch.float64), False, {"Scan"}),
]


@pytest.mark.parametrize(("layer", "ragged", "operators"), CASES, ids=lambda case: repr(case).partition("(")[0])
def test_any_batch_and_length_gives_the_numbers_of_the_layer(layer: Any, ragged: bool, operators: set[str]) -> None:
    module = Ragged(random(layer)) if ragged else random(layer)
    traced = inputs(layer, 5, 6, [6, 0, 4, 1, 2] if ragged else None)
    program: Any = torch.onnx.export(module, traced, dynamo=True, dynamic_shapes=shapes(layer, ragged), verbose=False)
    graph = program.model_proto.graph
    assert operators == {node.op_type for node in graph.node} & {"RNN", "LSTM", "GRU", "Scan"}

    session = runtime.InferenceSession(program.model_proto.SerializeToString())
    given = inputs(layer, 3, 9, [2, 9, 0] if ragged else None)
    found = session.run(None, {i.name: t.numpy() for i, t in zip(session.get_inputs(), given, strict=True)})
    with torch.no_grad():
        expected = flat(module(*given))
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e.numpy(), rtol=1e-5, atol=1e-5)


def test_a_network_of_layers_is_exported_as_a_whole() -> None:
    network = nn.SequenceToVector(
        torch.nn.Sequential(nn.LSTM(3, 4, batch_first=True), nn.GRU(4, 4, batch_first=True, reset_after=False)),
        torch.nn.Linear(4, 2),
    ).eval()
    program: Any = torch.onnx.export(
        network, (torch.randn(5, 6, 3),), dynamo=True, dynamic_shapes=({0: BATCH, 1: STEPS},), verbose=False
    )
    session = runtime.InferenceSession(program.model_proto.SerializeToString())
    x = torch.randn(2, 11, 3)
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    np.testing.assert_allclose(found, network(x).detach().numpy(), rtol=1e-5, atol=1e-5)


def test_torch_s_programs_may_do_without_foretell() -> None:
    layer = random(nn.GRU(3, 4, layer_norm=True))
    with self_contained():
        program = torch.export.export(layer, inputs(layer, 5, 6, None), dynamic_shapes=shapes(layer, False))
    assert "foretell" not in str(program.graph)
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    given = inputs(layer, 2, 8, None)
    for found, expected in zip(flat(torch.export.load(file).module()(*given)), flat(layer(*given)), strict=True):
        torch.testing.assert_close(found, expected)


def test_what_cannot_be_exported_is_said() -> None:
    layer = nn.LSTM(3, 4, zoneout=0.1)
    x = torch.randn(5, 2, 3)

    class Packed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: Tensor) -> Tensor:
            packed = torch.nn.utils.rnn.pack_padded_sequence(x, [5, 5])
            return self.layer(packed)[0].data

    with self_contained():
        with pytest.raises(ExportError, match=r"foretell.nn.LSTM is in training mode.*eval\(\)"):
            torch.export.export(layer.train(), (x,))
        layer.eval()
        with pytest.raises(ExportError, match=r"cannot be exported with a PackedSequence: .*lengths="):
            torch.export.export(Packed(), (x,))
