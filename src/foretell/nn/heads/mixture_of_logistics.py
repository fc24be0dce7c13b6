"""The discretised mixture of logistic distributions (Salimans et al., 2017, "PixelCNN++", section 2.1)."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from foretell.nn.heads.grid import GridHead, checked
from foretell.nn.heads.sampling import Sampling, draw
from foretell.nn.layers.convolution import check_sizes

_LEAST_UNIFORM = 1e-5


class MixtureOfLogistics(GridHead):
    """A distribution over a grid: the probability that a mixture of K logistic distributions gives to a value's cell.

        P(x) = sum_k softmax(l)_k (sigma((x + d - m_k) / exp(s_k)) - sigma((x - d - m_k) / exp(s_k))), d = half_cell

    The outputs `(..., 3K)` are the logits l, the means m and the log scales s, in this order. The cells at the ends of
    the grid are open: one sigma is 0 or 1 there. Log scales are clamped to between ln(d) - 2 and 7. Samples lie on the
    grid; temperature divides the logits and multiplies the scales, top-k and top-p select components.

    - `components` K, at least 1; `bits`: of the grid, from 1 to 16. Raises ValueError for others.

    Values are floats in [-1, 1]; `nll` is that of the cell in which each value lies.
    """

    name: ClassVar[str] = "mixture_of_logistics"

    def __init__(self, components: int = 10, bits: int = 16) -> None:
        super().__init__(bits)
        check_sizes(components=components)
        self.components = components

    @property
    def output_size(self) -> int:
        """3K."""
        return 3 * self.components

    def arguments(self) -> dict[str, int]:
        """Return the constructor's arguments."""
        return {"components": self.components, "bits": self.bits}

    def _nll(self, outputs: Tensor, values: Tensor) -> Tensor:
        logits, means, log_scales = outputs.chunk(3, -1)
        x = self.nearest(values.to(outputs.dtype))[:, :, None]
        inverse = torch.exp(-self.bounded(log_scales))
        upper = (x - means + self.half_cell) * inverse
        lower = (x - means - self.half_cell) * inverse
        # sigma(b) - sigma(a) = sigma(b) sigma(-a) (1 - exp(a - b)), without a difference of nearly equal numbers.
        first, last = x <= -1, x >= 1
        below = torch.where(last, 0, F.logsigmoid(upper))
        above = torch.where(first, 0, F.logsigmoid(-lower))
        width = torch.where(first | last, 0, torch.log(-torch.expm1(-2 * self.half_cell * inverse)))
        return -torch.logsumexp(F.log_softmax(logits, -1) + below + above + width, -1)

    def _sample(self, outputs: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
        logits, means, log_scales = outputs.chunk(3, -1)
        chosen = draw(logits, uniforms[:, 0], sampling)[:, None]
        mean, log_scale = means.gather(-1, chosen)[:, 0], log_scales.gather(-1, chosen)[:, 0]
        u = uniforms[:, 1].to(outputs.dtype).clamp(_LEAST_UNIFORM, 1 - _LEAST_UNIFORM)
        scale = self.bounded(log_scale).exp() * sampling.temperature
        return self.nearest(checked(mean + scale * (torch.log(u) - torch.log(1 - u))))
