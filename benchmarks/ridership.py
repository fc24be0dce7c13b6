"""Chicago's rail ridership, by the protocol of Geron's chapter 15: fitted to 2016 to 2018, judged on early 2019.

    python benchmarks/ridership.py

The book's networks see 56 days, so its first target is 56 days into 2019, and ours are scored on the same days. Bus and
rail are two series of one table, the day type (workday, Saturday, Sunday or holiday) is known for the days ahead. The
book stops its training on the very days that it reports; foretell sees nothing after 2018 until it is done, and its
settings were chosen a year earlier: `--validate` fits to 2015 to 2017 and scores on early 2018. Each ensemble is fitted
with `multivariate`, by which rail may see the past of bus as far as validation says it helps, and forecasts without it
too. `--default` asks the default model, without any option, in the place of the ensembles.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tables import markdown, mean_and_range

from foretell import Forecaster, ForecastSettings
from foretell.datasets import path
from foretell.forecasting.settings import OF_GIVEN_LENGTH

INPUT_DAYS = 56
RAIL, BUS = "rail_boardings", "bus"
PUBLISHED_NEXT_DAY = (
    ("seasonal naive, 7 days", 42_143),
    ("SARIMA, refitted daily", 32_041),
    ("linear", 37_866),
    ("SimpleRNN(32)", 29_015),
    ("deep RNN, three layers", 31_211),
    ("RNN with bus and tomorrow's day type", 22_062),
)
PUBLISHED_AHEAD = (
    ("RNN, 14 days at once", 35_017),
    ("sequence to sequence, +1", 25_519),
    ("sequence to sequence, +14", 34_322),
)


def rides(first: date, last: date) -> pl.DataFrame:
    """The days from first to last, once each."""
    table = pl.read_csv(path("chicago_ridership")).unique()
    table = table.with_columns(pl.col("service_date").str.to_date("%m/%d/%Y")).sort("service_date")
    return table.filter(pl.col("service_date").is_between(first, last)).select("service_date", "day_type", RAIL, BUS)


def errors(model: Forecaster, table: pl.DataFrame, first_target: date, horizon: int) -> NDArray[np.float64]:
    """Absolute errors of the rail forecasts (D, horizon), one row a day D that the whole horizon follows."""
    days = table["service_date"].to_list()
    rail = table[RAIL].to_numpy()
    rows = []
    for cutoff in range(days.index(first_target), len(days) - horizon + 1):
        seen = table[:cutoff]
        ahead = table[cutoff : cutoff + horizon].select("service_date", "day_type")
        forecast = model.predict(seen, future=ahead).filter(pl.col("unique_id") == RAIL)
        forecast = forecast[model.fitted_model.name].to_numpy()
        rows.append(np.abs(forecast - rail[cutoff : cutoff + horizon]))
    return np.stack(rows)


def main() -> None:
    """Fit for one day and for fourteen days ahead, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=OF_GIVEN_LENGTH.steps, help="training steps")
    parser.add_argument("--members", type=int, default=5, help="networks that are averaged in each run")
    parser.add_argument("--validate", action="store_true", help="a year earlier, where settings were chosen")
    parser.add_argument("--default", action="store_true", help="the default model in the place of the ensembles")
    options = parser.parse_args()
    year = 2018 if options.validate else 2019
    table = rides(date(year - 3, 1, 1), date(year, 5, 31))
    training = table.filter(pl.col("service_date") < date(year, 1, 1))
    first_target = date(year, 2, 26)
    rail = table[RAIL].to_numpy()
    first_row = table["service_date"].to_list().index(first_target)

    settings = ForecastSettings(
        input_steps=INPUT_DAYS,
        windows=0,
        members=options.members,
        training=replace(OF_GIVEN_LENGTH, steps=options.steps),
    )
    for horizon, published in ((1, PUBLISHED_NEXT_DAY), (14, PUBLISHED_AHEAD)):
        naive = np.stack(
            [
                np.abs(np.resize(rail[row - 7 : row], horizon) - rail[row : row + horizon])
                for row in range(first_row, len(rail) - horizon + 1)
            ]
        )
        runs, alone = [], []
        for seed in range(options.seeds):
            if options.default:
                model = Forecaster(horizon=horizon, known=["day_type"], seed=seed).fit(training)
                runs.append(errors(model, table, first_target, horizon))
                continue
            model = Forecaster("lstm", horizon, known=["day_type"], seed=seed, settings=settings, multivariate=True)
            model.fit(training)
            runs.append(errors(model, table, first_target, horizon))
            model._fitted = replace(model.fitted_model, correction=None)
            alone.append(errors(model, table, first_target, horizon))
        rows = [(name, f"{mae:,}", "published") for name, mae in published]
        rows.append(("seasonal naive, 7 days", f"{naive.mean():,.0f}", "this run"))
        ensembles = (("foretell", alone), ("foretell, bus and rail together", runs))
        for name, found in (("foretell, default", runs),) if options.default else ensembles:
            rows.append((name, mean_and_range([float(r.mean()) for r in found], 0), "this run"))
            for step in (1, horizon) if horizon > 1 else ():
                by_step = [float(r[:, step - 1].mean()) for r in found]
                rows.append((f"{name}, +{step}", mean_and_range(by_step, 0), "this run"))
        print(
            f"\nRail, {horizon} day{'s' * (horizon > 1)} ahead: mean absolute error, {first_target} to {year}-05-31\n"
        )
        print(markdown(("", "MAE", ""), rows))


if __name__ == "__main__":
    main()
