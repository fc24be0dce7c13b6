"""All that it takes to build a forecaster's network again: what is written beside its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foretell.errors import SettingsError
from foretell.field_types import from_plain
from foretell.forecasting.backbones import BACKBONES, build_backbone
from foretell.forecasting.ensemble import Ensemble
from foretell.forecasting.inputs import InputLayout
from foretell.forecasting.network import ForecastNetwork
from foretell.forecasting.quantiles import GRID
from foretell.nn import Downsample


@dataclass(frozen=True)
class Architecture:
    """The make of a network: its backbone and what it reads. It gives the quantiles of `GRID`."""

    model: str
    """rnn, lstm, gru or wavenet."""
    hidden: int
    layers: int
    layer_norm: bool
    dropout: float
    layout: InputLayout
    static: int
    """Numeric static features."""
    categories: tuple[int, ...]
    """Codes of each other static column."""
    members: int = 1
    """Networks whose forecasts are averaged."""

    def __post_init__(self) -> None:
        counts = (self.hidden, self.layers, self.members, *self.categories)
        if self.model not in BACKBONES or min(counts) < 1 or self.static < 0 or not 0 <= self.dropout < 1:
            raise SettingsError(f"no network can be built of {self}")

    def build(self) -> ForecastNetwork | Ensemble:
        """A new network of this make, or an ensemble of them; the weights are drawn from torch's random numbers."""
        networks = [self._network() for _ in range(self.members)]
        return networks[0] if self.members == 1 else Ensemble(networks)

    def _network(self) -> ForecastNetwork:
        layout = self.layout
        size = ForecastNetwork.input_size(layout, self.static, len(self.categories))
        convolution = None
        if layout.stride > 1:
            convolution = Downsample(size, self.hidden, layout.kernel, layout.stride)
            size = self.hidden
        backbone = build_backbone(
            self.model,
            size,
            hidden=self.hidden,
            layers=self.layers,
            steps=len(layout.all_anchors),
            layer_norm=self.layer_norm,
            dropout=self.dropout,
        )
        return ForecastNetwork(
            backbone,
            self.hidden,
            layout,
            quantiles=len(GRID),
            convolution=convolution,
            categories=self.categories,
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Architecture:
        """What `to_dict` wrote. Raises ValueError for anything else."""
        return from_plain(cls, plain)
