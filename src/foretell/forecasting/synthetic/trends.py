"""Trends: slow movements of a level, whose typical change over 20 steps is about 1."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.synthetic.noise import (
    Floats,
    Random,
    autoregression,
    choose,
    column,
    gaussian,
    held,
    jumps,
    log_uniform,
    shocks,
    smooth,
    some,
    unit_variance,
)

_TYPICAL = 20


def trend(random: Random, count: int, steps: int) -> Floats:
    """One of a dozen kinds, more often up than down; now and then two at once."""
    time = np.arange(steps)
    sign = np.where(some(random, count, 0.68), 1.0, -1.0)
    line = sign * time / _TYPICAL * random.uniform(0.2, 1.8, (count, 1))
    pieces = np.cumsum(
        held(random, 0.05 * gaussian(random, count, steps), log_uniform(random, 0.005, 0.08, (count, 1)))
        + 0.02 * sign * some(random, count, 0.5),
        1,
    )
    walk = np.cumsum(shocks(random, count, steps), 1) / np.sqrt(_TYPICAL)
    drifting = walk + sign * time / _TYPICAL * random.uniform(0.1, 1.2, (count, 1))
    persistence = random.choice([0.8, 0.9, 0.95, 0.98, 0.995], count)
    slope = autoregression(gaussian(random, count, steps), persistence) * np.sqrt(1 - column(persistence) ** 2)
    local_line = np.cumsum(slope, 1) / _TYPICAL * 1.3
    middle, width = random.uniform(0.1, 0.9, (count, 1)) * steps, log_uniform(random, 0.03, 0.25, (count, 1)) * steps
    logistic = sign * 3 / (1 + np.exp(-np.clip((time - middle) / width, -50, 50)))
    saturating = sign * 3 * (1 - np.exp(-time / (log_uniform(random, 0.05, 0.6, (count, 1)) * steps)))
    parabola = sign * ((time - random.uniform(-0.3, 1, (count, 1)) * steps) / _TYPICAL) ** 2 / 4
    process = smooth(random, count, steps, log_uniform(random, 4, 1.2 * steps, count))
    steps_ = jumps(random, count, steps, log_uniform(random, 0.004, 0.05, count))
    reverting = unit_variance(autoregression(gaussian(random, count, steps), random.uniform(0.7, 0.99, count)))
    near_unit_root = autoregression(shocks(random, count, steps), 1 - log_uniform(random, 0.003, 0.06, count))
    near_unit_root = (near_unit_root - near_unit_root[:, :1]) / np.sqrt(_TYPICAL)
    kinds = [
        (np.zeros((count, steps)), 0.08),
        (line, 0.07),
        (pieces, 0.10),
        (walk, 0.12),
        (drifting, 0.11),
        (local_line, 0.13),
        (logistic, 0.05),
        (saturating, 0.05),
        (parabola, 0.03),
        (process, 0.10),
        (steps_, 0.05),
        (reverting, 0.05),
        (near_unit_root, 0.08),
    ]
    path = choose(random, [kind for kind, _ in kinds], [share for _, share in kinds])
    second = choose(random, [line, pieces, process, steps_], [1, 1, 1, 1])
    return path + np.where(some(random, count, 0.25), 0.7 * second, 0.0)
