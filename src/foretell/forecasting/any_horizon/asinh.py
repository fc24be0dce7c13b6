"""The inverse hyperbolic sine in vectors: torch computes it value by value, which takes seven times as long."""

from __future__ import annotations

from torch import Tensor

from foretell.forecasting.any_horizon.rowwise import exporting


def asinh_(x: Tensor) -> Tensor:
    """Replace the values of `x` (...), of up to 1e18 in size, by their inverse hyperbolic sines; return `x`.

    With a = |x|, asinh(x) is log(1 + a + a^2 / (1 + sqrt(1 + a^2))) with the sign of x, exact near 0, too.
    """
    if x.device.type != "cpu" or exporting():
        return x.asinh_()
    signed = x.clone()
    size = signed.abs()
    square = size * size
    size += square.div_((square + 1).sqrt_().add_(1))
    # Within `x`: what its last dimension holds is then computed alike in every row.
    return x.copy_(size).log1p_().copysign_(signed)
