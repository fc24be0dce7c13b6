"""The any-horizon network: a causal backbone over the past, and a head that forecasts any step ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.forecasting.any_horizon.asinh import asinh_
from foretell.forecasting.any_horizon.bank import CANDIDATES, FEATURES
from foretell.forecasting.any_horizon.inputs import AHEAD_FEATURES, Inputs
from foretell.forecasting.any_horizon.lags import DistributedLags
from foretell.forecasting.any_horizon.phases import Phases
from foretell.forecasting.any_horizon.rowwise import RowwiseLinear, by_rows
from foretell.forecasting.any_horizon.spread import Spread
from foretell.forecasting.quantiles import GRID, MEDIAN
from foretell.nn import Downsample

_OUTPUT_GAIN = 0.3
_NARROW = -1.0
_EMBEDDING_SIZE = 8
_OF_COVARIATES = ("beside.weight", "future.weight", "lags.weight")
"""Weights through which all that covariates say must pass."""


class AnyHorizonNetwork(nn.Module):
    """Quantiles of any steps ahead of any anchors, (B, A, H, Q), in units from the last value.

    One head serves all steps ahead: what is known of the step is among its inputs. With c_k the candidates for a step
    ahead, w a softmax over them and r a correction, all functions of the hidden state, the step and the candidates,

        median = sum_k w_k c_k + r

    and the other quantiles lie at positive distances around it. Beside the hidden state at the anchor the head sees the
    mean of a projection of all hidden states at steps of the same phase as the one to forecast, for each season; and
    of past columns the steps before the anchor, each by its lag.
    """

    def __init__(
        self,
        backbone: nn.Module,
        hidden: int,
        *,
        head: int = 96,
        phase: int = 24,
        convolution: Downsample | None = None,
        covariates: int = 0,
        future: int = 0,
        past: int = 0,
        static: int = 0,
        categories: Sequence[int] = (),
    ) -> None:
        """`backbone` maps (B, T, its inputs) to (B, T, `hidden`), or to a pair of that and its state.

        Its inputs are the features of each step, or what `convolution` makes of them. `covariates` and `future` count
        the columns of `Inputs` of that name, `past` the last of the former, which belong to past columns, `categories`
        the codes of each static column that holds names.
        """
        super().__init__()
        self.convolution = convolution
        self.backbone = backbone
        self.embeddings = nn.ModuleList(nn.Embedding(count, _EMBEDDING_SIZE, padding_idx=0) for count in categories)
        beside = covariates + static + _EMBEDDING_SIZE * len(categories)
        self.beside = RowwiseLinear(beside, FEATURES, bias=False) if beside else None
        self.future = RowwiseLinear(future, head, bias=False) if future else None
        self.lags = DistributedLags(past, head) if past else None
        self.phase = RowwiseLinear(hidden, phase)
        self.state = RowwiseLinear(hidden + FEATURES, head)
        self.step = RowwiseLinear(AHEAD_FEATURES, head)
        self.compare = RowwiseLinear(2 * CANDIDATES + 2, head, bias=False)
        self.repeat = RowwiseLinear(2 * phase, head, bias=False)
        self.middle = RowwiseLinear(head, head)
        self.output = RowwiseLinear(head, CANDIDATES + 2 + len(GRID) - 1)
        nn.init.zeros_(self.output.bias)
        with torch.no_grad():
            self.output.weight *= _OUTPUT_GAIN

    def forward(self, inputs: Inputs, state: Any = None) -> tuple[Tensor, Any]:
        """The quantiles (B, A, H, Q), and what a call on the steps that follow needs to know of these."""
        before, phases = (None, None) if state is None else state
        hidden, after = self._hidden(inputs, before)
        phases = Phases.of(self.phase(hidden), inputs.present, inputs.seasons, phases)
        context = self.state(torch.cat([_at(hidden, inputs.at), _at(inputs.steps, inputs.at)], -1))
        quantiles = by_rows(
            self._quantiles,
            inputs.candidates.mT,
            context[:, :, None],
            self.step(inputs.ahead),
            self.repeat(phases.means(inputs.at, inputs.step_ahead)),
            self._of_covariates(inputs),
        )
        return quantiles, (after, phases.sums)

    def _of_covariates(self, inputs: Inputs) -> Tensor | None:
        """What covariates say of the steps ahead, (B, A, H, `head`); None without any."""
        known = None if self.future is None else self.future(inputs.future)
        if self.lags is None:
            return known
        past = inputs.covariates[..., -self.lags.directions.in_features :]
        lagged: Tensor = self.lags(past, inputs.at, inputs.step_ahead)
        return lagged if known is None else known + lagged

    def _quantiles(
        self, candidates: Tensor, context: Tensor, ahead: Tensor, phase: Tensor, covariates: Tensor | None
    ) -> Tensor:
        """The quantiles (..., Q) of steps ahead, from the candidates (..., K) and what is known, each (..., `head`)."""
        # In place where nothing needs what stood there: tensors as large as these come from new pages of memory.
        z = (context + ahead).add_(self.compare(_compared(candidates)))
        if covariates is not None:
            z.add_(covariates)
        z = F.gelu(z.add_(phase))
        z = F.gelu(self.middle(z)).add_(z)
        shares, correction, scale, widths = self.output(z).split([CANDIDATES, 1, 1, len(GRID) - 1], -1)
        median = (shares.softmax(-1) * candidates).sum(-1, keepdim=True) + correction
        distances = F.softplus(widths + _NARROW) * scale.clamp(-6, 6).exp()
        below = distances[..., :MEDIAN].cumsum(-1).flip(-1)
        above = distances[..., MEDIAN:].cumsum(-1)
        return torch.cat([median - below, median, median + above], -1)

    def start_from(self, other: AnyHorizonNetwork) -> None:
        """Take over the weights of a network that reads no covariates: those for covariates are 0 at first."""
        own = self.state_dict()
        own |= {name: torch.zeros_like(own[name]) for name in _OF_COVARIATES if name in own}
        self.load_state_dict(own | other.state_dict())

    def _hidden(self, inputs: Inputs, state: Any) -> tuple[Tensor, Any]:
        """(B, W, `hidden`) at each step, and the state of a recurrent backbone after the last (None for others)."""
        x = inputs.steps
        if self.beside is not None:
            static = [inputs.static, *(table(inputs.categories[:, k]) for k, table in enumerate(self.embeddings))]
            every_step = torch.cat(static, -1)[:, None].expand(-1, x.shape[1], -1)
            x = x + self.beside(torch.cat([inputs.covariates, every_step], -1))
        if self.convolution is not None:
            return self._shortened(x, self.convolution), None
        hidden = self.backbone(x) if state is None else self.backbone(x, state)
        return hidden if isinstance(hidden, tuple) else (hidden, None)

    def _shortened(self, x: Tensor, convolution: Downsample) -> Tensor:
        """The backbone over what a convolution of some stride leaves of the steps, the last of which ends an output;
        each output stands for all steps until the next, and zeros for those before the first."""
        steps, kernel, stride = x.shape[1], convolution.weight.shape[2], convolution.stride
        x = F.pad(x, (0, 0, max(0, kernel - steps), 0))
        padded = x.shape[1]
        hidden = self.backbone(torch.relu(convolution(x[:, (padded - kernel) % stride :])))
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        every = hidden.repeat_interleave(stride, 1)[:, : 1 - stride or None]
        return F.pad(every, (0, 0, max(0, steps - every.shape[1]), 0))[:, -steps:]


def _at(values: Tensor, places: Tensor) -> Tensor:
    """(B, W, C) at steps (B, A): (B, A, C)."""
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[-1]))


def _compared(candidates: Tensor) -> Tensor:
    """(..., K) to (..., 2 K + 2): the candidates, and how they lie to each other."""
    mean, distances, deviation = Spread.of(candidates, -1)
    return torch.cat(
        [asinh_(candidates.clone()), distances / (deviation + 0.1), asinh_(mean), (deviation + 0.05).log()], -1
    )
