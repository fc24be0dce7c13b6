"""An architecture goes through JSON and builds the same network again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from foretell.errors import SettingsError
from foretell.forecasting.any_horizon.bank import FEATURES
from foretell.forecasting.any_horizon.inputs import Inputs, describe
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.networks.architecture import Architecture, Ensemble
from foretell.forecasting.networks.network_training import NetworkTraining
from foretell.forecasting.plan import Plan
from foretell.forecasting.settings import ForecastSettings
from foretell.nn import GRU, LSTM, RNN, WaveNet
from foretell.training import TrainingSettings

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
CHANGES: dict[str, dict[str, Any]] = {
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
    first, second = (member.output.weight for member in ensemble.members)  # type: ignore[union-attr]
    assert not torch.equal(first, second)  # type: ignore[arg-type]


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


OF_THREE = Architecture("gru", 6, 1, head=6, phase=3, reading=Reading(4, 0, 12), members=3)


def ensemble_and_inputs(batch: int = 6) -> tuple[Ensemble, Inputs]:
    torch.manual_seed(0)
    values = np.random.default_rng(0).normal(size=(batch, 15))
    inputs = describe(values, (4, 0), np.tile([4, 7, 9, 13], (batch, 1)), np.array([1, 2, 3]), 12)
    return OF_THREE.build(), inputs  # type: ignore[return-value]


def test_the_members_differ_and_their_quantiles_are_averaged():
    ensemble, inputs = ensemble_and_inputs()
    assert isinstance(ensemble, Ensemble)
    with torch.no_grad():
        alone = torch.stack([member(inputs)[0] for member in ensemble.members])
        together, states = ensemble.eval()(inputs)
    assert not torch.equal(alone[0], alone[1])
    torch.testing.assert_close(together, alone.mean(0), rtol=0, atol=1e-6)
    assert (together.diff(dim=-1) > 0).all()
    assert len(states) == 3


def test_in_training_each_member_learns_from_its_own_share():
    ensemble, inputs = ensemble_and_inputs()
    quantiles, _ = ensemble.train()(inputs)
    parts = inputs.split(3)
    for k, member in enumerate(ensemble.members):
        torch.testing.assert_close(quantiles[2 * k : 2 * k + 2], member(parts[k])[0], rtol=0, atol=1e-6)
    quantiles[:2].sum().backward()
    learnt = [any(p.grad is not None and p.grad.any() for p in member.parameters()) for member in ensemble.members]
    assert learnt == [True, False, False]


def test_the_state_goes_back_to_the_member_it_came_from():
    ensemble, inputs = ensemble_and_inputs()
    ensemble.eval()
    first, second = inputs.chunks(8)
    with torch.no_grad():
        _, state = ensemble(first)
        resumed, _ = ensemble(second, state)
        whole, _ = ensemble(inputs)
    later = inputs.at >= 8
    assert later.any()
    torch.testing.assert_close(resumed[later], whole[later], rtol=0, atol=1e-6)


def test_one_member_is_the_network_itself():
    assert not isinstance(replace(OF_THREE, members=1).build(), Ensemble)


def test_fit_trains_all_members(noisy_sines):
    settings = ForecastSettings(
        hidden=6, members=2, input_steps=24, windows=0, batch_size=4, training=TrainingSettings(steps=4, truncate=16)
    )
    fitted = NetworkTraining(
        noisy_sines, Plan.of(noisy_sines, 4, settings), "rnn", horizon=4, settings=settings
    ).complete()
    assert fitted.architecture.members == 2
    fresh = fitted.architecture.build().state_dict()
    assert fitted.final.keys() == fresh.keys()
    weights = {name: fitted.final[f"members.{name}.backbone.weight_hh_l0"] for name in (0, 1)}
    assert not torch.equal(weights[0], weights[1])
