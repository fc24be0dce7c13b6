"""The network forecasts at every anchor from what came before it, in order and step by step alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from foretell.forecasting.backbones import BACKBONES, RECURRENT, build_backbone
from foretell.forecasting.inputs import InputLayout, Inputs
from foretell.forecasting.network import ForecastNetwork, FutureHead
from foretell.nn import Downsample

HIDDEN, QUANTILES, BATCH = 8, 5, 3
ANCHORED = ("candidates", "future", "last", "spread", "target")


def layout_of(stride=1, known=1):
    kernel = 2 * stride if stride > 1 else 1
    return InputLayout(steps=17, horizon=4, seasons=(3, 6), calendar=2, known=known, kernel=kernel, stride=stride)


def network_of(name, stride=1, known=1, categories=(3,)):
    torch.manual_seed(1)
    layout = layout_of(stride, known)
    size = ForecastNetwork.input_size(layout, static=2, categories=len(categories))
    convolution = Downsample(size, HIDDEN, layout.kernel, stride) if stride > 1 else None
    steps = len(layout.all_anchors)
    backbone = build_backbone(
        name, HIDDEN if convolution else size, hidden=HIDDEN, layers=2, steps=steps, layer_norm=False, dropout=0.0
    )
    return ForecastNetwork(
        backbone, HIDDEN, layout, quantiles=QUANTILES, convolution=convolution, categories=categories
    ).eval()


def inputs_for(layout, seed=0, categories=1):
    generator = torch.Generator().manual_seed(seed)
    anchors, horizon = len(layout.all_anchors), layout.horizon

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    return Inputs(
        steps=normal(BATCH, layout.steps, layout.features),
        static=normal(BATCH, 2),
        categories=torch.randint(0, 3, (BATCH, categories), generator=generator),
        at=torch.arange(anchors),
        candidates=normal(BATCH, anchors, layout.candidates, horizon),
        future=normal(BATCH, anchors, horizon, layout.future_features),
        last=normal(BATCH, anchors),
        spread=normal(BATCH, anchors).abs(),
        target=normal(BATCH, anchors, horizon),
    )


def forecast(network, inputs):
    with torch.no_grad():
        return network(inputs)[0]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("known", [0, 1])
def test_a_forecast_does_not_depend_on_later_steps(name, stride, known):
    network = network_of(name, stride, known)
    before, other = inputs_for(network.layout), inputs_for(network.layout, seed=9)
    whole = forecast(network, before)
    assert whole.shape == (BATCH, len(network.layout.all_anchors), QUANTILES, network.layout.horizon)
    for t in (3, 8, 15):
        count = sum(anchor <= t for anchor in network.layout.all_anchors)
        changed = {"steps": torch.cat([before.steps[:, : t + 1], other.steps[:, t + 1 :]], 1)}
        for field in ANCHORED:
            mine, theirs = getattr(before, field), getattr(other, field)
            changed[field] = torch.cat([mine[:, :count], theirs[:, count:]], 1)
        after = forecast(network, replace(before, **changed))
        assert torch.equal(whole[:, :count], after[:, :count])
        assert not torch.isclose(whole[:, count:], after[:, count:]).all()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", BACKBONES)
def test_every_step_from_the_first_on_is_read(name, stride):
    network = network_of(name, stride)
    inputs = inputs_for(network.layout)
    inputs.steps.requires_grad_()
    network(inputs)[0][:, -1].sum().backward()
    reached = (inputs.steps.grad != 0).any(-1).any(0)
    first = network.layout.all_anchors[0] - (network.layout.kernel - 1)
    far = 0 if name in RECURRENT else network.layout.steps // 2
    assert not reached[:first].any()
    assert reached[first + far :].all()


@pytest.mark.parametrize("name", BACKBONES)
def test_quantiles_are_in_order_whatever_the_weights(name):
    network = network_of(name)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(3 * torch.randn_like(parameter))
    assert (forecast(network, inputs_for(network.layout)).diff(dim=2) >= 0).all()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("chosen", [[-1], [-2, -1], [0, 3, 5]])
def test_chosen_anchors_give_the_forecasts_they_give_among_all(stride, chosen):
    network = network_of("gru", stride)
    inputs = inputs_for(network.layout)
    fewer = {field: getattr(inputs, field)[:, chosen] for field in ANCHORED}
    some = forecast(network, replace(inputs, at=inputs.at[chosen], **fewer))
    torch.testing.assert_close(some, forecast(network, inputs)[:, chosen])


@pytest.mark.parametrize("name", RECURRENT)
def test_chunk_by_chunk_with_the_state_carried_is_the_whole(name):
    network = network_of(name)
    inputs = inputs_for(network.layout)
    state, pieces = None, []
    with torch.no_grad():
        for chunk in inputs.chunks(5):
            piece, state = network(chunk, state)
            pieces.append(piece)
    torch.testing.assert_close(torch.cat(pieces, 1), forecast(network, inputs))


def test_a_wavenet_has_no_state():
    network = network_of("wavenet")
    assert network(inputs_for(network.layout))[1] is None


@pytest.mark.parametrize("field", ["static", "categories", "candidates", "future"])
def test_all_that_is_given_counts(field):
    network = network_of("lstm")
    inputs = inputs_for(network.layout)
    changed = (getattr(inputs, field) + 1) % 3
    whole, after = forecast(network, inputs), forecast(network, replace(inputs, **{field: changed}))
    assert not torch.isclose(whole, after).all()


def test_targets_and_scales_do_not_count():
    network = network_of("lstm")
    inputs = inputs_for(network.layout)
    other = inputs_for(network.layout, seed=5)
    swapped = replace(inputs, target=other.target, spread=other.spread, last=other.last)
    assert torch.equal(forecast(network, inputs), forecast(network, swapped))


def test_the_known_future_of_a_step_reaches_that_step_alone():
    network = network_of("gru")
    inputs = inputs_for(network.layout)
    future = inputs.future.clone()
    future[:, :, 2] += 1
    moved = forecast(network, inputs) != forecast(network, replace(inputs, future=future))
    assert moved.any(2)[:, :, 2].all()
    assert not moved[..., [0, 1, 3]].any()


def test_without_known_columns_there_is_no_head_for_them():
    assert network_of("gru", known=0).ahead is None
    assert isinstance(network_of("gru", known=1).ahead, FutureHead)


def test_the_median_starts_among_the_candidates():
    """Before training the shares are about equal and the corrections small."""
    network = network_of("lstm", known=0)
    inputs = inputs_for(network.layout)
    inputs.candidates.fill_(3.0)
    median = forecast(network, inputs)[:, :, QUANTILES // 2]
    expected = 3 * network.layout.candidates / (network.layout.candidates + 1)
    assert (median - expected).abs().max() < 0.5


def test_every_weight_learns():
    network = network_of("lstm", stride=2)
    network(inputs_for(network.layout))[0].square().sum().backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_a_category_never_seen_adds_nothing():
    """Code 0 stands for missing and unknown names: no training reaches it, so it must not be noise."""
    network = network_of("rnn", categories=(3,))
    assert not network.embeddings[0].weight[0].any()
    assert network.embeddings[0].weight[1:].any()
