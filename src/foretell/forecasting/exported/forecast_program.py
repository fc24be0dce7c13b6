"""The program of a fitted forecaster: raw values go in, quantiles come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from foretell.errors import ExportError
from foretell.forecasting.any_horizon.inputs import Inputs
from foretell.forecasting.any_horizon.reading import Reading
from foretell.forecasting.covariates.calendar import calendar_names
from foretell.forecasting.covariates.covariates import Categories, Covariates
from foretell.forecasting.exported.covariate_program import (
    FUTURE_TIMES,
    TIMES,
    CovariateProgram,
    future_input,
    known_input,
    past_input,
    static_input,
)
from foretell.forecasting.exported.effect_program import FIRST_STEP, EffectProgram
from foretell.forecasting.exported.linear_program import LinearProgram
from foretell.forecasting.exported.past_effect_program import PastEffectProgram
from foretell.forecasting.exported.quantile_program import at_least, calibrated, read_off, within_reach
from foretell.forecasting.exported.series_program import Read, SeriesProgram, latest
from foretell.forecasting.fitted_model import LINEAR, FittedModel
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.networks.fitted_network import FittedNetwork
from foretell.forecasting.prediction import APART, FEW, PLACES, SIMPLE
from foretell.forecasting.quantiles import MEDIAN, quantiles_of
from foretell.forecasting.tables.nixtla import quantile_columns
from foretell.model.export import Column, Program
from foretell.tables.frequency import Frequency
from foretell.tables.grids import FixedGrid, IntegerGrid, MonthGrid

VALUES, QUANTILES = "values", "quantiles"
_SERIES, _STEPS = 1009, 1013
"""Sizes of the inputs with which the program is traced; it takes others. They differ from all sizes within the program,
which the exporter would otherwise take for the same."""


def forecast_program(forecaster: Forecaster) -> Program:
    """Return the program of a fitted forecaster. Raises ExportError for one that reads what cannot be exported."""
    model = forecaster.fitted_model
    if model.correction is not None and model.correction.used:
        raise ExportError(
            "the forecast of each series reads the past of the others, which cannot be exported: fit one without "
            "multivariate"
        )
    module = _ForecastProgram(model)
    columns = [
        Column(
            VALUES,
            torch.float64,
            ("series", "steps"),
            "The past of each series, oldest step first, one number per step of the frequency; NaN where missing and "
            "before a series begins.",
        ),
        *_covariate_columns(model),
    ]
    generator = np.random.default_rng(0)
    sizes = {"series": _SERIES, "steps": _STEPS, "horizon": model.horizon}
    examples = []
    for column in columns:
        shape = tuple(sizes[axis] for axis in column.axes)
        numbers = generator.integers(1, 50, shape) if column.dtype == torch.int64 else generator.random(shape) + 1
        examples.append(torch.from_numpy(np.asarray(numbers)).to(column.dtype))
    median, *others = quantile_columns(model.name, model.levels, np.zeros((1, 1, 2 * len(model.levels) + 1)))
    names = [*others[: len(model.levels)], median, *others[len(model.levels) :]]
    description = {
        "model": model.name,
        "frequency": model.frequency.alias,
        "season": list(model.seasons),
        "horizon": model.horizon,
        "levels": list(model.levels),
        "quantiles": list(quantiles_of(model.levels)),
        "columns": names,
    }
    output = Column(
        QUANTILES, torch.float64, ("series", "horizon", "quantile"), "The quantiles of each step ahead, ascending."
    )
    return Program(module, tuple(columns), tuple(examples), output, description, fixed=("horizon",))


class _ForecastProgram(nn.Module):
    """From series (B, T), and the columns that the networks read besides, to quantiles (B, H, Q)."""

    factors: Tensor
    unseen: Tensor
    apart: Tensor

    def __init__(self, model: FittedModel) -> None:
        super().__init__()
        members, shares = model.members, model.blend.shares
        self.horizon, self.past, self.shares = members.horizon, members.past, dict(shares)
        self.reach = members.reach
        self.effect = None if members.known is None else EffectProgram(members.known["final"])
        past = model.past_effect
        self.past_effect = None if past is None or not past.used else PastEffectProgram(past, self.horizon)
        self.experience, self.probabilities = members.experience, quantiles_of(model.levels)
        self.register_buffer("factors", torch.from_numpy(model.factors.copy()))
        self.register_buffer("unseen", torch.tensor(members.experience.quantiles, dtype=torch.float64))
        self.register_buffer("apart", torch.from_numpy(APART.copy()))
        self.pretrained: nn.Module | None = None
        self.pretrained_reading = Reading.of(model.seasons)
        if members.pretrained is not None and not {"pretrained", LINEAR, *SIMPLE}.isdisjoint(shares):
            self.pretrained = members.pretrained.network
        self.linear: nn.Module | None = None
        if members.linear is not None and LINEAR in shares:
            self.linear = LinearProgram(members.linear["final"])
        self.non_negative = model.non_negative
        fits = [network for network in members.networks if network.name in shares]
        self.networks = nn.ModuleDict({_key(fit.name): _sound(fit).network("final").cpu() for fit in fits})
        self.readings = {fit.name: fit.architecture.reading for fit in fits}
        calendar = calendar_names(model.frequency)
        self.covariates = nn.ModuleDict(
            {
                _key(fit.name): CovariateProgram(
                    fit.covariates, calendar, fit.architecture.reading.season, self.horizon
                )
                for fit in fits
            }
        )
        self.read_plain = {fit.name: self.effect is not None and fit.tuned for fit in fits}
        asked = [(reading, self.read_plain[name]) for name, reading in self.readings.items()]
        asked += [(self.pretrained_reading, self.effect is not None)] if self.pretrained is not None else []
        self.asked = list(dict.fromkeys(asked))
        self.series = nn.ModuleList(SeriesProgram(reading, self.horizon) for reading, _ in self.asked)

    def forward(self, values: Tensor, **columns: Tensor) -> Tensor:
        """Forecast."""
        past = latest(values, self.past)
        plain, added = values, None
        if self.effect is not None:
            plain, ahead = self.effect(past, columns, self.horizon)
            added = ahead[..., None]
        read = {
            (reading, without): series(plain if without else values)
            for (reading, without), series in zip(self.asked, self.series, strict=True)
        }
        found: dict[str, Tensor] = {}
        if self.pretrained is not None:
            its = read[self.pretrained_reading, added is not None]
            quantiles, points = self._answer(self.pretrained, its, its.inputs)
            found["pretrained"] = quantiles
            spread = quantiles - quantiles[..., MEDIAN, None]
            found |= {name: points[..., k, None] + spread for k, name in enumerate(SIMPLE)}
            if self.linear is not None:
                found[LINEAR] = self.linear(plain, self.horizon)[..., None] + spread
        for name, reading in self.readings.items():
            its = read[reading, self.read_plain[name]]
            inputs = self.covariates[_key(name)](its, columns)
            found[name] = self._answer(self.networks[_key(name)], its, inputs)[0]
        if added is not None:
            found = {name: grid + added if self.read_plain.get(name, True) else grid for name, grid in found.items()}
        unseen = latest(past, self.reach).isnan().all(1)[:, None, None]
        found = {name: torch.where(unseen, self.unseen, grid) for name, grid in found.items()}
        first, *others = self.shares.items()
        grid = first[1] * found[first[0]]
        for name, share in others:
            grid = grid + share * found[name]
        grid = calibrated(grid, self.factors)
        if self.past_effect is not None:
            grid = grid + self.past_effect(plain, columns)[..., None]
        grid = within_reach(grid, past, self.non_negative)
        return read_off(torch.where(unseen, self.unseen, grid), self.probabilities)

    def _answer(self, network: nn.Module, read: Read, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Return a network's quantiles (B, H, 15) and the points (B, H, 3) of `SIMPLE`; see `prediction.forecast`."""
        scale, count = read.scale[:, None, None], read.count[:, None]
        last, own = inputs.last, inputs.unit
        spread = self.experience.relative_spread
        unit = torch.where(count < FEW, torch.maximum(own, spread * last.abs()), own)
        quantiles = network(inputs)[0][:, 0].double()
        points = inputs.candidates[:, 0, list(PLACES)].mT.double()
        quantiles = scale * (last[..., None] + unit[..., None] * quantiles)
        points = scale * (last[..., None] + own[..., None] * points)
        least = torch.where(count == 1, spread * last.abs() * scale[..., 0], 0.0)[..., None] * self.apart
        return at_least(quantiles, least), points


