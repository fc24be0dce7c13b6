from __future__ import annotations

import contextlib

import pytest
import torch
from torch import nn

from foretell.errors import SettingsError
from foretell.training.weights import Weights


def test_the_vector_is_the_parameters_and_its_gradient_theirs(task) -> None:
    network = task.network()
    network.out.bias.requires_grad_(False)
    weights = Weights(network)
    trained = [p for p in network.parameters() if p.requires_grad]
    assert torch.equal(weights.vector, nn.utils.parameters_to_vector(trained))
    network.eval()
    gradient = weights.differentiate(task.loss(network, task.batches(0), None)[0])
    task.loss(network, task.batches(0), None)[0].backward()
    assert torch.equal(gradient, torch.cat([p.grad.reshape(-1) for p in trained]))


def test_a_parameter_out_of_reach_has_a_zero_gradient() -> None:
    network = nn.ModuleList([nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)])
    assert Weights(network).differentiate(network[0](torch.ones(1, 1)).sum()).tolist() == [1.0, 0.0]


def test_shared_parameters_count_once() -> None:
    network = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    network[1].weight = network[0].weight
    assert len(Weights(network).vector) == 8


def test_snapshots_hold_weights_and_buffers(task) -> None:
    network = task.network()
    weights, before = Weights(network), task.bits(network)
    snapshot = weights.snapshot()
    network.train()
    network(task.batches(0)[0])
    weights.vector.add_(1)
    weights.publish()
    assert all(task.bits(network)[name] != bits for name, bits in before.items())
    weights.restore(snapshot)
    assert task.bits(network) == before


def test_shown_weights_go_when_the_block_is_left(task) -> None:
    network = task.network()
    weights, before = Weights(network), task.bits(network)
    with contextlib.suppress(KeyError), weights.showing(torch.zeros_like(weights.vector)):
        assert not network.out.weight.any()
        raise KeyError
    assert task.bits(network) == before


def test_networks_that_cannot_be_trained_are_refused() -> None:
    with pytest.raises(SettingsError, match="no trainable"):
        Weights(nn.Tanh())
    with pytest.raises(SettingsError, match="differ in type"):
        Weights(nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1).double()]))
