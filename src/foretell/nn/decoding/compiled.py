"""Decoding of networks in compiled code, and the check of which networks it supports.

It only supports plain networks: layers of this library, an unmodified `nn.Embedding` and `nn.Linear`, in evaluation
mode, in single precision on the CPU. Modules with hooks, subclasses and parametrisations use their own `step` instead.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from foretell.kernels.decoder import Attended, CompiledDecoder, Parts, takes
from foretell.kernels.inputs import Inputs
from foretell.nn.layers.attention import Attention
from foretell.nn.layers.stack import RECURRENT, Stack, State


class Options(NamedTuple):
    """Options of decoding.

    `width` is the maximum number of hypotheses per sequence, `never` the tokens that are not to be chosen, and `scores`
    an additional linear map, from the outputs of the head to the scores of the tokens.
    """

    width: int = 1
    never: tuple[int, ...] = ()
    scores: LinearMap | None = None


_IDLE = (nn.Dropout, nn.Identity)
"""Modules that do nothing in evaluation mode."""


class LinearMap(NamedTuple):
    """A linear map: the weight `(O, I)` and the bias `(O,)`."""

    weight: Tensor
    bias: Tensor | None


class Attending(NamedTuple):
    """The attention, the map of context and query, the memory `(B, S, D)`, its keys `(B, S, K)` and mask `(B, S)`."""

    attention: Attention
    combine: nn.Linear
    memory: Tensor
    keys: Tensor
    mask: Tensor | None


def compiled_decoder(
    embedding: nn.Module | None,
    stack: Stack,
    head: nn.Module,
    state: State | None,
    batch: int,
    options: Options,
    *,
    constants: Tensor | None = None,
    attending: Attending | None = None,
) -> CompiledDecoder | None:
    """Return the network as compiled code, starting from this state of its layers, or None if not supported.

    It decodes `batch` sequences. Without a state the layers start from zeros. `constants` `(B, C)` are concatenated to
    the embedded token at every step.
    """
    if not batch or torch.is_autocast_enabled("cpu"):
        return None
    table, maps = _embedding(embedding), _maps(head)
    layers = _layers(stack, state, batch)
    if table is None or maps is None or not layers or any(len(layer.initial_h) != batch for layer in layers):
        return None
    maps = maps if options.scores is None else [*maps, options.scores]
    if not 1 <= len(maps) <= 2 or table.max_norm is not None or table.num_embeddings < len(maps[-1].weight):
        return None
    attended = None
    if attending is not None:
        module, combine, memory, keys, mask = attending
        if module.score == "additive" or not (untouched(module, Attention) and untouched(combine, nn.Linear)):
            return None
        if not memory.shape[1]:
            return None
        attended = Attended(memory, keys, mask, combine.weight, combine.bias)
    last, bias = maps[-1], maps[-1].bias
    if options.never:
        bias = last.weight.new_zeros(len(last.weight)) if bias is None else bias.detach().clone()
        bias[list(options.never)] = -torch.inf
    projection, projection_bias = maps[0] if len(maps) > 1 else (None, None)
    parts = Parts(
        embedding=table.weight,
        layers=layers,
        head=last.weight,
        head_bias=bias,
        projection=projection,
        projection_bias=projection_bias,
        constants=constants,
        attended=attended,
    )
    return CompiledDecoder(parts, batch * options.width) if takes(parts) else None


def untouched(module: nn.Module, *kinds: type[nn.Module]) -> bool:
    """Return whether the module has exactly one of these types, is in evaluation mode, and calls only its `forward`."""
    everywhere = torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks
    hooked = everywhere or module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module)
    return type(module) in kinds and not module.training and not hooked


def _busy(module: nn.Module) -> list[nn.Module]:
    """Return the modules that it runs one after another, except for those that do nothing."""
    modules = [module]
    if isinstance(module, nn.Sequential) and untouched(module, nn.Sequential):
        modules = list(module)
    return [m for m in modules if not untouched(m, *_IDLE)]


def _embedding(module: nn.Module | None) -> nn.Embedding | None:
    modules = [] if module is None else _busy(module)
    found = modules[0] if len(modules) == 1 else None
    return found if isinstance(found, nn.Embedding) and untouched(found, nn.Embedding) else None


def _maps(head: nn.Module) -> list[LinearMap] | None:
    """Return the linear maps that the head consists of, or None if it contains anything else."""
    modules: list[Any] = _busy(head)
    known = all(untouched(m, nn.Linear) for m in modules)
    return [LinearMap(m.weight, m.bias) for m in modules] if known else None


def _layers(stack: Stack, state: State | None, batch: int) -> list[Inputs] | None:
    state = (None,) * len(stack) if state is None else state
    if len(state) != len(stack) or not untouched(stack, Stack):
        return None
    layers: list[Inputs] = []
    for layer, hx in zip(stack, state, strict=True):
        if untouched(layer, *_IDLE):
            continue
        if not untouched(layer, *RECURRENT):
            return None
        recurrent: Any = layer
        if recurrent.bidirectional or recurrent.backend() != "native":
            return None
        layers += recurrent.scans(1, batch, hx)
    return layers
