"""Forecasts of public sets by the command as it is typed, beside peers: `python benchmarks/accuracy.py --data FOLDER`.

For each set and contestant: MASE (the mean over the series), the mean quantile loss over the nine deciles relative to
the size of what came (WQL), the share of values inside the 80 and 95 % intervals, and the seconds of the whole command.
Results are kept in a file and not measured again, so that a run may be stopped and gone on with. Peers run where their
packages are installed (statsforecast) and are left out where not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from accuracy_sets import SETS, Case

DECILES = np.arange(1, 10) / 10
LEVELS = (20, 40, 60, 80, 95)
Quantiles = dict[str, np.ndarray]
"""Series -> (H, 11): 2.5 %, the nine deciles, 97.5 %."""


def foretell(*options: str) -> Callable[[Case], Quantiles]:
    """The command line, with the levels that the deciles need and nothing else but `options`."""

    def run(case: Case) -> Quantiles:
        with tempfile.TemporaryDirectory() as folder:
            table, output = Path(folder) / "table.csv", Path(folder) / "forecast.csv"
            case.table.write_csv(table)
            levels = [part for level in LEVELS for part in ("--level", str(level))]
            command = [sys.executable, "-c", "import sys; from foretell.cli import main; sys.exit(main())", "forecast"]
            horizon = ["--horizon", str(case.horizon), "--output", str(output), "--quiet"]
            subprocess.run([*command, str(table), *horizon, *levels, *options], check=True, cwd=folder)
            frame = pl.read_csv(output, schema_overrides={"unique_id": pl.String}, infer_schema_length=None)
        model = frame.columns[2]
        low = [f"{model}-lo-{level}" for level in reversed(LEVELS)]
        columns = [*low, model, *(f"{model}-hi-{level}" for level in LEVELS)]
        grouped = frame.group_by("unique_id", maintain_order=True).agg(pl.concat_list(columns).alias("q"))
        return {name: np.array(rows, float) for name, rows in grouped.iter_rows()}

    return run


def statsforecast(model: str) -> Callable[[Case], Quantiles]:
    """A model of statsforecast, with its own prediction intervals; on both cores."""

    def run(case: Case) -> Quantiles:
        from statsforecast import StatsForecast, models

        made = getattr(models, model)(season_length=case.season)
        frequency = 1 if case.table.schema["ds"].is_integer() else {4: "3mo", 12: "1mo"}[case.season]
        forecaster = StatsForecast([made], freq=frequency, n_jobs=-1, fallback_model=models.SeasonalNaive(case.season))
        found = forecaster.forecast(df=case.table, h=case.horizon, level=list(LEVELS))
        low = [f"{model}-lo-{level}" for level in reversed(LEVELS)]
        columns = [*low, model, *(f"{model}-hi-{level}" for level in LEVELS)]
        grouped = found.group_by("unique_id", maintain_order=True).agg(pl.concat_list(columns).alias("q"))
        return {str(name): np.array(rows, float) for name, rows in grouped.iter_rows()}

    return run


CONTESTANTS: dict[str, Callable[[Case], Quantiles]] = {
    "foretell": foretell(),
    "foretell --preset instant": foretell("--preset", "instant"),
    "foretell --preset best": foretell("--preset", "best"),
    "SeasonalNaive": statsforecast("SeasonalNaive"),
    "AutoETS": statsforecast("AutoETS"),
    "AutoTheta": statsforecast("AutoTheta"),
    "DynamicOptimizedTheta": statsforecast("DynamicOptimizedTheta"),
    "AutoARIMA": statsforecast("AutoARIMA"),
}
OURS = tuple(name for name in CONTESTANTS if name.startswith("foretell"))


def scores(case: Case, forecasts: Quantiles) -> dict[str, float]:
    """MASE, WQL and coverage of what was forecast."""
    past = {str(name): np.array(y, float) for name, y in case.table.group_by("unique_id").agg("y").iter_rows()}
    errors, lost, size, inside = [], np.zeros(len(DECILES)), 0.0, np.zeros(2)
    seen = 0
    for name, came in case.came.items():
        quantiles, known = forecasts[name], past[name]
        scale = np.nanmean(np.abs(known[case.season :] - known[: -case.season])) if len(known) > case.season else 0.0
        if scale > 0:
            errors.append(np.nanmean(np.abs(quantiles[:, 5] - came)) / scale)
        off = came[:, None] - quantiles[:, 1:10]
        lost += np.nansum(np.maximum(DECILES * off, (DECILES - 1) * off), axis=0)
        size += float(np.nansum(np.abs(came)))
        for k, (low, high) in enumerate(((1, 9), (0, 10))):
            inside[k] += np.sum((came >= quantiles[:, low]) & (came <= quantiles[:, high]))
        seen += int(np.sum(~np.isnan(came)))
    wql = float(2 * np.mean(lost) / size)
    return {"MASE": float(np.mean(errors)), "WQL": wql, "80 %": 100 * inside[0] / seen, "95 %": 100 * inside[1] / seen}


def main() -> None:
    """Measure what is not yet measured, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=Path("accuracy.json"))
    parser.add_argument(
        "--validate", action="store_true", help="score on the end of the past, where settings are chosen"
    )
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--contestants", nargs="*", choices=CONTESTANTS, default=list(CONTESTANTS))
    given = parser.parse_args()
    known = json.loads(given.results.read_text()) if given.results.exists() else {}
    for name in given.sets:
        case = SETS[name](given.data)
        if given.validate:
            case = case.held_out()
        for contestant in given.contestants:
            if contestant in known.setdefault(name, {}):
                continue
            began = time.monotonic()
            try:
                forecasts = CONTESTANTS[contestant](case)
            except ImportError as error:
                print(f"{contestant} is left out: {error}", file=sys.stderr)
                continue
            seconds = time.monotonic() - began
            known[name][contestant] = {**scores(case, forecasts), "seconds": seconds}
            given.results.write_text(json.dumps(known, indent=1))
            print(name, contestant, known[name][contestant], file=sys.stderr, flush=True)
    _print(known)


def _print(known: dict[str, dict[str, dict[str, float]]]) -> None:
    print("| set | contestant | MASE | WQL | inside 80 / 95 % | seconds |\n|---|---|---|---|---|---|")
    for name, results in known.items():
        for contestant, row in results.items():
            inside = f"{row['80 %']:.1f} / {row['95 %']:.1f}"
            print(f"| {name} | {contestant} | {row['MASE']:.3f} | {row['WQL']:.4f} | {inside} | {row['seconds']:.1f} |")
    for contestant in OURS:
        ratios = []
        for results in known.values():
            peers = [row["MASE"] for other, row in results.items() if other not in OURS]
            if peers and contestant in results:
                ratios.append(results[contestant]["MASE"] / min(peers))
        if ratios:
            mean = float(np.exp(np.mean(np.log(ratios))))
            print(f"\n{contestant}: {mean:.3f} times the MASE of the best peer of each of {len(ratios)} sets")


if __name__ == "__main__":
    main()
