"""What it brings to take the effect of known columns out of the past and to add it to the forecast.

    python benchmarks/known_columns.py

Chicago's daily bus and rail boardings with the day type (workday, Saturday, Sunday or holiday) known for 14 days ahead,
five years at a time: forecasts of the members that need no training, with the effect and without it, in windows that
the effect was not estimated from.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date

import numpy as np
from ridership import rides
from tables import markdown

from foretell import Forecaster
from foretell.forecasting.backtesting.scores_by_part import crps
from foretell.forecasting.fitted_model import FittedModel
from foretell.forecasting.panel import Panel
from foretell.forecasting.prediction import actual_values

HORIZON, YEARS, WINDOWS = 14, 5, 60
LAST_YEARS = (2005, 2008, 2012, 2015, 2018)


def scores(model: FittedModel, panel: Panel) -> dict[str, float]:
    """The CRPS of each member, in units of the mean absolute change from day to day, after the training part."""
    series, cutoffs = [], []
    for i, (first, rows) in enumerate(zip(model.holdout.training, panel.history, strict=True)):
        chosen = np.unique(np.linspace(first, rows - HORIZON, WINDOWS).astype(np.int64))
        series.append(np.full(len(chosen), i))
        cutoffs.append(chosen)
    where, rows = np.concatenate(series), np.concatenate(cutoffs)
    changes = [np.nanmean(np.abs(np.diff(panel.series(i)))) for i in range(len(panel))]
    unit = np.array(changes)[where][:, None]
    actual = actual_values(panel, where, rows, HORIZON) / unit
    found = model.members.quantiles(panel, where, rows, "held_out")
    return {name: float(np.nanmean(crps(actual, quantiles / unit[..., None]))) for name, quantiles in found.items()}


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    names = ("pretrained", "seasonal_naive", "theta")
    rows = []
    for last in LAST_YEARS:
        table = rides(date(last - YEARS + 1, 1, 1), date(last, 12, 31))
        forecaster = Forecaster("pretrained", HORIZON, known=["day_type"]).fit(table)
        model = forecaster.fitted_model
        known = scores(model, forecaster.panel)
        without = scores(replace(model, members=replace(model.members, known=None)), forecaster.panel)
        each = (f"{without[name]:.3f} -> {known[name]:.3f} ({known[name] / without[name]:.2f})" for name in names)
        rows.append((f"{last - YEARS + 1} to {last}", *each))
    print(markdown(("CRPS, without the effect -> with it", *(name.replace("_", " ") for name in names)), rows))


if __name__ == "__main__":
    main()
