"""How far half precision is from the exact equations, ours and torch's, and how far fp32 is.

    python benchmarks/recurrent_precision.py

Under autocast to bfloat16, beside the same layer in float64: relative errors, the norm of the difference over the norm
of the exact values, of the outputs, and of the gradient of the parameter where it is greatest.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from recurrent_sides import CELLS, Batch, Shape, Side, batch, layer, ours_side, torch_side
from tables import markdown

LAYERS = ("LSTM", "GRU", "RNN", "peephole LSTM", "layer-norm LSTM")
SHAPES: tuple[Shape, ...] = ((32, 100, 64, 128), (64, 100, 128, 256), (16, 200, 256, 512))


def torch_takes_half() -> bool:
    """Return whether torch's LSTM computes in bfloat16 on this processor."""
    try:
        with torch.autocast("cpu", torch.bfloat16):
            torch.nn.LSTM(1, 1)(torch.zeros(1, 1, 1))
    except RuntimeError:
        return False
    return True


def errors(side: Side, exact: Side) -> tuple[float, float]:
    """Of the outputs, and the greatest among those of gradients."""
    found, expected = side.results(), exact.results()
    apart = {name: float((found[name].double() - e).norm() / e.norm()) for name, e in expected.items()}
    outputs = apart.pop("outputs")
    return outputs, max(apart.values())


def table(shapes: Sequence[Shape] = SHAPES) -> str:
    """Ours in half precision, torch's where it has the layer, and ours in fp32."""
    rows = []
    for name in LAYERS:
        cell = CELLS[name]
        for shape in shapes:
            given = batch(shape, "cpu")
            exact = ours_side(
                layer(cell, shape, "cpu").double(), Batch(given.x.double(), given.cotangent.double()), True
            )
            made = layer(cell, shape, "cpu")
            sides: list[Side | None] = [ours_side(made, given, True, half=True), None, ours_side(made, given, True)]
            if cell.torch and (name != "LSTM" or torch_takes_half()):
                sides[1] = torch_side(cell, made, shape, given, True, half=True)
            found = [("-", "-") if side is None else tuple(f"{e:.1e}" for e in errors(side, exact)) for side in sides]
            rows.append([name, ", ".join(map(str, shape)), *(cell for pair in found for cell in pair)])
    header = ["", "B, T, I, H"]
    for side in ("ours", "torch's", "fp32"):
        header += [f"{side}: outputs", "gradients"]
    return markdown(header, rows)


if __name__ == "__main__":
    print(table())
