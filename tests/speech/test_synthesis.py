"""Drawing levels at a temperature."""

from __future__ import annotations

import pytest
import torch

from foretell.nn import WaveNet
from foretell.speech.synthesis import tempered


@pytest.mark.parametrize("temperature", [0.5, 0.85, 1.2])
def test_the_density_of_the_residual_is_tempered_not_that_of_levels(temperature: float) -> None:
    network = WaveNet(256, 2, 2, 256, (1,)).eval()
    widths = torch.exp((torch.arange(256) - 128).abs() / 128 * torch.log(torch.tensor(256.0)))
    before = torch.full((1, 1), 128)
    with torch.no_grad():
        logits = network(before)[0, 0]
        drawn = torch.softmax(tempered(network, temperature)(before)[0, 0] / temperature, 0)
    density = torch.softmax(logits, 0) / widths
    due = density ** (1 / temperature) * widths
    assert torch.allclose(drawn, due / due.sum(), atol=1e-6)
    assert tempered(network, 1.0) is network
