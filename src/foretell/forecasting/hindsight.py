"""Hindsight: forecasts of the past from the data before, beside what came, and what covariates were worth in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from foretell.forecasting.arguments import whole_number
from foretell.forecasting.backtesting.backtest import (
    Backtest,
    Refit,
    run_backtest,
    run_cross_validation,
    unseen_windows,
)
from foretell.forecasting.covariates.explanation import effect_columns, effects
from foretell.forecasting.covariates.holiday_columns import with_holidays
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.holdout import WINDOWS
from foretell.forecasting.tables.reading import Reading


@dataclass(frozen=True)
class PastWindows:
    """Horizons at the end of each series, and how many of them follow each fit."""

    horizon: int
    count: int
    step: int
    """Number of rows from one to the next."""
    every: int
    """A new model is fitted for so many windows."""

    @classmethod
    def of(cls, horizon: int, count: int, step: int | None, refit: bool | int) -> Self:
        """Return the windows that arguments ask for; see `Forecaster.cross_validation`. SettingsError for bad ones."""
        count = whole_number("n_windows", count, least=1)
        step = horizon if step is None else whole_number("step_size", step, least=1)
        if isinstance(refit, bool):
            return cls(horizon, count, step, 1 if refit else count)
        return cls(horizon, count, step, whole_number("refit", refit, least=0) or count)


def backtested(model: FittedModel, reading: Reading, windows: int | None, refit: Refit | None) -> Backtest:
    """Test a model on the last `windows` horizons of a table; None for as many as were held out, or three.

    Raises what `run_backtest` raises.
    """
    if windows is None:
        windows = int(model.holdout.windows(model.horizon).max(initial=0)) or WINDOWS
    panel = with_holidays(reading.observed, model.columns.holidays)
    return run_backtest(model, panel, windows, reading.kind, refit)


def cross_validated(reading: Reading, windows: PastWindows, fit: Refit) -> Backtest:
    """Test models that `fit` fits to the data before windows of a table. Raises what `run_cross_validation` raises."""
    panel = with_holidays(reading.observed, reading.columns.holidays)
    return run_cross_validation(panel, windows.horizon, windows.count, windows.step, reading.kind, fit, windows.every)


def explained(model: FittedModel, reading: Reading, windows: int) -> Any:
    """Return what each covariate was worth in the last `windows` horizons, as a table of the kind that was read.

    Raises what `effects` and `run_backtest` raise.
    """
    panel = with_holidays(reading.observed, model.columns.holidays)
    found = effects(model, panel, unseen_windows(model, panel, windows))
    return reading.kind.table(effect_columns(found))
