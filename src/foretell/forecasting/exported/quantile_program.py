"""From the members' quantiles to those of the forecast, within an exported program.

Each function equals the one of the same purpose in `foretell.forecasting`, which computes with numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import torch
from torch import Tensor

from foretell.forecasting import nonnegative
from foretell.forecasting.blending.calibration import parts_of
from foretell.forecasting.exported.series_program import latest
from foretell.forecasting.quantiles import GRID, MEDIAN


def at_least(quantiles: Tensor, least: Tensor) -> Tensor:
    """Move the quantiles (B, H, 15) at least `least` (B, 1, 15) from the median."""
    bound = quantiles[..., MEDIAN : MEDIAN + 1] + least
    below = torch.minimum(quantiles[..., :MEDIAN], bound[..., :MEDIAN])
    return torch.cat([below, torch.maximum(quantiles[..., MEDIAN:], bound[..., MEDIAN:])], -1)


def calibrated(grid: Tensor, factors: Tensor) -> Tensor:
    """Multiply the distances of quantiles (B, H, 15) from the median by `factors` (3, 15), keeping them in order."""
    median = grid[..., MEDIAN : MEDIAN + 1]
    distances = (grid - median).abs() * factors[torch.from_numpy(parts_of(grid.shape[1]))]
    below = _greatest_so_far(list(distances[..., : MEDIAN + 1].unbind(-1))[::-1])[::-1]
    above = _greatest_so_far(list(distances[..., MEDIAN:].unbind(-1)))
    return torch.cat([median - torch.stack(below[:-1], -1), median, median + torch.stack(above[1:], -1)], -1)


def _greatest_so_far(columns: list[Tensor]) -> list[Tensor]:
    for k in range(1, len(columns)):
        columns[k] = torch.maximum(columns[k], columns[k - 1])
    return columns


def within_reach(grid: Tensor, values: Tensor, non_negative: bool | None) -> Tensor:
    """Limit quantiles (B, H, 15) to values that each series (B, T), NaN where missing, can take."""
    recent = latest(values, nonnegative.LATEST)
    seen = ~recent.isnan()
    count = seen.sum(1)
    inf = torch.inf
    lowest = torch.where(seen, recent, inf).amin(1)
    highest = torch.where(seen, recent, -inf).amax(1)
    mean = torch.where(seen, recent, 0.0).sum(1) / count.clamp(min=1)
    whole = (~seen | (recent == recent.round())).all(1)
    sound = (count > 0) & (lowest >= 0)
    counts = sound & (count >= nonnegative.FEWEST_COUNTS) & (mean < nonnegative.SMALL) & whole
    zeros = (recent == 0).sum(1)
    many = zeros >= (nonnegative.LEAST_SHARE_OF_ZEROS * count).clamp(min=nonnegative.FEWEST_ZEROS)
    bounded = counts | (sound & many) if non_negative is None else torch.full_like(counts, non_negative)
    grid = torch.where(bounded[:, None, None], grid.clamp(min=0), grid)
    inner, lower, upper = nonnegative.INNER, nonnegative.LOWER, nonnegative.UPPER
    rounded = (grid[..., inner] + (1 - nonnegative.UP)).floor()
    rounded = torch.minimum(torch.maximum(rounded, grid[..., lower, None]), grid[..., upper, None])
    of_counts = torch.cat([grid[..., : inner.start], rounded, grid[..., inner.stop :]], -1)
    grid = torch.where(counts[:, None, None], of_counts, grid)
    constant = (count >= nonnegative.FEWEST_EQUAL) & (lowest == highest)
    only = torch.where(constant, lowest, 0.0)[:, None, None]
    reach = torch.where(only == 0, nonnegative.OF_ZERO, nonnegative.ROUNDING * only.abs())
    return torch.where(constant[:, None, None] & ((grid - only).abs() <= reach), only, grid)


def read_off(grid: Tensor, probabilities: Sequence[float]) -> Tensor:
    """Interpolate quantiles (..., P) at `probabilities`, ascending, from those of `GRID` (..., 15)."""
    normal = NormalDist()
    known = [normal.inv_cdf(p) for p in GRID]
    columns = []
    for wanted in probabilities:
        z = normal.inv_cdf(wanted)
        exact = [k for k, p in enumerate(GRID) if abs(p - wanted) < 1e-9]
        if exact:
            columns.append(grid[..., exact[0]])
            continue
        right = min(max(sum(k < z for k in known), 1), len(known) - 1)
        share = (z - known[right - 1]) / (known[right] - known[right - 1])
        columns.append(grid[..., right - 1] + share * (grid[..., right] - grid[..., right - 1]))
    return torch.stack(columns, -1)
