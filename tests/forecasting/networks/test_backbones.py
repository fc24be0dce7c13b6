"""Networks by name or class: causal, of the promised width."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from foretell import nn as layers
from foretell.errors import SettingsError
from foretell.forecasting.networks.backbones import BACKBONES, RECURRENT, build_backbone, model_name

OPTIONS = {"hidden": 8, "layers": 2, "steps": 16, "layer_norm": False, "dropout": 0.0}


def built(name, **changes):
    torch.manual_seed(0)
    return build_backbone(name, 3, **{**OPTIONS, **changes}).eval()


def outputs(backbone, x):
    result = backbone(x)
    return result[0] if isinstance(result, tuple) else result


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("lstm", "lstm"),
        ("LSTM", "lstm"),
        ("auto", "auto"),
        ("Pretrained", "pretrained"),
        (layers.GRU, "gru"),
        (layers.RNN, "rnn"),
        (layers.WaveNet, "wavenet"),
    ],
)
def test_names_and_classes(given, name):
    assert model_name(given) == name


@pytest.mark.parametrize("given", ["transformer", "", nn.LSTM, None, 3])
def test_other_models_are_refused_with_the_choices(given):
    with pytest.raises(SettingsError, match="auto, pretrained, rnn, lstm, gru, wavenet"):
        model_name(given)


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_bodies_are_causal_and_as_wide_as_asked(name, dropout):
    backbone = built(name, dropout=dropout)
    x = torch.randn(2, 16, 3)
    changed = x.clone()
    changed[:, 9:] += 1
    before, after = outputs(backbone, x), outputs(backbone, changed)
    assert before.shape == (2, 16, 8)
    assert torch.equal(before[:, :9], after[:, :9])
    assert not torch.isclose(before[:, 9:], after[:, 9:]).all()


@pytest.mark.parametrize("name", RECURRENT)
def test_layer_norm_reaches_the_cell(name):
    backbone = built(name, layer_norm=True)
    assert isinstance(backbone, BACKBONES[name])
    assert any(parameter.startswith("ln_") for parameter, _ in backbone.named_parameters())
    assert outputs(backbone, torch.randn(2, 5, 3)).shape == (2, 5, 8)


def test_layer_norm_does_not_go_with_wavenet():
    with pytest.raises(SettingsError, match="wavenet"):
        built("wavenet", layer_norm=True)


@pytest.mark.parametrize("name", BACKBONES)
def test_dropout_acts_in_training_alone(name):
    backbone = built(name, dropout=0.5)
    x = torch.randn(2, 16, 3)
    assert torch.equal(outputs(backbone, x), outputs(backbone, x))
    backbone.train()
    assert not torch.equal(outputs(backbone, x), outputs(backbone, x))


@pytest.mark.parametrize("name", RECURRENT)
def test_one_recurrent_layer_has_no_place_for_dropout(name, recwarn):
    built(name, layers=1, dropout=0.5)
    assert not recwarn.list


@pytest.mark.parametrize("steps", [2, 16, 100, 512])
@pytest.mark.parametrize("cycles", [1, 2, 3])
def test_a_wavenet_sees_about_as_far_as_its_input_is_long(steps, cycles):
    stack = built("wavenet", steps=steps, layers=cycles)
    assert stack.receptive_field >= min(steps, 1 + cycles) / 2
    assert stack.receptive_field <= 2 * steps + cycles
    assert len(stack.dilations) % cycles == 0
