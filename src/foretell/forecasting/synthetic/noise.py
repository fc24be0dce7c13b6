"""Random building blocks: N paths of T steps each, side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Random = np.random.Generator


def log_uniform(random: Random, low: float, high: float, size: int | tuple[int, ...]) -> Floats:
    """Numbers whose logarithm is uniform between those of `low` and `high`."""
    return np.exp(random.uniform(np.log(low), np.log(high), size))


def column(values: ArrayLike) -> Floats:
    """(N,) as (N, 1)."""
    return np.asarray(values, dtype=np.float64)[:, None]


def some(random: Random, count: int, share: float) -> NDArray[np.bool_]:
    """(N, 1): true with probability `share`."""
    return random.random((count, 1)) < share


def choose(random: Random, options: list[Floats], probabilities: ArrayLike) -> Floats:
    """One of several (N, T) for each of the N."""
    weights = np.asarray(probabilities, dtype=np.float64)
    which = random.choice(len(options), len(options[0]), p=weights / weights.sum())
    return np.choose(column(which).astype(np.int64), options)


def unit_variance(paths: Floats) -> Floats:
    """(N, T), each divided by its standard deviation."""
    return np.asarray(paths / (paths.std(1, keepdims=True) + 1e-9))


def autoregression(shocks: Floats, persistence: Floats) -> Floats:
    """x_t = persistence x_(t-1) + shock_t: (N, T) from shocks (N, T) and persistences (N,), stationary."""
    paths = np.empty_like(shocks)
    state = shocks[:, 0] / np.sqrt(np.maximum(1 - persistence**2, 0.02))
    paths[:, 0] = state
    for t in range(1, shocks.shape[1]):
        state = persistence * state + shocks[:, t]
        paths[:, t] = state
    return paths


def gaussian(random: Random, count: int, steps: int) -> Floats:
    """Independent standard normal numbers."""
    return random.normal(size=(count, steps))


def shocks(random: Random, count: int, steps: int) -> Floats:
    """Independent numbers of about unit variance: normal, with heavy tails, or with a volatility of their own."""
    normal = gaussian(random, count, steps)
    student = random.standard_t(3.5, size=(count, steps)) / 1.53
    laplace = random.laplace(size=(count, steps)) / 1.414
    slow = autoregression(gaussian(random, count, steps), random.uniform(0.8, 0.98, count)) * 0.436
    volatility = np.exp(0.7 * slow)
    volatile = normal * volatility / np.sqrt((volatility**2).mean(1, keepdims=True))
    bursts = normal * np.where(random.random((count, steps)) < 0.05, 3.3, 0.75)
    return choose(random, [normal, student, laplace, volatile, bursts], [0.5, 0.15, 0.1, 0.15, 0.1])


def smooth(random: Random, count: int, steps: int, scale: Floats) -> Floats:
    """Gaussian processes of unit variance with length scales (N,), by random Fourier features (Rahimi and Recht, 2007).

    Their kernels are between Gaussian and much rougher ones.
    """
    waves = 24
    freedom = column(random.choice([2, 4, 100], count))
    frequency = gaussian(random, count, waves)
    frequency /= np.sqrt(random.chisquare(np.broadcast_to(freedom, (count, waves))) / freedom) * column(scale)
    phase = random.uniform(0, 2 * np.pi, (count, waves))
    # Slow paths are drawn on a coarse grid and joined by lines.
    coarse = max(1, int(scale.min(initial=steps)) // 5)
    time = np.arange(0, steps + coarse, coarse)
    knots = np.zeros((count, len(time)))
    for k in range(waves):
        knots += np.cos(frequency[:, k : k + 1] * time + phase[:, k : k + 1])
    left, share = np.divmod(np.arange(steps), coarse)
    paths = knots[:, left] + (share / coarse) * (knots[:, np.minimum(left + 1, len(time) - 1)] - knots[:, left])
    return np.asarray(paths * np.sqrt(2 / waves))


def jumps(random: Random, count: int, steps: int, rate: Floats) -> Floats:
    """Levels that change by a standard normal number at random times, `rate` (N,) per step."""
    happens = random.random((count, steps)) < column(rate)
    return np.cumsum(np.where(happens, gaussian(random, count, steps), 0.0), 1)


def held(random: Random, values: Floats, rate: Floats) -> Floats:
    """Each path's value at the latest of random times, `rate` per step; the first step is one of them."""
    steps = np.arange(values.shape[1])
    change = random.random(values.shape) < rate
    change[:, 0] = True
    return np.take_along_axis(values, np.maximum.accumulate(np.where(change, steps, 0), 1), 1)


def colored(random: Random, count: int, steps: int) -> Floats:
    """Noise of about unit variance that may depend on its past: autoregressive either way, or a moving average."""
    kinds = [
        np.zeros(count),
        random.uniform(0, 0.9, count),
        random.uniform(-0.6, 0, count),
        random.uniform(0.9, 0.98, count),
    ]
    persistence = np.choose(random.choice(4, count, p=[0.45, 0.3, 0.1, 0.15]), kinds)
    paths = autoregression(shocks(random, count, steps), persistence) * np.sqrt(1 - column(persistence) ** 2)
    average = np.where(some(random, count, 0.15), random.uniform(-0.7, 0.7, (count, 1)), 0.0)
    paths[:, 1:] += average * paths[:, :-1].copy()
    return paths


def long_memory(random: Random, count: int, steps: int) -> Floats:
    """Fractional noise of unit variance, integrated d times with d in (0.1, 0.48) (Granger and Joyeux, 1980)."""
    order = random.uniform(0.1, 0.48, (count, 1))
    lags = np.arange(1, steps)
    weights = np.concatenate([np.ones((count, 1)), np.cumprod((lags - 1 + order) / lags, 1)], 1)
    size = 2 * steps
    spectrum = np.fft.rfft(gaussian(random, count, size), size, axis=1) * np.fft.rfft(weights, size, axis=1)
    return unit_variance(np.fft.irfft(spectrum, size, axis=1)[:, steps:])
