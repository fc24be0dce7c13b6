"""Calendar and covariates within an exported program: raw columns go in, and are encoded as in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.covariates.covariates import REACH, Categories, Covariates, Encoding
from foretell.forecasting.exported.calendar_program import calendar_program
from foretell.forecasting.exported.series_program import Read

TIMES, FUTURE_TIMES = "times", "future_times"


def known_input(name: str) -> str:
    """Return the name of the input for the past of a known column."""
    return f"known_{name}"


def past_input(name: str) -> str:
    """Return the name of the input for a past column."""
    return f"past_{name}"


def future_input(name: str) -> str:
    """Return the name of the input for a known column's values in the horizon."""
    return f"future_{name}"


def static_input(name: str) -> str:
    """Return the name of the input for a static column."""
    return f"static_{name}"


class CovariateProgram(torch.nn.Module):
    """Adds to what is read of series what a network with covariates reads besides."""

    def __init__(self, covariates: Covariates, calendar: tuple[str, ...], season: int, horizon: int) -> None:
        super().__init__()
        self.covariates, self.calendar, self.season = covariates, calendar, season
        self.back = [season - 1 - (ahead - 1) % season for ahead in range(1, horizon + 1)]
        """Steps from the last one back to that of the same phase as each step ahead."""

    def forward(self, read: Read, columns: Mapping[str, Tensor]) -> Inputs:
        """Add the columns, by the names of the program's inputs."""
        window = read.begun.shape[1]
        past, future = [], []
        if self.calendar:
            past.append(_last(calendar_program(columns[TIMES], self.calendar), window))
            future.append(calendar_program(columns[FUTURE_TIMES], self.calendar))
        before = []
        for name, encoding in self.covariates.known.items():
            longest = max(window, self.season)
            encoded = _last(encoded_column(columns[known_input(name)], encoding), longest)
            begun = F.pad(read.begun, (longest - window, 0))  # what lies before the window is not asked for below
            past.append(encoded[:, -window:])
            future.append(encoded_column(columns[future_input(name)], encoding))
            earlier = [encoded[:, -1 - back] * begun[:, -1 - back, None] for back in self.back]
            before.append(torch.stack(earlier, 1))
        for name, encoding in self.covariates.past.items():
            past.append(_last(encoded_column(columns[past_input(name)], encoding), window))
        inputs = read.inputs
        if past:
            masked = torch.where(read.begun[..., None], torch.cat(past, -1), 0.0)
            inputs = replace(inputs, covariates=read.aligned(masked))
        if future:
            inputs = replace(inputs, future=torch.cat([*future, *before], -1)[:, None])
        numbers, codes = [inputs.static], [inputs.categories]
        for name, encoding in self.covariates.static.items():
            column = columns[static_input(name)][:, None]
            if isinstance(encoding, Categories):
                codes.append(column)
            else:
                numbers.append(encoded_column(column[:, 0], encoding))
        return replace(inputs, static=torch.cat(numbers, 1), categories=torch.cat(codes, 1))


def encoded_column(column: Tensor, encoding: Encoding) -> Tensor:
    """Encode numbers, or codes of names, (...) as (..., F)."""
    if isinstance(encoding, Categories):
        names = torch.arange(1, len(encoding.names) + 1)
        return (column[..., None] == names).float()
    standardised = torch.zeros_like(column)
    if encoding.spread > 0:
        standardised = column / encoding.spread - encoding.mean / encoding.spread
    features = [standardised.nan_to_num(0.0).clamp(-REACH, REACH).float(), column.isnan().float()]
    return torch.stack(features[: encoding.width], -1)


def _last(steps: Tensor, count: int) -> Tensor:
    """Return the last `count` steps of (B, T, C), with zeros before them where T is less."""
    return F.pad(steps, (0, 0, count, 0))[:, -count:]
