"""What known columns add within an exported program; see `foretell.forecasting.known_columns`, which it equals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from foretell.forecasting.covariates.covariates import Standardised
from foretell.forecasting.exported.covariate_program import encoded_column, future_input, known_input
from foretell.forecasting.exported.series_program import power_of_two
from foretell.forecasting.known_columns.known_effect import KnownEffect
from foretell.forecasting.known_columns.running_level import OUTLYING
from foretell.forecasting.seasons.further_seasons import phase_features

FIRST_STEP = "first_step"


class EffectProgram(torch.nn.Module):
    """Takes the effect out of series, and tells what it adds to the steps ahead."""

    weights: Tensor
    phases: Tensor

    def __init__(self, effect: KnownEffect) -> None:
        super().__init__()
        regressors = effect.regressors
        self.covariates, self.season, self.window = regressors.covariates, regressors.season, effect.window
        self.register_buffer("weights", torch.from_numpy(np.array(effect.weights)))
        if self.season > 1:
            each = phase_features(np.arange(self.season), [self.season])
            self.register_buffer("phases", torch.from_numpy(each).double())

    def forward(self, values: Tensor, columns: Mapping[str, Tensor], horizon: int) -> tuple[Tensor, Tensor]:
        """Return series (B, T) without the effect, and what it adds to the steps ahead (B, `horizon`)."""
        steps = values.shape[1]
        first = columns[FIRST_STEP][:, None] if self.season > 1 else torch.zeros(1, 1, dtype=torch.int64)
        past = self._shares(columns, known_input, first - steps + torch.arange(steps))
        ahead = self._shares(columns, future_input, first + torch.arange(horizon))
        level = self._level(values)
        return values - level[:, :-1] * past, level[:, -1:] * ahead

    def _shares(self, columns: Mapping[str, Tensor], named: object, positions: Tensor) -> Tensor:
        """Return what is added at steps (B, T), as a share of the level."""
        assert callable(named)
        encoded, above = [], []
        for name, encoding in self.covariates.known.items():
            features = encoded_column(columns[named(name)], encoding).double()
            encoded.append(features)
            if isinstance(encoding, Standardised):
                above.append(features[..., :1].clamp(min=0.0))
        regressors = torch.cat([*encoded, *above], -1)
        if self.season > 1:
            phases = self.phases[positions % self.season]
            by_phase = regressors[..., :, None] * phases[..., None, :]
            regressors = torch.cat([regressors, by_phase.flatten(-2)], -1)
        return (regressors * self.weights).sum(-1)

    def _level(self, values: Tensor) -> Tensor:
        """Return (B, T + 1); see `running_level`."""
        unit = power_of_two(values.nan_to_num().abs().amax(1))[:, None]
        sizes = values.abs() / unit
        usual = self._mean_before(sizes)
        limits = torch.where(usual > 0, OUTLYING * usual, torch.inf)[:, :-1]
        return self._mean_before(torch.minimum(sizes, limits)) * unit

    def _mean_before(self, sizes: Tensor) -> Tensor:
        seen = ~sizes.isnan()
        sums = F.pad(sizes.nan_to_num().cumsum(1), (self.window + 1, 0))
        counts = F.pad(seen.long().cumsum(1), (self.window + 1, 0))
        total = (sums[:, self.window :] - sums[:, : -self.window]).clamp(min=0.0)
        count = counts[:, self.window :] - counts[:, : -self.window]
        mean = torch.where(count > 0, total / count.clamp(min=1), 0.0)
        first = seen.long().argmax(1, keepdim=True)
        begun = torch.arange(mean.shape[1]) > first
        return torch.where(begun, mean, mean.gather(1, first + 1))
