"""An ensemble beside the same networks by themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from foretell.forecasting.any_horizon.inputs import Inputs, describe
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.architecture import Architecture
from foretell.forecasting.ensemble import Ensemble
from foretell.forecasting.fit import fit_network
from foretell.forecasting.plan import Plan
from foretell.forecasting.settings import ForecastSettings
from foretell.training import TrainingSettings

ARCHITECTURE = Architecture("gru", 6, 1, head=6, phase=3, reading=Reading(4, 0, 12), members=3)


def ensemble_and_inputs(batch: int = 6) -> tuple[Ensemble, Inputs]:
    torch.manual_seed(0)
    values = np.random.default_rng(0).normal(size=(batch, 15))
    inputs = describe(values, (4, 0), np.tile([4, 7, 9, 13], (batch, 1)), np.array([1, 2, 3]), 12)
    return ARCHITECTURE.build(), inputs


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
    assert not isinstance(replace(ARCHITECTURE, members=1).build(), Ensemble)


def test_fit_trains_all_members(noisy_sines):
    settings = ForecastSettings(
        hidden=6, members=2, input_steps=24, windows=0, batch_size=4, training=TrainingSettings(steps=4, truncate=16)
    )
    fitted = fit_network(noisy_sines, Plan.of(noisy_sines, 4, settings), "rnn", horizon=4, settings=settings)
    assert fitted.architecture.members == 2
    fresh = fitted.architecture.build().state_dict()
    assert fitted.final.keys() == fresh.keys()
    weights = {name: fitted.final[f"members.{name}.backbone.weight_hh_l0"] for name in (0, 1)}
    assert not torch.equal(weights[0], weights[1])
