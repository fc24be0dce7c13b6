"""Families of series: how levels, seasons and noise come together. Each gives N series of T steps, (N, T)."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.synthetic.noise import (
    Floats,
    Random,
    autoregression,
    choose,
    colored,
    column,
    gaussian,
    held,
    jumps,
    log_uniform,
    long_memory,
    shocks,
    smooth,
    some,
    unit_variance,
)
from foretell.forecasting.synthetic.seasons import cycle, season
from foretell.forecasting.synthetic.trends import trend

_TYPICAL = 20


def _from(shares: Floats, random: Random, options: list[Floats]) -> Floats:
    return np.choose(random.choice(len(options), len(options[0]), p=shares), options)


def composed(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """Trend, season and noise in any proportion, added or multiplied."""
    up, repeat, noise = (
        trend(random, count, steps),
        season(random, count, steps, length, second),
        colored(random, count, steps),
    )
    of_trend = log_uniform(random, 0.1, 8, (count, 1))
    of_noise = log_uniform(random, 0.08, 2.5, (count, 1))
    of_season = log_uniform(random, 0.15, 12, (count, 1)) * (0.5 + 0.5 * of_noise)
    of_season = np.where(some(random, count, 0.12), 0.0, of_season)
    if length > 1:
        of_trend = of_trend * np.where(some(random, count, 0.5), 0.4, 1.0) * (_TYPICAL / max(_TYPICAL, length)) ** 0.5
    body = of_trend * up
    wilder = np.exp(
        np.where(some(random, count, 0.3), log_uniform(random, 0.3, 1.2, (count, 1)), 0.0)
        * smooth(random, count, steps, log_uniform(random, max(3, length), max(steps, 11), count))
    )
    added = body + of_season * repeat + of_noise * noise * wilder
    base = log_uniform(random, 3, 300, (count, 1)) - np.minimum(added.min(1, keepdims=True), 0)
    added = added + np.where(some(random, count, 0.7), base, 0.0)
    relative = log_uniform(random, 0.01, 0.25, (count, 1))
    logs = (
        np.clip(relative * body, -6, 6)
        + np.log1p(np.clip(np.minimum(relative * of_season, 1.1) * repeat, -0.95, 8))
        + np.clip(relative * of_noise, 0, 0.5) * noise * np.minimum(wilder, 3)
    )
    return np.where(some(random, count, 0.55), np.exp(np.clip(logs, -12, 12)), added)


def state_space(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """One shock drives level, slope and season (innovations state space; Hyndman et al., 2002), some in logarithms."""
    level_gain = np.where(random.random(count) < 0.15, 0.0, random.beta(1, 1.5, count))
    dampings = [np.zeros(count), random.uniform(0.8, 0.98, count), np.ones(count), np.full(count, 0.98)]
    damping = _from(np.array([0.4, 0.25, 0.2, 0.15]), random, dampings)
    trend_gain = np.where(damping > 0, level_gain * random.beta(1, 5, count), 0.0)
    trend_gain = trend_gain * np.where(random.random(count) < 0.3, 0, 1)
    season_gain = np.where(random.random(count) < 0.4, 0.0, (1 - level_gain) * random.beta(1, 6, count))
    noise = shocks(random, count, steps)
    level = np.zeros(count)
    slope = np.where(damping > 0, random.normal(0.05, 0.25, count), 0.0) * log_uniform(random, 0.1, 2, count)
    slope *= (_TYPICAL / max(_TYPICAL, length)) ** 0.5
    drift = np.where((damping == 0) & (random.random(count) < 0.4), random.normal(0.04, 0.12, count), 0.0)
    seasonal = np.zeros((count, 1))
    if length > 1:
        size = np.where(random.random(count) < 0.12, 0.0, log_uniform(random, 0.2, 10, count))
        seasonal = cycle(random, count, length) * column(size)
    if second:
        size = np.abs(seasonal).mean(1) * log_uniform(random, 0.1, 1, count)
        repeats = -(-second // length)
        seasonal = np.tile(seasonal, (1, repeats))[:, :second] + cycle(random, count, second) * column(size)
    path = np.empty((count, steps))
    for t in range(steps):
        phase = t % seasonal.shape[1]
        shock = noise[:, t]
        expected = level + damping * slope + drift
        path[:, t] = expected + seasonal[:, phase] + shock
        level = expected + level_gain * shock
        slope = damping * slope + trend_gain * shock
        seasonal[:, phase] += season_gain * shock
    relative = log_uniform(random, 0.01, 0.3, (count, 1))
    shifted = path + log_uniform(random, 5, 300, (count, 1))
    return np.where(some(random, count, 0.55), np.exp(np.clip(relative * path, -9, 9)), shifted)


def growing(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """A level with a growth rate of its own: a lasting mean, to which passing changes return; now and then a break,
    fading, or saturation, and calm and wild times; as economies, populations and sales have."""
    time = np.arange(steps)
    mean = np.where(random.random(count) < 0.75, 1.0, -1.0) * log_uniform(random, 0.08, 1.5, count)
    mean = column(mean * (random.random(count) < 0.9))
    persistence = random.choice([0.0, 0.3, 0.5, 0.7, 0.85, 0.93], count)
    passing = autoregression(gaussian(random, count, steps), persistence) * np.sqrt(1 - column(persistence) ** 2)
    breaks = held(random, gaussian(random, count, steps), log_uniform(random, 0.005, 0.08, (count, 1)))
    end, width = random.uniform(0.3, 1.2, (count, 1)) * steps, random.uniform(0.05, 0.2, (count, 1)) * steps
    fading = choose(
        random,
        [
            np.ones((count, steps)),
            np.exp(-time / (log_uniform(random, 0.3, 2, (count, 1)) * steps)),
            1 / (1 + np.exp(np.clip((time - end) / width, -50, 50))),
            np.broadcast_to(time / steps * 1.5, (count, steps)),
        ],
        [0.72, 0.14, 0.07, 0.07],
    )
    growth = (
        mean * fading
        + passing * log_uniform(random, 0.05, 0.8, (count, 1)) * some(random, count, 0.7)
        + breaks * log_uniform(random, 0.05, 1.0, (count, 1)) * some(random, count, 0.35)
    )
    shock = shocks(random, count, steps) * log_uniform(random, 0.2, 1, (count, 1))
    calm_and_wild = np.exp(
        log_uniform(random, 0.2, 1.2, (count, 1))
        * some(random, count, 0.5)
        * smooth(random, count, steps, log_uniform(random, 3, 0.6 * steps, count))
    )
    path = np.cumsum((growth + shock * calm_and_wild) * (12 / max(12, 3 * length)), 1)
    path = path + colored(random, count, steps) * log_uniform(random, 0.02, 0.8, (count, 1)) * some(random, count, 0.7)
    if length > 1:
        size = np.where(some(random, count, 0.1), 0.0, log_uniform(random, 0.2, 8, (count, 1)))
        path = path + season(random, count, steps, length, second) * size
    relative = log_uniform(random, 0.01, 0.2, (count, 1))
    shifted = path - np.minimum(path.min(1, keepdims=True), 0) + log_uniform(random, 1, 100, (count, 1))
    return np.where(some(random, count, 0.6), np.exp(np.clip(relative * path, -9, 9)), shifted)


def autoregressive(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """Second-order autoregressions, seasonal ones among them (Box and Jenkins, 1970), some of them integrated."""
    first, angle = random.uniform(0.3, 0.99, count), random.uniform(0, np.pi, count)
    oscillates, other = random.random(count) < 0.5, random.uniform(-0.8, 0.95, count)
    a1 = np.where(oscillates, 2 * first * np.cos(angle), first + other)
    a2 = np.where(oscillates, -(first**2), -first * other)
    seasonal = np.where((length > 1) & (random.random(count) < 0.7), random.uniform(0.2, 0.99, count), 0.0)
    warm_up = 50
    noise = shocks(random, count, steps + warm_up)
    path = np.zeros_like(noise)
    for t in range(2, path.shape[1]):
        path[:, t] = a1 * path[:, t - 1] + a2 * path[:, t - 2] + noise[:, t]
        if t > length + 2:
            back = t - length
            path[:, t] += seasonal * (path[:, back] - a1 * path[:, back - 1] - a2 * path[:, back - 2])
    path = unit_variance(np.clip(path[:, warm_up:], -1e6, 1e6))
    drift = np.arange(steps) * random.normal(0, 0.1, (count, 1))
    path = np.where(some(random, count, 0.3), np.cumsum(path, 1) + drift, path) + random.normal(0, 5, (count, 1))
    size = np.where(some(random, count, 0.4), log_uniform(random, 0.2, 3, (count, 1)), 0.0)
    return path + season(random, count, steps, length, second) * size


def prices(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """Random walks in logarithms, with little drift: exchange rates, prices, indices."""
    del length, second
    walk = np.cumsum(shocks(random, count, steps) * log_uniform(random, 0.002, 0.05, (count, 1)), 1)
    return np.exp(walk + random.normal(0, 0.001, (count, 1)) * np.arange(steps))


def regimes(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """What returns to a level that depends on the regime: switching means and sizes, thresholds, long memory."""
    force = log_uniform(random, 0.01, 0.3, count)
    reverting = autoregression(shocks(random, count, steps), 1 - force)
    changes = random.random((count, steps)) < log_uniform(random, 0.005, 0.05, (count, 1))
    other = np.cumsum(changes, 1) % 2
    switching = other * random.normal(0, 4, (count, 1)) + reverting * (1 + other * random.uniform(0, 2, (count, 1)))
    threshold = np.empty((count, steps))
    low, high = random.uniform(-0.5, 0.95, (2, count))
    step, level = random.normal(0, 1, (2, count))
    noise, state = shocks(random, count, steps), np.zeros(count)
    for t in range(steps):
        state = np.where(state > level, high * state - np.abs(step), low * state + np.abs(step)) + noise[:, t]
        threshold[:, t] = state
    slow = long_memory(random, count, steps) * log_uniform(random, 1, 5, (count, 1))
    path = choose(random, [reverting + 5, switching, threshold, slow], [0.35, 0.25, 0.15, 0.25])
    size = np.where(some(random, count, 0.5), log_uniform(random, 0.2, 4, (count, 1)), 0.0)
    return path + size * season(random, count, steps, length, second)


def loose_cycles(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """Cycles of no fixed length, as of business, sunspots and animals, and chaos."""
    period = log_uniform(random, 6, 150, (count, 1))
    speed = 2 * np.pi / period * np.exp(0.25 * smooth(random, count, steps, 1.5 * period[:, 0]))
    wave = np.exp(random.uniform(0, 1.2, (count, 1)) * np.sin(np.cumsum(speed, 1)))
    noise = gaussian(random, count, steps) * 0.1 * log_uniform(random, 0.1, 2, (count, 1))
    path = wave * np.exp(0.3 * smooth(random, count, steps, 2 * period[:, 0])) + noise
    rate, state = random.uniform(3.5, 4, count), random.uniform(0.1, 0.9, count)
    chaos = np.empty((count, steps))
    for t in range(steps):
        state = np.clip(rate * state * (1 - state), 1e-6, 1 - 1e-6)
        chaos[:, t] = state
    path = np.where(some(random, count, 0.15), chaos + 0.05 * gaussian(random, count, steps), path)
    size = np.where(some(random, count, 0.3), log_uniform(random, 0.1, 1, (count, 1)), 0.0)
    return path + size * season(random, count, steps, length, second)


def counts(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """Whole numbers from 0: customers, faults, spare parts, with rates that move; many of them mostly zero."""
    moving = (
        np.clip(0.6 * season(random, count, steps, length, second), -3, 2) * some(random, count, 0.7)
        + 0.4 * np.clip(trend(random, count, steps), -5, 5) * some(random, count, 0.5)
        + 0.3 * smooth(random, count, steps, log_uniform(random, 4, 40, count)) * some(random, count, 0.3)
    )
    rate = np.clip(np.exp(np.log(log_uniform(random, 0.03, 30, (count, 1))) + moving), 0, 500)
    poisson = random.poisson(rate)
    shape = log_uniform(random, 0.3, 5, (count, 1))
    overdispersed = random.poisson(np.clip(rate * random.gamma(shape, 1 / shape, (count, steps)), 0, 1e6))
    demand = random.random((count, steps)) < np.clip(
        log_uniform(random, 0.04, 0.7, (count, 1)) * np.exp(np.clip(moving, -2, 1)), 0, 1
    )
    size = np.round(
        1
        + random.gamma(log_uniform(random, 0.5, 4, (count, 1)), log_uniform(random, 0.3, 4, (count, 1)), (count, steps))
    )
    intermittent = np.where(demand, size, 0.0)
    dying = np.where(np.arange(steps) > random.uniform(0.3, 1.5, (count, 1)) * steps, 0.0, intermittent)
    return choose(
        random,
        [poisson.astype(np.float64), overdispersed.astype(np.float64), intermittent, dying],
        [0.35, 0.25, 0.3, 0.1],
    )


def bounded(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """Shares between two bounds, and what stands at a bound for a while: occupancy, sunshine, reservoirs."""
    slow = unit_variance(autoregression(shocks(random, count, steps), 1 - log_uniform(random, 0.01, 0.3, count)))
    inner = slow * log_uniform(random, 0.3, 3, (count, 1)) + season(random, count, steps, length, second) * log_uniform(
        random, 0.2, 3, (count, 1)
    )
    inner = inner + 0.3 * gaussian(random, count, steps)
    share = 1 / (1 + np.exp(-np.clip(inner, -20, 20)))
    floor = np.quantile(inner, random.uniform(0.05, 0.5, count), axis=1)[0] if count else inner[:, 0]
    cut = np.maximum(inner, column(floor)) - column(floor)
    return np.where(some(random, count, 0.6), share, cut)


def smooth_processes(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """Gaussian processes whose kernels are sums and products of simple ones, some pulled through a nonlinearity."""
    short = smooth(random, count, steps, log_uniform(random, 3, 40, count))
    long = smooth(random, count, steps, log_uniform(random, 20, max(40, steps), count))
    repeat = season(random, count, steps, length, second) * log_uniform(random, 0.1, 3, (count, 1))
    path = choose(
        random,
        [
            3 * short + repeat,
            2 * short + 4 * long + repeat,
            short * long * 3 + repeat,
            2 * long + repeat * (1.2 + short),
        ],
        [0.3, 0.3, 0.2, 0.2],
    )
    bent = choose(random, [path, np.tanh(path), np.abs(path), np.maximum(path, 0), path**2], [0.6, 0.1, 0.1, 0.1, 0.1])
    noise = 0.1 * gaussian(random, count, steps) * log_uniform(random, 0.1, 5, (count, 1))
    return bent + noise


def events(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """A calm series with events: promotions, holidays once a year, outages, bursts that fade away."""
    calm = season(random, count, steps, length, second) * log_uniform(random, 0.2, 3, (count, 1)) + colored(
        random, count, steps
    ) * log_uniform(random, 0.1, 1, (count, 1))
    calm = calm + trend(random, count, steps) * log_uniform(random, 0.1, 2, (count, 1)) * some(random, count, 0.6)
    rate = log_uniform(random, 0.003, 0.06, (count, 1))
    size = np.abs(random.standard_t(3, (count, steps))).clip(0, 20) * log_uniform(random, 1, 6, (count, 1))
    hit = np.where(random.random((count, steps)) < rate, size, 0.0)
    fading = autoregression(hit, random.uniform(0.3, 0.95, count))
    period = random.integers(max(3, length), max(4, 13 * length), (count, 1))
    yearly = np.where(
        (np.arange(steps) + random.integers(0, period)) % period < random.integers(1, 4, (count, 1)), 1.0, 0.0
    )
    yearly = yearly * random.normal(0, 5, (count, 1))
    plateau = held(random, np.where(random.random((count, steps)) < 0.3, 4.0, 0.0), rate * 3)
    extra = choose(random, [hit, fading, yearly, plateau], [0.25, 0.35, 0.25, 0.15])
    path = calm + extra * np.where(some(random, count, 0.8), 1.0, -1.0)
    relative = log_uniform(random, 0.03, 0.3, (count, 1))
    return np.where(
        some(random, count, 0.5), np.exp(np.clip(relative * path, -9, 9)), path + random.normal(0, 20, (count, 1))
    )


def levels(random: Random, count: int, steps: int, length: int, second: int) -> Floats:
    """Levels that hold and then change: machine settings, tariffs, staff, coarse sensors."""
    level = jumps(random, count, steps, log_uniform(random, 0.01, 0.2, count)) * 3
    walk = trend(random, count, steps) * 3 + season(random, count, steps, length, second)
    sampled = held(random, walk, log_uniform(random, 0.1, 0.6, (count, 1)))
    noise = gaussian(random, count, steps) * log_uniform(random, 0.01, 0.5, (count, 1)) * some(random, count, 0.5)
    return np.where(some(random, count, 0.5), level, sampled) + noise + random.normal(0, 10, (count, 1))
