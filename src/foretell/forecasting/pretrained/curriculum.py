"""What the any-horizon network is pretrained on: batches of synthetic series of many lengths and seasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.forecasting.any_horizon.inputs import Inputs, describe
from foretell.forecasting.any_horizon.loss import candidate_weight, quantile_loss
from foretell.forecasting.synthetic import draw


@dataclass(frozen=True)
class Kind:
    """Series of one season and length, and how often a batch is made of them."""

    season: int
    """In steps; 1 for none, 0 for another one in each pool."""
    second: int
    steps: int
    window: int
    """The last steps, which the network runs over."""
    share: float


KINDS = (
    Kind(1, 0, 72, 72, 0.16),
    Kind(1, 0, 192, 192, 0.07),
    Kind(1, 0, 900, 384, 0.03),
    Kind(4, 0, 112, 112, 0.12),
    Kind(4, 0, 240, 240, 0.02),
    Kind(12, 0, 168, 168, 0.16),
    Kind(12, 0, 320, 320, 0.06),
    Kind(7, 0, 200, 200, 0.03),
    Kind(7, 0, 600, 256, 0.05),
    Kind(7, 364, 1200, 256, 0.02),
    Kind(24, 0, 600, 360, 0.03),
    Kind(24, 168, 1000, 384, 0.08),
    Kind(48, 336, 1400, 384, 0.04),
    Kind(96, 672, 2100, 384, 0.01),
    Kind(52, 0, 780, 312, 0.05),
    Kind(0, 0, 760, 384, 0.07),
)
_OTHER_SEASONS = (2, 3, 5, 6, 8, 10, 13, 14, 20, 26, 28, 30, 36, 48, 60, 96, 100, 132, 144, 168, 288)
_BLOCK = 400
"""Batches between one pool of series and the next."""
_USES = 2
"""How often a series of a pool is drawn, on average."""
_TOKENS = 6144
"""Steps that the network runs over in one batch."""
_FEWEST_SERIES = 8
_CHUNK = 256
_ANCHORS = 12
_AHEAD = 18
_WARM_UP = 4


class Curriculum:
    """Batch n, a pure function of n and the seed, and the loss on it."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pools: dict[int, tuple[int, NDArray[np.float32]]] = {}
        self._block = -1
        shares = np.array([kind.share for kind in KINDS])
        self._shares = shares / shares.sum()

    def batch(self, step: int) -> Inputs:
        """The inputs of training step n = 0, 1, ..."""
        random = np.random.default_rng([self._seed, 0, step])
        which = int(random.choice(len(KINDS), p=self._shares))
        season, pool = self._pool(which, step // _BLOCK)
        return sampled(random, KINDS[which], season, pool)

    def held_out(self) -> Callable[[nn.Module], float]:
        """An evaluation: the mean loss on series that are never trained on."""
        batches = []
        for which, kind in enumerate(KINDS):
            random = np.random.default_rng([self._seed, 2, which])
            season, pool = _drawn(random, kind, count=96)
            batches.append(sampled(random, kind, season, pool, count=96))

        def evaluate(network: nn.Module) -> float:
            losses = [float(self.loss(network, inputs, None)[0]) for inputs in batches]
            return float(np.dot(self._shares, losses))

        return evaluate

    @staticmethod
    def loss(network: nn.Module, inputs: Inputs, state: object) -> tuple[Tensor, object]:
        """The quantile loss; anchors where the candidates lie far apart weigh less."""
        del state
        quantiles, _ = network(inputs)
        return quantile_loss(quantiles, inputs.target, candidate_weight(inputs.candidates)), None

    def _pool(self, which: int, block: int) -> tuple[int, NDArray[np.float32]]:
        if block != self._block:
            self._pools, self._block = {}, block
        if which not in self._pools:
            kind = KINDS[which]
            count = int(_BLOCK * self._shares[which] * _per_batch(kind) / _USES)
            random = np.random.default_rng([self._seed, 1, block, which])
            self._pools[which] = _drawn(random, kind, max(count, 2 * _per_batch(kind)))
        return self._pools[which]


def _per_batch(kind: Kind) -> int:
    return max(_FEWEST_SERIES, _TOKENS // kind.window)


def _drawn(random: np.random.Generator, kind: Kind, count: int) -> tuple[int, NDArray[np.float32]]:
    season = kind.season or int(random.choice(_OTHER_SEASONS))
    sizes = [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]
    return season, np.concatenate([draw(random, size, kind.steps, season, kind.second) for size in sizes])


def sampled(
    random: np.random.Generator, kind: Kind, season: int, pool: NDArray[np.float32], count: int | None = None
) -> Inputs:
    """Some series of a pool on scales of their own, many of them begun later, with random anchors and steps ahead."""
    chosen = random.choice(len(pool), min(count or _per_batch(kind), len(pool)), replace=False)
    values = pool[chosen].astype(np.float64) * np.exp(random.normal(0, 3, (len(chosen), 1)))
    steps = values.shape[1]
    if random.random() < 0.5:
        longest = steps - max(24, kind.window // 3)
        begins = (random.beta(1, 2.5, len(values)) * longest).astype(np.int64)
        values = np.where(np.arange(steps) < begins[:, None], np.nan, values)
    ahead = _steps_ahead(random, season, kind.second)
    anchors = np.sort(random.integers(steps - kind.window + _WARM_UP, steps - 1, (len(values), _ANCHORS)), 1)
    inputs = describe(values, (season, kind.second), anchors, ahead, kind.window)
    begun = (~np.isnan(values)).argmax(1)[:, None]
    early = torch.from_numpy(anchors - begun < _WARM_UP)[..., None]
    return replace(inputs, target=torch.where(early, torch.nan, inputs.target))


def _steps_ahead(random: np.random.Generator, season: int, second: int) -> NDArray[np.int64]:
    """The next few steps and some further off, up to about two seasons."""
    farthest = 14 if season in (1, 4) else min(2 * max(season, 6), 192)
    if season == 1 and random.random() < 0.15:
        farthest = 60
    if second and random.random() < 0.7:
        farthest = max(farthest, min(second, 672))
    if farthest <= _AHEAD:
        return np.arange(1, farthest + 1)
    near = np.arange(1, _AHEAD // 3 + 1)
    rest = random.choice(np.arange(len(near) + 1, farthest + 1), _AHEAD - len(near), replace=False)
    return np.sort(np.concatenate([near, rest]))
