"""The forecaster's network: a causal backbone over time, and a head that forecasts the whole horizon at each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from foretell.forecasting.inputs import InputLayout, Inputs
from foretell.forecasting.quantiles import mixture, spread_around
from foretell.nn import Downsample

_FUTURE_CHANNELS = 16
_EMBEDDING_SIZE = 8
_HEAD_GAIN = 0.1


class ForecastNetwork(nn.Module):
    """Quantiles of the next H values at every anchor, in spreads from the last value: (B, A, Q, H).

    The median mixes what could repeat and corrects the mixture. With c_k the candidates (for each season the value in
    phase and the mean in phase, the level, and the last value, which is the zero of the scale), w a softmax over them
    and r the correction, both functions of the hidden state and of the step ahead,

        median = sum_k w_k c_k + r

    and the other quantiles lie at positive distances around it, so that they never cross.
    """

    def __init__(
        self,
        backbone: nn.Module,
        backbone_size: int,
        layout: InputLayout,
        *,
        quantiles: int,
        convolution: Downsample | None = None,
        categories: Sequence[int] = (),
    ) -> None:
        """`backbone` maps (B, T, its inputs) to (B, T, `backbone_size`), or to a pair of that and its state."""
        super().__init__()
        self.layout = layout
        self.quantiles = quantiles
        self.convolution = convolution
        self.backbone = backbone
        self.embeddings = nn.ModuleList(nn.Embedding(count, _EMBEDDING_SIZE, padding_idx=0) for count in categories)
        self.shares = nn.Linear(backbone_size, layout.horizon * (layout.candidates + 1))
        self.corrections = nn.Linear(backbone_size, layout.horizon * quantiles)
        for head in (self.shares, self.corrections):
            nn.init.xavier_uniform_(head.weight, gain=_HEAD_GAIN)
            nn.init.zeros_(head.bias)
        self.ahead: FutureHead | None = None
        if layout.future_features:
            self.ahead = FutureHead(backbone_size, layout, layout.candidates + 1 + quantiles)

    @staticmethod
    def input_size(layout: InputLayout, static: int, categories: int) -> int:
        """The features of each step that reach the convolution or the backbone: the layout's and the static ones."""
        return layout.features + static + _EMBEDDING_SIZE * categories

    def forward(self, inputs: Inputs, state: Any = None) -> tuple[Tensor, Any]:
        """The quantiles (B, A, Q, H), and the state of a recurrent backbone after the last step (None for others)."""
        hidden, state = self._hidden(inputs, state)
        hidden = hidden.index_select(1, inputs.at)
        shape = (-1, self.layout.horizon)
        shares = self.shares(hidden).unflatten(-1, shape)
        corrections = self.corrections(hidden).unflatten(-1, shape)
        if self.ahead is not None:
            more = self.ahead(hidden, inputs.future)
            shares = shares + more[..., : shares.shape[-2], :]
            corrections = corrections + more[..., shares.shape[-2] :, :]
        median = mixture(shares, inputs.candidates) + corrections[..., 0, :]
        return spread_around(median, corrections[..., 1:, :]), state

    def _hidden(self, inputs: Inputs, state: Any) -> tuple[Tensor, Any]:
        static = [inputs.static, *(table(inputs.categories[:, k]) for k, table in enumerate(self.embeddings))]
        every_step = torch.cat(static, -1)[:, None].expand(-1, inputs.steps.shape[1], -1)
        x = torch.cat([inputs.steps, every_step], -1)
        if self.convolution is not None:
            first = self.layout.all_anchors[0] - (self.layout.kernel - 1)
            x = torch.relu(self.convolution(x[:, first:]))
        hidden = self.backbone(x) if state is None else self.backbone(x, state)
        return hidden if isinstance(hidden, tuple) else (hidden, None)


class FutureHead(nn.Module):
    """What the known future of each step ahead adds to the outputs of that step: (B, A, `outputs`, H).

    One hidden layer, of which the part of the hidden state depends on the step ahead and the part of the known
    features does not.
    """

    def __init__(self, backbone_size: int, layout: InputLayout, outputs: int) -> None:
        super().__init__()
        self.horizon = layout.horizon
        self.context = nn.Linear(backbone_size, layout.horizon * _FUTURE_CHANNELS)
        self.known = nn.Linear(layout.future_features, _FUTURE_CHANNELS, bias=False)
        self.output = nn.Linear(_FUTURE_CHANNELS, outputs, bias=False)
        nn.init.xavier_uniform_(self.output.weight, gain=_HEAD_GAIN)

    def forward(self, hidden: Tensor, future: Tensor) -> Tensor:
        """`hidden` (B, A, `backbone_size`) and `future` (B, A, H, F') to (B, A, `outputs`, H)."""
        context = self.context(hidden).unflatten(-1, (self.horizon, _FUTURE_CHANNELS))
        output: Tensor = self.output(torch.relu(context + self.known(future)))
        return output.transpose(-1, -2)
