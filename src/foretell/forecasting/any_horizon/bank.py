"""The exponential smoothings among the candidates of the any-horizon network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from foretell.kernels.candidates import Smoothings, candidate_count, feature_count


class _Smoothing(NamedTuple):
    level: float
    season: float
    trend: float = 0.0
    damping: float = 0.0
    theta: bool = False
    logarithmic: bool = False


_OF_THE_FIRST_SEASON = (
    # simple
    _Smoothing(0.08, 0.10),
    _Smoothing(0.25, 0.15),
    _Smoothing(0.5, 0.15),
    _Smoothing(0.8, 0.15),
    # with a damped or a linear trend
    _Smoothing(0.3, 0.15, trend=0.10, damping=0.90),
    _Smoothing(0.6, 0.15, trend=0.25, damping=0.90),
    _Smoothing(0.9, 0.15, trend=0.15, damping=0.97),
    _Smoothing(0.3, 0.10, trend=0.05, damping=1.0),
    _Smoothing(0.7, 0.15, trend=0.15, damping=1.0),
    # Theta
    _Smoothing(0.1, 0.10, theta=True),
    _Smoothing(0.3, 0.10, theta=True),
    _Smoothing(0.6, 0.15, theta=True),
    _Smoothing(0.9, 0.15, theta=True),
    # of logarithms
    _Smoothing(0.3, 0.15, logarithmic=True),
    _Smoothing(0.4, 0.15, trend=0.10, damping=0.95, logarithmic=True),
    _Smoothing(0.4, 0.10, trend=0.08, damping=1.0, logarithmic=True),
    _Smoothing(0.3, 0.10, theta=True, logarithmic=True),
    _Smoothing(0.8, 0.15, theta=True, logarithmic=True),
)
_OF_THE_SECOND_SEASON = (_Smoothing(0.1, 0.15), _Smoothing(0.4, 0.15), _Smoothing(0.2, 0.40))


def _bank() -> Smoothings:
    rows = [*_OF_THE_FIRST_SEASON, *_OF_THE_SECOND_SEASON]
    return Smoothings(
        level_gain=np.array([row.level for row in rows]),
        trend_gain=np.array([row.trend for row in rows]),
        damping=np.array([row.damping for row in rows]),
        season_gain=np.array([row.season for row in rows]),
        theta=np.array([row.theta for row in rows], np.uint8),
        logarithmic=np.array([row.logarithmic for row in rows], np.uint8),
        first_of_second=len(_OF_THE_FIRST_SEASON),
    )


BANK = _bank()
CANDIDATES = candidate_count(BANK)
FEATURES = feature_count(BANK)
