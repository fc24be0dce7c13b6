"""Totals of a forecast by calendar month, from sample paths, whose steps depend on each other as real ones do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foretell.forecasting.forecast_arrays import Prediction
from foretell.forecasting.forecaster import Forecaster
from foretell.forecasting.panel import select
from foretell.forecasting.report.content import ReportTable
from foretell.forecasting.report.wording import column, count, percent
from foretell.forecasting.sampling.paths import PastErrors, sample_paths

Floats = NDArray[np.float64]

_SAMPLES = 1000
_MOST_WINDOWS = 16
_USUAL = 80


def totals_by_month(forecaster: Forecaster, prediction: Prediction, shown: Sequence[int]) -> ReportTable | None:
    """The totals of the series shown; None for steps of a month or longer, for counted time, and for a single step."""
    model, horizon = forecaster.fitted_model, forecaster.horizon
    if model.frequency.is_integer or model.frequency.months or horizon == 1:
        return None
    whole, places = prediction.panel, np.array(shown, dtype=np.int64)
    panel = select(whole, places)
    past = PastErrors.of(model, panel, most=_MOST_WINDOWS)
    seed = forecaster.settings.training.seed
    paths = sample_paths(model, panel, prediction.distribution[places], _SAMPLES, seed, past)
    names: list[str] = []
    totals: list[Floats] = []
    steps: list[int] = []
    for i, name in enumerate(panel.ids):
        rows = int(panel.history[i])
        months = panel.clock.wall_times(panel.times(i, rows + horizon)[rows:]).astype("datetime64[M]")
        parts = [(str(month), months == month) for month in np.unique(months)]
        for part, inside in [*parts, ("all", np.ones(horizon, bool))] if len(parts) > 1 else parts:
            names.append(f"{name}, {part}")
            totals.append(paths[:, i, inside].sum(1))
            steps.append(int(inside.sum()))
    if 1 < len(panel) == len(whole):
        names.append("all series")
        totals.append(paths.sum((1, 2)))
        steps.append(len(panel) * horizon)
    level = _USUAL if _USUAL in forecaster.levels or not forecaster.levels else forecaster.levels[0]
    tail = (100 - level) / 200
    bounds = [column(values) for values in np.quantile(np.stack(totals), [tail, 0.5, 1 - tail], axis=1)]
    heads = [f"{percent(level / 100)} from", "median", f"{percent(level / 100)} to"]
    return ReportTable(
        "Totals by calendar month",
        ["series and month", "steps", *heads],
        [list(row) for row in zip(names, map(str, steps), *bounds, strict=True)],
        f"Sums of {count(_SAMPLES, 'sample path')}: adding the bounds of single steps would give too wide an interval.",
    )
