"""The loss of predicted tokens straight from features, without all tokens' scores ever being there at once."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

_SCORES_AT_ONCE = 1 << 20
"""Few enough to stay in a processor's cache from one pass over them to the next."""


def token_loss(features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """The mean cross-entropy, in nats, of the tokens `targets` `(N,)` under scores `features @ weight.T + bias`.

    `features` `(N, E)`, `weight` `(V, E)`, `bias` `(V,)`; `smoothing` as `label_smoothing` of
    `torch.nn.functional.cross_entropy`, whose value this is. The gradients are found along the way, so that the scores
    are gone over while they are in the cache, and never kept: they would be the largest tensor of a training step.
    """
    if torch.is_grad_enabled():
        loss: Tensor = _TokenLoss.apply(features, weight, bias, targets, smoothing)  # type: ignore[no-untyped-call]
        return loss
    total = bias.new_zeros(())
    for x, y in _pieces(features, targets, len(weight)):
        total += F.cross_entropy(
            F.linear(x, weight, bias).to(weight.dtype), y, label_smoothing=smoothing, reduction="sum"
        )
    return total / len(targets)


class _TokenLoss(torch.autograd.Function):
    """With p = softmax(scores) and t the smoothed target, d loss / d scores = (p - t) / N.

    t is 1 - s at the target and s / V everywhere: what is even over the vocabulary is put in once for all rows, by
    sums over weights and features.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        kind = features.dtype
        with torch.autocast(features.device.type, enabled=False):
            features = features.to(weight.dtype)
            tokens, even = len(weight), smoothing / len(weight)
            d_features, d_weight = torch.empty_like(features), torch.zeros_like(weight)
            d_bias, total = torch.zeros_like(bias), bias.new_zeros(())
            weight_sum, bias_sum = weight.sum(0), bias.sum()
            first = 0
            for x, y in _pieces(features, targets, tokens):
                scores = torch.addmm(bias, x, weight.t())
                at = y[:, None]
                of_target = scores.gather(1, at)
                chances = torch.log_softmax(scores, 1)
                log_p = chances.gather(1, at)
                normaliser = of_target - log_p
                mean = (x @ weight_sum + bias_sum)[:, None] / tokens - normaliser
                total -= ((1 - smoothing) * log_p + smoothing * mean).sum()
                chances.exp_().scatter_add_(1, at, torch.full_like(log_p, smoothing - 1))
                torch.mm(chances, weight, out=d_features[first : first + len(y)])
                d_weight.addmm_(chances.t(), x)
                d_bias += chances.sum(0)
                first += len(y)
            if even:
                d_features -= even * weight_sum
                d_weight -= even * features.sum(0)
                d_bias -= even * len(targets)
        ctx.save_for_backward(d_features, d_weight, d_bias)
        ctx.count, ctx.kind = len(targets), kind
        return total / len(targets)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        scale = gradients[0] / ctx.count
        d_features, d_weight, d_bias = (gradient * scale for gradient in ctx.saved_tensors)
        return d_features.to(ctx.kind), d_weight, d_bias, None, None


def _pieces(features: Tensor, targets: Tensor, tokens: int) -> list[tuple[Tensor, Tensor]]:
    rows = max(1, _SCORES_AT_ONCE // tokens)
    return list(zip(torch.split(features, rows), torch.split(targets, rows), strict=True))
