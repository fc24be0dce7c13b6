"""What past columns add within an exported program; see `foretell.forecasting.past_columns`, which it equals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from foretell.forecasting.blending.correction import Correction
from foretell.forecasting.covariates.covariates import Standardised
from foretell.forecasting.exported.covariate_program import encoded_column, past_input
from foretell.forecasting.exported.effect_program import FIRST_STEP
from foretell.forecasting.past_columns.features import FARTHEST, LAGS
from foretell.forecasting.past_columns.past_effect import PastEffect


class PastEffectProgram(torch.nn.Module):
    """Tells what the past columns add to the steps ahead."""

    weights: Tensor

    def __init__(self, correction: Correction[PastEffect], horizon: int) -> None:
        super().__init__()
        effect = correction.past["final"]
        features = effect.features
        self.covariates, self.span, self.spans = features.covariates, features.span, features.spans
        self.season, self.by_phase = features.season, features.by_phase
        weights = np.zeros((features.count, horizon))
        reach = min(horizon, effect.steps, len(correction.shares))
        weights[:, :reach] = effect.weights[:, :reach] * np.array(correction.shares[:reach])
        self.register_buffer("weights", torch.from_numpy(weights))

    def forward(self, values: Tensor, columns: Mapping[str, Tensor]) -> Tensor:
        """Return what is added (B, H), from series (B, T) and the columns by the names of the program's inputs."""
        begun = (~values.isnan()).cumsum(1) > 0
        encoded = []
        for name, encoding in self.covariates.past.items():
            column = columns[past_input(name)]
            features = encoded_column(column, encoding).double()
            if isinstance(encoding, Standardised):
                number = torch.where(column.isnan(), torch.nan, features[..., 0])
                features = torch.cat([number[..., None], features[..., 1:]], -1)
            encoded.append(features)
        rows = self._last(torch.where(begun[..., None], torch.cat(encoded, -1), torch.nan))
        apart = rows - _mean(rows)[:, None]
        seen = apart.nan_to_num(0.0)
        parts = [*(seen[:, -1 - lag] for lag in range(LAGS)), *(_mean(apart[:, -span:]) for span in self.spans)]
        read = torch.cat(parts, 1).clamp(-FARTHEST, FARTHEST)
        if self.by_phase:
            angle = 2 * torch.pi * (columns[FIRST_STEP] % self.season).double()[:, None] / self.season
            read = torch.cat([read, read * 2**0.5 * angle.sin(), read * 2**0.5 * angle.cos()], 1)
        change = self._last(values[..., None])[..., 0].diff(dim=1).abs()
        return (read @ self.weights) * _mean(change)[:, None]

    def _last(self, steps: Tensor) -> Tensor:
        """Return the rows that are read of (B, T, C), with NaN before them where there are fewer."""
        return F.pad(steps, (0, 0, self.span, 0), value=torch.nan)[:, -self.span :]


def _mean(values: Tensor) -> Tensor:
    """Return the mean over the second axis of what is not NaN; 0 without any."""
    seen = ~values.isnan()
    return values.nan_to_num(0.0).sum(1) / seen.sum(1).clamp(min=1)