def _key(name: str) -> str:
    return name.replace("-", "_")


def _sound(fit: FittedNetwork) -> FittedNetwork:
    if fit.architecture.stride > 1:
        raise ExportError(
            f"the network {fit.name} reads series through a convolution with stride {fit.architecture.stride}, which "
            "cannot be exported exactly: fit one without conv_stride"
        )
    if fit.architecture.reading.further:
        raise ExportError(
            f"the network {fit.name} reads the phase of further seasons ({fit.architecture.reading.further} "
            "steps), which cannot be exported: fit a forecaster with two seasons, by --season"
        )
    return fit


def _counted(frequency: Frequency) -> str:
    """Return how the steps of a frequency are numbered."""
    grid = frequency.grid
    if isinstance(grid, FixedGrid):
        return f"whole multiples of {grid.size} microseconds since 1970-01-01T00:00"
    if isinstance(grid, MonthGrid):
        return f"months since 1970-01, divided by {grid.months} and rounded down"
    if isinstance(grid, IntegerGrid):
        return f"the time, divided by {frequency.alias} and rounded down"
    return "as foretell.tables.frequency.Frequency.positions counts them"


def _covariate_columns(model: FittedModel) -> list[Column]:
    """Return the inputs that the networks read besides the values."""
    fits = [network for network in model.members.networks if network.name in model.blend.shares]
    effect = None if model.members.known is None else model.members.known["final"].regressors
    used = model.past_effect is not None and model.past_effect.used
    of_past = model.past_effect.past["final"].features if used and model.past_effect is not None else None
    if not fits and effect is None and of_past is None:
        return []
    steps, horizon = ("series", "steps"), ("series", "horizon")
    columns = []
    seasons = {effect.season} if effect is not None and effect.season > 1 else set()
    seasons |= {of_past.season} if of_past is not None and of_past.by_phase else set()
    if seasons:
        season = " and ".join(map(str, sorted(seasons)))
        what = f"The number of the first step ahead, modulo {season} or not: {_counted(model.frequency)}."
        columns.append(Column(FIRST_STEP, torch.int64, ("series",), what))
    if fits and calendar_names(model.frequency):
        what = "microseconds since 1970-01-01T00:00 in local time"
        columns += [
            Column(TIMES, torch.int64, steps, f"The time of each step of the past: {what}."),
            Column(FUTURE_TIMES, torch.int64, horizon, f"The time of each step ahead: {what}."),
        ]
    # Networks may read all kinds of columns; the effects have the known and the past ones, encoded as for them.
    covariates = fits[0].covariates if fits else Covariates({}, {})
    if effect is not None:
        covariates = replace(covariates, known=effect.covariates.known)
    if of_past is not None:
        covariates = replace(covariates, past=of_past.covariates.past)
    places: list[tuple[Any, Callable[[str], str], tuple[str, ...], str]] = [
        (covariates.known, known_input, steps, "in the past"),
        (covariates.known, future_input, horizon, "in the horizon"),
        (covariates.past, past_input, steps, "in the past"),
        (covariates.static, static_input, ("series",), "of each series"),
    ]
    for encodings, named, axes, where in places:
        for name, encoding in encodings.items():
            if isinstance(encoding, Categories):
                what = f"The code of column {name!r} {where}: 0 for another or none"
                codes = dict(enumerate(encoding.names, 1))
                columns.append(Column(named(name), torch.int64, axes, f"{what}, otherwise as in codes.", codes))
            else:
                columns.append(Column(named(name), torch.float64, axes, f"Column {name!r} {where}, NaN where missing."))
    return columns
