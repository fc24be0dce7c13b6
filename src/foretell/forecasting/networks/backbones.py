"""Backbones: the networks that a forecaster can be built on, by name."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from foretell.errors import SettingsError
from foretell.nn import GRU, LSTM, RNN, WaveNet, dilation_cycles

RECURRENT: dict[str, type[nn.Module]] = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
BACKBONES: dict[str, type[nn.Module]] = {**RECURRENT, "wavenet": WaveNet}


AUTO, PRETRAINED = "auto", "pretrained"
MODELS = (AUTO, PRETRAINED, *BACKBONES)


def model_name(model: str | type[nn.Module]) -> str:
    """Return the name of a model given by name or as a layer class of `foretell.nn`; SettingsError for any other."""
    for name in MODELS:
        if model is BACKBONES.get(name, name) or (isinstance(model, str) and model.lower() == name):
            return name
    raise SettingsError(
        f"model {model!r} is not known: choose one of {', '.join(MODELS)}, or pass the class itself, "
        "such as foretell.nn.LSTM"
    )


def build_backbone(
    name: str, input_size: int, *, hidden: int, layers: int, steps: int, layer_norm: bool, dropout: float
) -> nn.Module:
    """Build a causal network from (B, T, `input_size`) to (B, T, `hidden`); a recurrent one also returns its state.

    For a WaveNet, `layers` counts cycles of doubling dilations, whose receptive field is about `steps` steps in all.
    """
    if name in RECURRENT:
        options: dict[str, Any] = {"layer_norm": True} if layer_norm else {}
        between = dropout if layers > 1 else 0.0
        return RECURRENT[name](input_size, hidden, layers, batch_first=True, dropout=between, **options)
    if layer_norm:
        raise SettingsError("layer_norm normalises inside a recurrent cell: use it with rnn, lstm or gru, not wavenet")
    doublings = max(1, round(math.log2(max(2.0, steps / layers))))
    stack = WaveNet(input_size, hidden, hidden, dilations=dilation_cycles(doublings, layers))
    return nn.Sequential(stack, nn.Dropout(dropout)) if dropout else stack
