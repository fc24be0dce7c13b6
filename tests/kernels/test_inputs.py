"""What the compiled scan refuses: it reads memory by the sizes that it is told, so that they must be right."""

from __future__ import annotations

import pytest
import torch

from foretell.kernels import native
from foretell.kernels.inputs import GATES, NAMES, Inputs

pytestmark = pytest.mark.skipif(native.library() is None, reason="the compiled kernels are missing or turned off")

NORMS = {
    "rnn_tanh": ["ln_weight", "ln_bias"],
    "lstm": ["ln_ih_weight", "ln_hh_weight", "ln_c_weight", "ln_c_bias"],
    "gru": ["ln_ih_weight", "ln_hh_weight"],
}


def scan(i):
    return torch.ops.foretell.scan(*i.flat, True)


def by_name(i):
    return dict(zip(NAMES, i.flat, strict=True))


def changed(i, **changes):
    """The inputs with other values of some; None takes a weight away."""
    return Inputs.named(by_name(i) | changes)


def refused(i, name, **changes):
    """The operator takes the inputs, but not with the changes; the message begins with the name of the argument."""
    scan(i)
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        scan(changed(i, **changes))


@pytest.mark.parametrize("layout", ["padded", "ragged", "packed"])
@pytest.mark.parametrize("cell", GATES)
def test_every_tensor_must_have_its_shape_and_dtype(cell, layout, draw):
    norm, peephole = cell in NORMS, cell == "lstm"
    i = draw(cell, layout=layout, layer_norm=norm, peephole=peephole, mask=True, zoneout="mask")
    floats = [name for name, t in by_name(i).items() if isinstance(t, torch.Tensor) and t.is_floating_point()]
    assert len(floats) >= 8
    for name in floats[1:]:
        tensor = by_name(i)[name]
        for other in (tensor[..., :-1], tensor[:0], tensor[None], torch.cat([tensor, tensor]), torch.zeros(())):
            # H and B are read off these two, so that another may be the one that does not fit them.
            refused(i, r"\w+" if name in ("weight_hh", "initial_h") else name, **{name: other})
        for dtype in (torch.float64, torch.int64):
            refused(i, name, **{name: tensor.to(dtype)})


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_x_must_have_the_shape_of_its_layout(layout, draw):
    i = draw("lstm", layout=layout)
    refused(i, "x", x=i.x[0])
    refused(i, "x", x=i.x[None])
    refused(i, "x", x=torch.zeros(()))
    refused(i, "weight_ih", x=i.x[..., :-1])
    if layout == "padded":
        refused(i, "x", x=i.x[:, :-1])
    else:
        refused(i, "batch_sizes", x=i.x[:-1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.complex64])
def test_dtypes_that_the_scan_does_not_know(dtype, draw, converted):
    refused(draw("gru"), "x", **by_name(converted(draw("gru"), dtype)))


@pytest.mark.parametrize("cell", NORMS)
def test_layer_norm_is_whole_or_absent(cell, draw):
    i = draw(cell, layer_norm=True)
    for name in NORMS[cell]:
        with pytest.raises(ValueError, match=f"layer norm needs all of .*{name}"):
            scan(changed(i, **{name: None}))


def test_an_lstm_alone_has_a_cell_state_peepholes_and_projections(draw):
    lstm, gru = draw("lstm", peephole=True, zoneout="mask", projection=17), draw("gru")
    refused(lstm, "initial_c", initial_c=None)
    for name in ("initial_c", "weight_peephole", "weight_hr", "keep_c"):
        refused(gru, name, **{name: by_name(lstm)[name]})
    refused(gru, "ln_weight", ln_weight=torch.ones(17))


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("outputs", [16, 18])
def test_only_a_projection_makes_outputs_of_another_width(cell, outputs, draw):
    i = draw(cell)
    refused(i, r"weight_h[hr]", weight_hh=torch.zeros(GATES[cell] * 17, outputs), initial_h=torch.zeros(3, outputs))


@pytest.mark.parametrize("name", ["weight_hr", "weight_hh", "initial_h", "initial_c", "recurrent_mask", "keep_h"])
def test_widths_of_a_projection(name, draw):
    i = draw("lstm", projection=5, mask=True, zoneout="mask")
    tensor = by_name(i)[name]
    for other in (tensor[..., :-1], tensor[:-1], tensor.T if tensor.dim() == 2 else tensor[None]):
        refused(i, r"\w+", **{name: other})


@pytest.mark.parametrize("cell", ["", "LSTM", "rnn"])
def test_unknown_cells(cell, draw):
    refused(draw("lstm"), "cell", cell=cell)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 2, 6], "between 0 and the 5 steps, got 6 at index 2"),
        ([1, -1, 5], "between 0 and the 5 steps, got -1 at index 1"),
        ([2**62, 1, 1], "got 4611686018427387904 at index 0"),
        ([1, 2], r"shape \(3,\)"),
        ([1, 2, 3, 4], r"shape \(3,\)"),
    ],
)
def test_lengths_out_of_range(lengths, message, draw):
    i = draw("gru", layout="ragged")
    scan(i)
    with pytest.raises(ValueError, match=f"lengths must .*{message}"):
        scan(changed(i, lengths=torch.tensor(lengths)))


def test_layouts_are_vectors_of_integers_and_come_alone(draw):
    ragged, packed = draw("gru", layout="ragged"), draw("gru", layout="packed")
    for i, name in ((ragged, "lengths"), (packed, "batch_sizes")):
        given = getattr(i, name)
        for wrong in (given.int(), given.double(), given[None], given[0], given.bool()):
            refused(i, name, **{name: wrong})
    refused(packed, "lengths", lengths=ragged.lengths)


@pytest.mark.parametrize("sizes", [[3, 2, 3, 1], [4, 2, 2, 1], [2, 2, 2, 2, 1], [3, 3, 2], [3, 3, 4, -1], [], [0, 9]])
def test_bad_batch_sizes(sizes, draw):
    i = draw("lstm", steps=4)
    i = changed(i, x=i.x.flatten(0, 1)[:9], batch_sizes=torch.tensor([3, 3, 2, 1]))
    refused(i, "batch_sizes", batch_sizes=torch.tensor(sizes, dtype=torch.int64))


@pytest.mark.parametrize("name", ["output", "gates", "cells", "grad_output", "grad_h", "grad_c"])
def test_backward_checks_what_the_forward_pass_left(name, draw):
    i = draw("lstm", layer_norm=True)
    outputs, h, c, gates, cells = scan(i)
    left = {"output": outputs, "gates": gates, "cells": cells, "grad_output": outputs, "grad_h": h, "grad_c": c}
    needed = [t is not None for t in i.differentiable]
    torch.ops.foretell.scan_backward(*i.flat, *left.values(), needed)
    for wrong in (left[name][..., :-1], left[name][:-1], left[name].double(), left[name][None]):
        with pytest.raises(ValueError, match=rf"^{name}\b"):
            torch.ops.foretell.scan_backward(*i.flat, *(left | {name: wrong}).values(), needed)
