"""What a report shows, as plain arrays and words: no drawing, no HTML, no knowledge of models or tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.datetime64] | NDArray[np.int64]
Floats = NDArray[np.float64]
Intervals = Mapping[int, tuple[Floats, Floats]]


@dataclass(frozen=True)
class BacktestWindow:
    """A stretch of the past that was forecast as though it were still to come; H time steps."""

    times: Times
    """(H,) `datetime64[us]` or int64."""
    median: Floats
    """(H,)"""
    intervals: Intervals
    """Level in percent -> (lower, upper), each (H,)."""
    actual: Floats
    """(H,) what came, NaN where it is missing."""


@dataclass(frozen=True)
class SeriesView:
    """One series to draw: the end of its history, its forecast, and the backtest windows that lie in that history."""

    id: str
    times: Times
    """(T,) `datetime64[us]` or int64, ascending: the shown end of the history."""
    values: Floats
    """(T,) NaN where missing."""
    forecast_times: Times
    """(H,)"""
    median: Floats
    """(H,)"""
    intervals: Intervals = field(default_factory=dict)
    """Level in percent -> (lower, upper), each (H,)."""
    windows: Sequence[BacktestWindow] = ()
    """Drawn over the history; those that begin before `times` does are cut at its left edge."""
    filled: bool = False
    """Whether the windows are gaps that were filled, and no backtest."""
    marks: Floats = field(default_factory=lambda: np.empty(0))
    """(T,) values to mark, NaN elsewhere; empty for none."""


@dataclass(frozen=True)
class Score:
    """One row of the backtest: a model and its errors, where lower is better."""

    model: str
    metrics: Mapping[str, float]
    """Such as MASE, sMAPE, MAE, RMSE; NaN where undefined."""
    is_ours: bool = False


@dataclass(frozen=True)
class ReportTable:
    """A table of words and numbers as they are to be shown."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    """Each begins with its name."""
    note: str = ""


@dataclass(frozen=True)
class ColumnEffect:
    """What a covariate added: errors over windows of the past with its own values, and with those of other windows."""

    column: str
    score: float
    """CRPS."""
    permuted_score: float
    error: Floats
    """(H,) mean absolute error of each step ahead."""
    permuted_error: Floats
    """(H,)"""


@dataclass(frozen=True)
class PlanView:
    """Forecasts of one series by several plans."""

    series: str
    times: Times
    """(H,)"""
    medians: Mapping[str, Floats]
    """Plan -> (H,), at least two; the first one is what the others are compared with."""

    @property
    def differences(self) -> dict[str, Floats]:
        """Plan -> (H,), by how much its median lies above that of the first plan."""
        first, *others = self.medians
        return {plan: self.medians[plan] - self.medians[first] for plan in others}


@dataclass(frozen=True)
class ReportContent:
    """All that a report says."""

    title: str
    series: Sequence[SeriesView]
    """The series to draw, a dozen at most; the caller chooses them."""
    total_series: int
    scores: Sequence[Score] = ()
    """Ours and the baselines; empty without a backtest."""
    scores_by_step: Mapping[str, Floats] = field(default_factory=dict)
    """Model name -> (H,) mean absolute scaled error of each horizon step."""
    coverage: Mapping[int, float] = field(default_factory=dict)
    """Level in percent -> share of the backtest's values inside, 0 to 1."""
    anomalies: ReportTable | None = None
    """Unlikely values, in a report on these alone: nothing is forecast."""
    gaps: ReportTable | None = None
    """Gaps that were filled, in a report on these alone: nothing is forecast."""
    totals: ReportTable | None = None
    """Totals of the series drawn, by calendar month."""
    effects: Sequence[ColumnEffect] = ()
    """What each covariate added, the largest effect first; empty without covariates or a backtest."""
    plans: Sequence[PlanView] = ()
    """Series by several plans for what is known ahead; empty for one plan."""
    score_tables: Sequence[ReportTable] = ()
    """Scores of the model by cutoff and by series."""
    losses: Floats = field(default_factory=lambda: np.empty(0))
    """(S,) training loss of steps 1 to S; NaN where a step was skipped."""
    gradient_norms: Floats = field(default_factory=lambda: np.empty(0))
    """(S,) before clipping."""
    clip_norm: float | None = None
    evaluations: Sequence[tuple[int, float]] = ()
    """(step, validation loss) pairs."""
    best_step: int | None = None
    """The step whose weights were kept."""
    skipped_steps: int = 0
    """Steps left out because their loss or gradient was not finite."""
    findings: Sequence[str] = ()
    """Sentences on the data: layout, frequency, missing values, rows dropped."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Settings and circumstances: model, horizon, parameters, training time, seed, versions."""
    warnings: Sequence[str] = ()
