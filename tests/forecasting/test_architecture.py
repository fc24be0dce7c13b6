"""An architecture goes through JSON and builds the same network again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from foretell.forecasting.architecture import Architecture
from foretell.forecasting.inputs import InputLayout
from foretell.forecasting.network import ForecastNetwork
from foretell.forecasting.quantiles import GRID
from foretell.nn import GRU, LSTM, RNN, WaveNet

LAYOUT = InputLayout(steps=20, horizon=4, seasons=(3, 7), calendar=2, known=1)
ARCHITECTURE = Architecture(
    model="lstm",
    hidden=8,
    layers=2,
    layer_norm=False,
    dropout=0.1,
    layout=LAYOUT,
    static=1,
    categories=(3, 5),
)
CHANGES = {
    "rnn": {"model": "rnn", "layer_norm": True},
    "lstm": {},
    "gru": {"model": "gru", "layers": 1, "categories": (), "static": 0},
    "wavenet": {"model": "wavenet", "dropout": 0.0},
    "shortened": {"model": "gru", "layout": replace(LAYOUT, kernel=6, stride=3)},
    "bare": {"layout": InputLayout(steps=9, horizon=1, seasons=(), calendar=0, known=0)},
}


def built(architecture):
    torch.manual_seed(3)
    return architecture.build()


@pytest.mark.parametrize("case", CHANGES)
def test_round_trip_through_json_builds_the_same_network(case):
    architecture = replace(ARCHITECTURE, **CHANGES[case])
    read = Architecture.from_dict(json.loads(json.dumps(architecture.to_dict())))
    assert read == architecture
    there, here = built(architecture).state_dict(), built(read).state_dict()
    assert list(there) == list(here)
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_equality_survives_use():
    """What a layout works out for itself is no part of it."""
    used = Architecture.from_dict(ARCHITECTURE.to_dict())
    assert used.layout.lag == 7
    assert used == ARCHITECTURE
    assert used.to_dict() == ARCHITECTURE.to_dict()


@pytest.mark.parametrize(("case", "kind"), [("rnn", RNN), ("lstm", LSTM), ("gru", GRU), ("wavenet", WaveNet)])
def test_the_backbone_is_the_one_named(case, kind):
    network = built(replace(ARCHITECTURE, **CHANGES[case]))
    assert isinstance(network, ForecastNetwork)
    assert isinstance(network.backbone, kind)


def test_a_stride_brings_a_convolution():
    convolution = built(replace(ARCHITECTURE, **CHANGES["shortened"])).convolution
    assert tuple(convolution.weight.shape) == (8, LAYOUT.features + 1 + 2 * 8, 6)
    assert convolution.stride == 3
    assert built(ARCHITECTURE).convolution is None


def test_the_network_gives_the_quantiles_of_the_grid_and_embeds_each_category():
    assert built(ARCHITECTURE).quantiles == len(GRID)
    assert [table.num_embeddings for table in built(ARCHITECTURE).embeddings] == [3, 5]
