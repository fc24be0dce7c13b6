"""The architecture of a forecaster's network, or of an ensemble: all that it takes, besides weights, to rebuild it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from foretell.errors import SettingsError
from foretell.field_types import from_plain
from foretell.forecasting.any_horizon.bank import FEATURES
from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.any_horizon.network import AnyHorizonNetwork
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.networks.backbones import BACKBONES, build_backbone
from foretell.forecasting.networks.windows import future_features
from foretell.nn import Downsample


@dataclass(frozen=True)
class Architecture:
    """Architecture of a network: its backbone, its head and its inputs."""

    backbone: str
    """rnn, lstm, gru or wavenet."""
    hidden: int
    layers: int
    head: int
    """Units of the head's two layers."""
    phase: int
    """Features, per season, that the head receives from earlier steps in phase with the step to forecast."""
    reading: Reading
    layer_norm: bool = False
    dropout: float = 0.0
    stride: int = 1
    """Stride of a convolution in front of the backbone; 1 for none."""
    calendar: int = 0
    """Features per step of the calendar and of further seasons."""
    known: int = 0
    """Known-future features per step."""
    past: int = 0
    """Features per step of past columns."""
    static: int = 0
    """Numeric static features."""
    categories: tuple[int, ...] = ()
    """Number of codes of each categorical static column."""
    members: int = 1
    """Networks whose forecasts are averaged."""

    def __post_init__(self) -> None:
        counts = (self.hidden, self.layers, self.head, self.phase, self.stride, self.members, *self.categories)
        features = min(self.calendar, self.known, self.past, self.static)
        if self.backbone not in BACKBONES or min(counts) < 1 or features < 0 or not 0 <= self.dropout < 1:
            raise SettingsError(f"no network can be built of {self}")

    @property
    def kernel(self) -> int:
        """Steps that the convolution in front of the backbone reads at once."""
        return 2 * self.stride if self.stride > 1 else 1

    def build(self) -> Network:
        """Return a new network with this architecture, or an ensemble of them; torch's generator draws the weights."""
        networks = [self._network() for _ in range(self.members)]
        return networks[0] if self.members == 1 else Ensemble(networks)

    def _network(self) -> AnyHorizonNetwork:
        convolution = Downsample(FEATURES, self.hidden, self.kernel, self.stride) if self.stride > 1 else None
        backbone = build_backbone(
            self.backbone,
            FEATURES if convolution is None else self.hidden,
            hidden=self.hidden,
            layers=self.layers,
            steps=-(-self.reading.window // self.stride),
            layer_norm=self.layer_norm,
            dropout=self.dropout,
        )
        return AnyHorizonNetwork(
            backbone,
            self.hidden,
            head=self.head,
            phase=self.phase,
            convolution=convolution,
            covariates=self.calendar + self.known + self.past,
            future=future_features(self.calendar, self.known),
            past=self.past,
            static=self.static,
            categories=self.categories,
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Architecture:
        """Return the architecture that `to_dict` described. Raises ValueError for anything else."""
        return from_plain(cls, plain)


class Ensemble(nn.Module):
    """M networks, trained together, each on its own part of a batch; each forecast quantile is their mean.

    Averaging quantiles rather than densities keeps them in order and the intervals as sharp as those of the members
    (Vincent, 1912; Lichtendahl et al., 2013). Gradients are clipped by the norm over all members together.
    """

    def __init__(self, members: Sequence[AnyHorizonNetwork]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, inputs: Inputs, state: Any = None) -> tuple[Tensor, Any]:
        """Return the quantiles (B, A, H, Q) and the members' states. In training B must be a multiple of M."""
        count = len(self.members)
        shares = inputs.split(count) if self.training else [inputs] * count
        states = [None] * count if state is None else state
        results = [member(*given) for member, *given in zip(self.members, shares, states, strict=True)]
        quantiles = [result for result, _ in results]
        joined = torch.cat(quantiles) if self.training else torch.stack(quantiles).mean(0)
        return joined, tuple(after for _, after in results)


Network = AnyHorizonNetwork | Ensemble
