"""WaveNet as a forecaster's backbone: the reference text's two sines, ten steps ahead, beside its simplified WaveNet.

Data, training and errors are those of `reference_text.py`.
"""

from __future__ import annotations

import sys

import reference_text
from tables import markdown, mean_and_range
from torch import Tensor

from foretell.nn import WaveNet

AHEAD = 10
DILATIONS = (1, 2, 4, 8) * 2
RESIDUAL, SKIP = 10, 16
"""So that there are no more parameters than the text's network has."""


class GatedWaveNet(reference_text.Network):
    """`foretell.nn.WaveNet`, with the layers and dilations of the text's network, to the ten values after each step."""

    at = reference_text.EVERY_STEP

    def __init__(self) -> None:
        super().__init__()
        self.backbone = WaveNet(1, RESIDUAL, SKIP, AHEAD, DILATIONS, kernel_size=2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 50, 1) to (B, 50, 10)."""
        forecast: Tensor = self.backbone(x)
        return forecast


def report(seeds: int, epochs: int) -> str:
    """The table."""
    text = reference_text.ROWS["wavenet"]
    rows = {"wavenet": text, "gated-wavenet": reference_text.Row("nn.WaveNet", AHEAD, text.published, GatedWaveNet)}
    reference_text.ROWS.update(rows)
    table = []
    for name, row in rows.items():
        networks = [reference_text.fitted(name, seed, epochs) for seed in range(seeds)]
        errors = {
            part: [reference_text.error(network, part, AHEAD) for network in networks]
            for part in ("validation", "test")
        }
        size = sum(p.numel() for p in networks[0].parameters())
        title = "the text's simplified WaveNet, trained here" if name == "wavenet" else row.title
        cells = [title, f"{size:,}", mean_and_range(errors["validation"], 5)]
        cells += [reference_text.verdict(row, errors["validation"]), mean_and_range(errors["test"], 5)]
        print(" | ".join(cells), file=sys.stderr, flush=True)
        table.append(cells)
    table.insert(0, ["the text's simplified WaveNet, published", table[0][1], text.published[0], "", ""])
    header = ["Ten steps ahead, forecast made at the last step", "parameters", "validation", "beats it", "test"]
    words = (
        f"Mean squared error after {epochs} epochs, mean and range of {seeds} seeds; eight layers of dilations 1, 2, "
        "4, 8 twice, the same training for both, as in `reference_text.py`."
    )
    return f"## In a forecaster\n\n{markdown(header, table)}\n\n{words}"
