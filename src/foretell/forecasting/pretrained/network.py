"""The any-horizon network: a recurrent backbone over the past, and a head that forecasts any step ahead."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foretell.forecasting.pretrained.bank import CANDIDATES, FEATURES
from foretell.forecasting.pretrained.inputs import AHEAD_FEATURES, Inputs
from foretell.forecasting.quantiles import GRID, MEDIAN
from foretell.nn import LSTM

_OUTPUT_GAIN = 0.3
_NARROW = -1.0


class AnyHorizonNetwork(nn.Module):
    """Quantiles of any steps ahead of any anchors, (B, A, H, Q), in units from the last value.

    One head serves all steps ahead: what is known of the step is among its inputs. With c_k the candidates for a step
    ahead, w a softmax over them and r a correction, all functions of the hidden state, the step and the candidates,

        median = sum_k w_k c_k + r

    and the other quantiles lie at positive distances around it. Beside the hidden state at the anchor the head sees the
    mean of a projection of all hidden states at steps of the same phase as the one to forecast, for each season.
    """

    def __init__(self, hidden: int = 128, layers: int = 2, head: int = 96, phase: int = 24) -> None:
        super().__init__()
        self.sizes = {"hidden": hidden, "layers": layers, "head": head, "phase": phase}
        self.body = LSTM(FEATURES, hidden, layers, batch_first=True)
        self.phase = nn.Linear(hidden, phase)
        self.state = nn.Linear(hidden + FEATURES, head)
        self.step = nn.Linear(AHEAD_FEATURES, head)
        self.compare = nn.Linear(2 * CANDIDATES + 2, head, bias=False)
        self.repeat = nn.Linear(2 * phase, head, bias=False)
        self.middle = nn.Linear(head, head)
        self.output = nn.Linear(head, CANDIDATES + 2 + len(GRID) - 1)
        nn.init.zeros_(self.output.bias)
        with torch.no_grad():
            self.output.weight *= _OUTPUT_GAIN

    def forward(self, inputs: Inputs, state: Any = None) -> tuple[Tensor, Any]:
        """The quantiles (B, A, H, Q), and the backbone's state after the last step."""
        hidden, state = self.body(inputs.steps, state) if state is not None else self.body(inputs.steps)
        context = self.state(torch.cat([_at(hidden, inputs.at), _at(inputs.steps, inputs.at)], -1))
        candidates = inputs.candidates.mT
        z = context[:, :, None] + self.step(inputs.ahead) + self.compare(_compared(candidates))
        z = F.gelu(z + self.repeat(self._phases(hidden, inputs)))
        z = z + F.gelu(self.middle(z))
        shares, correction, scale, widths = self.output(z).split([CANDIDATES, 1, 1, len(GRID) - 1], -1)
        median = (shares.softmax(-1) * candidates).sum(-1, keepdim=True) + correction
        distances = F.softplus(widths + _NARROW) * scale.clamp(-6, 6).exp()
        below = distances[..., :MEDIAN].cumsum(-1).flip(-1)
        above = distances[..., MEDIAN:].cumsum(-1)
        return torch.cat([median - below, median, median + above], -1), state

    def _phases(self, hidden: Tensor, inputs: Inputs) -> Tensor:
        """(B, A, H, 2 C): for each season the mean of projected states in phase with each step ahead."""
        projected = self.phase(hidden)
        parts = []
        for season in inputs.seasons.tolist():
            if season == 0:
                parts.append(projected.new_zeros(*inputs.at.shape, len(inputs.step_ahead), projected.shape[-1]))
                continue
            means = phase_means(projected, inputs.present, season)
            back = inputs.step_ahead - (inputs.step_ahead + season - 1) // season * season
            place = inputs.at[..., None] + back
            found = _at(means, place.clamp(min=0).flatten(1)).reshape(*place.shape, -1)
            parts.append(found * (place >= 0)[..., None])
        return torch.cat(parts, -1)


def phase_means(values: Tensor, present: Tensor, season: int) -> Tensor:
    """At each step of (B, W, C) the mean of the values whole seasons before it, itself included, weighted by `present`
    (B, W); 0 where that is 0 throughout."""
    steps = values.shape[1]
    padding = -steps % season
    count, size = len(values), values.shape[2]
    weights = F.pad(present, (padding, 0)).reshape(count, -1, season, 1)
    phases = F.pad(values * present[..., None], (0, 0, padding, 0)).reshape(count, -1, season, size)
    means: Tensor = phases.cumsum(1) / weights.cumsum(1).clamp(min=1)
    return means.flatten(1, 2)[:, padding:]


def _at(values: Tensor, places: Tensor) -> Tensor:
    """(B, W, C) at steps (B, A): (B, A, C)."""
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[-1]))


def _compared(candidates: Tensor) -> Tensor:
    """(B, A, H, K) to (B, A, H, 2 K + 2): the candidates, and how they lie to each other."""
    mean = candidates.mean(-1, keepdim=True)
    spread = candidates.std(-1, keepdim=True)
    return torch.cat(
        [candidates.asinh(), (candidates - mean) / (spread + 0.1), mean.asinh(), (spread + 0.05).log()], -1
    )
