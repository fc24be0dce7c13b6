"""Seasons: patterns that repeat, one or two at once, some of them changing slowly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.synthetic.noise import Floats, Random, choose, column, gaussian, log_uniform, smooth, some

_SHORT = 12
_MOST_WAVES = 30
_DIRECTIONS = 3


def cycle(random: Random, count: int, length: int) -> Floats:
    """(N, `length`): one cycle of mean 0 and variance 1: waves, single values, spikes, blocks, skewed, wandering."""
    time = np.arange(length)
    half = max(1, length // 2)
    waves = np.zeros((count, length))
    decay, highest = random.uniform(0.2, 2.5, (count, 1)), random.integers(1, half + 1, (count, 1))
    for k in range(1, min(half, _MOST_WAVES) + 1):
        amplitude = gaussian(random, count, 2) / k**decay * (k <= highest)
        angle = 2 * np.pi * k * time / length
        waves += amplitude[:, :1] * np.cos(angle) + amplitude[:, 1:] * np.sin(angle)
    single = gaussian(random, count, length)
    at_spike = random.random((count, length)) < max(1.5 / length, 0.06)
    spikes = np.where(at_spike, random.exponential(size=(count, length)) + 0.5, 0.0) + 0.1 * single
    start = random.integers(0, length, (count, 1))
    width = np.maximum(1, (random.uniform(0.15, 0.6, (count, 1)) * length).astype(np.int64))
    block = ((time - start) % length < width) + 0.15 * waves
    skewed = np.exp(1.2 * waves / (waves.std(1, keepdims=True) + 1e-9))
    walk = np.cumsum(single, 1)
    wandering = walk - np.linspace(0, 1, length) * (walk[:, -1:] - walk[:, :1])
    shares = [0.36, 0.16, 0.12, 0.10, 0.16, 0.10] if length <= _SHORT else [0.40, 0.03, 0.10, 0.15, 0.20, 0.12]
    pattern = choose(random, [waves, single, spikes, block, skewed, wandering], shares)
    pattern -= pattern.mean(1, keepdims=True)
    return np.asarray(pattern / (pattern.std(1, keepdims=True) + 1e-6))


def season(random: Random, count: int, steps: int, length: int, second: int = 0) -> Floats:
    """(N, T): a season of `length` steps and, unless it is 0, a `second` one, a multiple of the first.

    Some patterns change from cycle to cycle, some grow and shrink. Without a season (length 1) now and then a cycle of
    no fixed length.
    """
    if length == 1:
        return _loose_cycles(random, count, steps)
    path = _evolving(random, count, steps, length)
    if not second:
        return path
    return _with_second(random, path, length, second)


def _loose_cycles(random: Random, count: int, steps: int) -> Floats:
    period = log_uniform(random, 5, 60, (count, 1))
    speed = 2 * np.pi / period * (1 + 0.15 * gaussian(random, count, steps))
    phase = np.cumsum(speed, 1) + random.uniform(0, 2 * np.pi, (count, 1))
    wave = np.sin(phase) + random.uniform(-0.5, 0.5, (count, 1)) * np.sin(2 * phase)
    return np.where(some(random, count, 0.15), wave, 0.0)


def _evolving(random: Random, count: int, steps: int, length: int) -> Floats:
    cycles = -(-steps // length)
    pattern = cycle(random, count, length)
    rate = column(np.where(random.random(count) < 0.5, 0.0, log_uniform(random, 0.02, 0.4, count)))
    softly = some(random, count, 0.5)
    path = np.empty((count, cycles * length))
    path[:, :length] = pattern
    directions = np.stack([cycle(random, count, length) for _ in range(_DIRECTIONS)], 1)
    for c in range(1, cycles):
        towards = random.normal(size=(count, _DIRECTIONS, 1)) / np.sqrt(_DIRECTIONS)
        change = np.where(softly, (towards * directions).sum(1), gaussian(random, count, length))
        pattern = pattern + 0.6 * rate * change
        path[:, c * length : (c + 1) * length] = pattern
    slow = smooth(random, count, steps, log_uniform(random, 2 * length, 3 * max(steps, length), count))
    return path[:, :steps] * np.exp(np.where(some(random, count, 0.3), 0.4, 0.0) * slow)


def _with_second(random: Random, path: Floats, length: int, second: int) -> Floats:
    """A day and a week: levels by day, other days at weekends, or a pattern of the whole week."""
    count, steps = path.shape
    days = second // length
    day = (np.arange(steps) // length + random.integers(0, days, (count, 1))) % days
    weekend = day >= days - 2
    level = _by_day(gaussian(random, count, days) * log_uniform(random, 0.05, 0.6, (count, 1)), day)
    other = cycle(random, count, length)[:, np.arange(steps) % length]
    share = np.where(weekend, random.uniform(0, 1, (count, 1)), 0.0)
    mixed = (1 - share) * path * (1 + np.clip(level, -0.8, 2)) + 0.6 * share * other + level
    whole = cycle(random, count, second)[:, np.arange(steps) % second]
    return choose(random, [path, path + 1.5 * level, mixed, path + 0.6 * whole], [0.2, 0.3, 0.35, 0.15])


def _by_day(values: Floats, day: NDArray[np.int64]) -> Floats:
    return np.take_along_axis(values, day, 1)
