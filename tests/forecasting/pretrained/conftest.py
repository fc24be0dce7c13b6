"""A small network with random weights, for what holds whatever was learned."""

from __future__ import annotations

import pytest
import torch

from foretell.forecasting.pretrained.network import AnyHorizonNetwork


@pytest.fixture(scope="session")
def small_network() -> AnyHorizonNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(5)
        return AnyHorizonNetwork(hidden=12, layers=2, head=10, phase=6).eval().requires_grad_(False)
