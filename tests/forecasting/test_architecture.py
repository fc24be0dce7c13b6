"""An architecture goes through JSON and builds the same network again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from foretell.errors import SettingsError
from foretell.forecasting.any_horizon.bank import FEATURES
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.architecture import Architecture
from foretell.forecasting.ensemble import Ensemble
from foretell.nn import GRU, LSTM, RNN, WaveNet

ARCHITECTURE = Architecture(
    backbone="lstm",
    hidden=8,
    layers=2,
    head=6,
    phase=4,
    reading=Reading(3, 7, 20),
    dropout=0.1,
    calendar=2,
    known=1,
    static=1,
    categories=(3, 5),
)
CHANGES = {
    "rnn": {"backbone": "rnn", "layer_norm": True},
    "lstm": {},
    "gru": {"backbone": "gru", "layers": 1, "categories": (), "static": 0},
    "wavenet": {"backbone": "wavenet", "dropout": 0.0},
    "shortened": {"backbone": "gru", "stride": 3},
    "bare": {"reading": Reading(1, 0, 9), "calendar": 0, "known": 0, "static": 0, "categories": ()},
    "ensemble": {"members": 2},
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


@pytest.mark.parametrize(("case", "kind"), [("rnn", RNN), ("lstm", LSTM), ("gru", GRU), ("wavenet", WaveNet)])
def test_the_backbone_is_the_one_named(case, kind):
    network = built(replace(ARCHITECTURE, **CHANGES[case]))
    assert isinstance(network, AnyHorizonNetwork)
    assert isinstance(network.backbone, kind)


def test_a_stride_brings_a_convolution_twice_as_wide():
    architecture = replace(ARCHITECTURE, **CHANGES["shortened"])
    convolution = built(architecture).convolution
    assert tuple(convolution.weight.shape) == (8, FEATURES, 6)
    assert (convolution.stride, architecture.kernel) == (3, 6)
    assert built(ARCHITECTURE).convolution is None
    assert ARCHITECTURE.kernel == 1


def test_the_network_embeds_each_category_and_reads_what_else_is_known():
    network = built(ARCHITECTURE)
    assert [table.num_embeddings for table in network.embeddings] == [3, 5]
    # Calendar and known column of a step, the static number and both embeddings.
    assert tuple(network.beside.weight.shape) == (FEATURES, 2 + 1 + 1 + 8 + 8)
    # Of a step ahead the known column a season before as well.
    assert tuple(network.future.weight.shape) == (6, 2 + 2 * 1)
    bare = built(replace(ARCHITECTURE, **CHANGES["bare"]))
    assert bare.beside is None
    assert bare.future is None


def test_members_make_an_ensemble_of_different_networks():
    ensemble = built(replace(ARCHITECTURE, members=2))
    assert isinstance(ensemble, Ensemble)
    first, second = (member.output.weight for member in ensemble.members)
    assert not torch.equal(first, second)


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: 0} for name in ("hidden", "layers", "head", "phase", "stride", "members")),
        *({name: -1} for name in ("calendar", "known", "static", "dropout")),
        {"backbone": "transformer"},
        {"dropout": 1.0},
        {"dropout": float("nan")},
        {"categories": (3, 0)},
    ],
    ids=str,
)
def test_what_no_network_can_be_built_of(wrong):
    with pytest.raises(SettingsError, match="no network can be built of"):
        replace(ARCHITECTURE, **wrong)
