"""Keras on JAX as a side of the comparison of recurrent layers; only where both are installed."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import numpy as np
import torch
from recurrent_sides import Batch, Side
from torch import Tensor

LAYERS = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "SimpleRNN"}
GATES = {"LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2), "RNN": (0,)}
"""Where torch keeps the gates that Keras lists: i, f, g, o for an LSTM, z, r, n for a GRU."""


def installed() -> bool:
    """Whether Keras can run on JAX here."""
    return all(importlib.util.find_spec(name) for name in ("keras", "jax"))


def keras_side(kind: str, weights: dict[str, Tensor], given: Batch, training: bool) -> Side:
    """Keras' layer of that kind, compiled, with torch's weights; the step ends when its results are there."""
    os.environ["KERAS_BACKEND"] = "jax"
    import jax
    import keras

    x, cotangent = (jax.numpy.asarray(t.transpose(0, 1).contiguous().numpy()) for t in (given.x, given.cotangent))
    hidden = weights["weight_hh"].shape[1]
    layer: Any = getattr(keras.layers, LAYERS[kind])(hidden, return_sequences=True)
    layer.build(x.shape)
    order = np.concatenate([np.arange(hidden) + gate * hidden for gate in GATES[kind]])
    own = {name: value.detach().numpy()[order] for name, value in weights.items()}
    biases = [own["bias_ih"], own["bias_hh"]]
    layer.set_weights(
        [own["weight_ih"].T, own["weight_hh"].T, np.stack(biases) if kind == "GRU" else biases[0] + biases[1]]
    )
    values = [variable.value for variable in layer.trainable_variables]
    fixed = [variable.value for variable in layer.non_trainable_variables]

    def outputs(values: list[Any], x: Any) -> Any:
        return layer.stateless_call(values, fixed, x, training=training)[0]

    def gradients(values: list[Any], x: Any, cotangent: Any) -> Any:
        y, pull_back = jax.vjp(lambda values: outputs(values, x), values)
        return y, pull_back(cotangent)[0]

    infer, train = jax.jit(outputs), jax.jit(gradients)

    def step() -> Any:
        return jax.block_until_ready(train(values, x, cotangent) if training else infer(values, x))

    def results() -> dict[str, Tensor]:
        y, found = step() if training else (step(), [])
        shown = {"outputs": torch.tensor(np.asarray(y)).transpose(0, 1)}
        for name, gradient in zip(("weight_ih", "weight_hh"), found[:2], strict=bool(found)):
            back = np.empty_like(np.asarray(gradient).T)
            back[order] = np.asarray(gradient).T
            shown[f"gradient of {name}"] = torch.tensor(back)
        return shown

    return Side(step, results)
