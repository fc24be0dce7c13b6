"""The Gaussian head, on a grid, as used by the teachers of parallel WaveNets (Ping et al., 2019, "ClariNet")."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from foretell.errors import SettingsError
from foretell.nn.heads.grid import GridHead, checked
from foretell.nn.heads.sampling import Sampling

_LEAST_UNIFORM = 2.0**-24
_NARROW = 0.05
_ROOT = math.sqrt(2)


class Gaussian(GridHead):
    """A distribution of values in [-1, 1]: the probability that a Gaussian gives to the value's cell of a grid.

        P(x) = Phi((x + d - m) / exp(s)) - Phi((x - d - m) / exp(s)), d = half_cell

    The outputs `(..., 2)` are the mean m and the logarithm s of the standard deviation. The cells at the ends of the
    grid are open: one Phi is 0 or 1 there. s is clamped to between ln(d) - 2 and 7. Samples (Box & Muller, 1958) are
    clamped to [-1, 1] and not rounded to the grid; temperature multiplies the standard deviation.

    - `bits`: of the grid, from 1 to 16. Raises ValueError for others.

    Values are floats in [-1, 1]; `nll` is that of the cell in which each value lies. Sampling with top-k or top-p
    raises SettingsError.
    """

    name: ClassVar[str] = "gaussian"

    @property
    def output_size(self) -> int:
        """2."""
        return 2

    def arguments(self) -> dict[str, int]:
        """Return the constructor's arguments."""
        return {"bits": self.bits}

    def check_sampling(self, sampling: Sampling) -> None:
        """Raise SettingsError for top-k and top-p, which select levels or components."""
        for name, given in (("top_k", sampling.top_k), ("top_p", sampling.top_p)):
            if given is not None:
                raise SettingsError(
                    f"{name}={given} selects levels or components, which a Gaussian head does not have; leave it out "
                    "and lower the temperature instead"
                )

    def _nll(self, outputs: Tensor, values: Tensor) -> Tensor:
        mean, log_std = outputs[..., 0], self.bounded(outputs[..., 1])
        x = self.nearest(values.to(outputs.dtype))
        inverse = torch.exp(-log_std)
        away = x - mean
        # A cell that is open at one end, mirrored if needed so that it reaches from minus infinity up to `end`.
        end = torch.where(x <= -1, away + self.half_cell, self.half_cell - away) * inverse
        return -torch.where(x.abs() >= 1, _log_cdf(end), _log_cell(away.abs() * inverse, self.half_cell * inverse))

    def _sample(self, outputs: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
        mean, log_std = outputs[:, 0], self.bounded(outputs[:, 1])
        u = uniforms.to(outputs.dtype)
        radius = torch.sqrt(-2 * torch.log(u[:, 0].clamp(min=_LEAST_UNIFORM)))
        return checked(mean + log_std.exp() * sampling.temperature * (radius * torch.cos(2 * math.pi * u[:, 1])))


def _log_cdf(z: Tensor) -> Tensor:
    """Compute ln Phi(z), with correct gradients in the far tail too, where those of torch's log_ndtr overflow."""
    left, right = z.clamp(max=0), z.clamp(min=0)
    return torch.where(z < 0, _log_scaled_tail(-left) - left * left / 2, torch.log1p(-torch.erfc(right / _ROOT) / 2))


def _log_scaled_tail(z: Tensor) -> Tensor:
    """Compute ln(exp(z**2 / 2) Phi(-z)), which stays small for any z that is not far below 0."""
    return torch.log(torch.special.erfcx(z / _ROOT) / 2)


def _log_cell(z: Tensor, half: Tensor) -> Tensor:
    """Compute ln(Phi(z + half) - Phi(z - half)) for z >= 0 and 0 < half < 10."""
    # In a narrow cell the difference of two Phi loses all digits; the Taylor series of the density keeps them.
    narrow = half * (1 + z) < _NARROW
    h, y = torch.where(narrow, half, 0), torch.where(narrow, z, 0)
    h2, y2 = h * h, y * y
    series = torch.log1p(h2 * (y2 - 1) / 6 + h2 * h2 * (y2 * y2 - 6 * y2 + 3) / 120)
    density = torch.log(2 * half) - z * z / 2 - math.log(2 * math.pi) / 2
    # Phi(-near) - Phi(-far) = Phi(-near) (1 - exp(-difference)); exp(-z**2 / 2) is factored out of both explicitly,
    # because in the far tail its logarithm would swamp the digits of the rest.
    near, far = z - half, z + half
    tail = _log_scaled_tail(near)
    difference = torch.where(narrow, 1, 2 * z * half + tail - _log_scaled_tail(far))
    wide = tail - near * near / 2 + torch.log(-torch.expm1(-difference))
    return torch.where(narrow, density + series, wide)
