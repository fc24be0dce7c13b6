"""Drawing levels at a temperature, and generators that are kept."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from foretell.nn import Generator, WaveNet
from foretell.speech.residual import ResidualGenerators, residual, tempered
from foretell.speech.vocoder import HEAD


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


def network() -> WaveNet:
    torch.manual_seed(0)
    return WaveNet(256, 4, 4, 256, (1, 2, 4), local_size=3).eval()


def test_a_generator_that_is_kept_draws_what_a_new_one_does() -> None:
    conditioning = torch.randn(1, 6, 3)
    first = residual(Generator(tempered(network(), 1.0), HEAD, seed=5), conditioning, 10)
    assert first.shape == (40,)
    kept = ResidualGenerators(network())
    lent = []
    for seed in (5, 6, 5):
        with kept.one(seed, 1.0, "float32") as generator:
            lent.append(generator)
            drawn = residual(generator, conditioning, 10)
        assert np.array_equal(drawn, first) == (seed == 5)
    assert lent[0] is lent[1] is lent[2]
    with kept.one(5, 1.0, "int8") as generator:
        assert generator is not lent[0]
        assert generator.weights == "int8"
    with kept.one(5, 1.0, "float32") as one, kept.one(5, 1.0, "float32") as other:
        assert one is not other


def test_weights_that_have_changed_are_noticed() -> None:
    changed = network()
    kept = ResidualGenerators(changed)
    with kept.one(5, 1.0, "float32") as first:
        pass
    with torch.no_grad():
        changed.input.weight.add_(1)
    with kept.one(5, 1.0, "float32") as second:
        assert second is not first
    with pickle.loads(pickle.dumps(kept)).one(5, 1.0, "float32") as third:
        assert third is not second
