"""Forecasts of public sets by the command as it is typed, beside peers: `python benchmarks/accuracy.py --data FOLDER`.

For each set and contestant: MASE (the mean over the series), the mean quantile loss over the nine deciles relative to
the size of what came (WQL), the share of values inside the 80 and 95 % intervals, and the seconds of the whole command.
Results are kept in a file and not measured again, so that a run may be stopped and gone on with. Every contestant runs
in a process of its own, and one that takes longer than `--time-limit` on a set is stopped, which the table says. Peers
(statsforecast, LightGBM by mlforecast, NHITS of neuralforecast) run in the Python that `--peers-python` names; those
whose package it lacks are left out, so that a second run may bring them by another Python.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from accuracy_peers import MISSING, PEERS
from accuracy_sets import SETS, Case, more_sets
from accuracy_table import PUBLISHED, behind_sentences, best_peer_sentences, measured_table, published_table

DECILES = np.arange(1, 10) / 10
LEVELS = (20, 40, 60, 80, 95)
Quantiles = dict[str, np.ndarray]
"""Series -> (H, 11): 2.5 %, the nine deciles, 97.5 %."""


class LeftOutError(Exception):
    """A contestant that cannot be asked here."""


@dataclass(frozen=True)
class Terms:
    """On what terms contestants run."""

    python: str = sys.executable
    """That of the peers."""
    seconds: float = 3600.0
    """The longest that one may take on one set."""
    nice: int = 0
    """The peers' niceness; above 0 their times mean nothing and are not kept."""


Contestant = Callable[[Case, Terms], Quantiles]


def run_alone(command: list[str], seconds: float) -> None:
    """Run a command to its end, with all processes that it starts; after so many seconds all of them are killed.

    Raises TimeoutExpired then, CalledProcessError for another status than 0.
    """
    process = subprocess.Popen(command, start_new_session=True)
    try:
        status = process.wait(seconds)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if status:
        raise subprocess.CalledProcessError(status, command)


def foretell(*options: str) -> Contestant:
    """The command line, with the levels that the deciles need and nothing else but `options`."""

    def run(case: Case, terms: Terms) -> Quantiles:
        with tempfile.TemporaryDirectory() as folder:
            table, output = Path(folder) / "table.csv", Path(folder) / "forecast.csv"
            case.table.write_csv(table)
            levels = [part for level in LEVELS for part in ("--level", str(level))]
            command = [sys.executable, "-c", "import sys; from foretell.cli import main; sys.exit(main())", "forecast"]
            horizon = ["--horizon", str(case.horizon), "--output", str(output), "--quiet"]
            run_alone([*command, str(table), *horizon, *levels, *options], terms.seconds)
            frame = pl.read_csv(output, schema_overrides={"unique_id": pl.String}, infer_schema_length=None)
        model = frame.columns[2]
        low = [f"{model}-lo-{level}" for level in reversed(LEVELS)]
        return _by_series(frame.select("unique_id", *low, model, *(f"{model}-hi-{level}" for level in LEVELS)))

    return run


def peer(name: str) -> Contestant:
    """One of `accuracy_peers.py`, in the peers' Python."""

    def run(case: Case, terms: Terms) -> Quantiles:
        script = str(Path(__file__).with_name("accuracy_peers.py"))
        with tempfile.TemporaryDirectory() as folder:
            table, output = Path(folder) / "table.parquet", Path(folder) / "quantiles.parquet"
            case.table.write_parquet(table)
            facts = json.dumps({"horizon": case.horizon, "season": case.season, "levels": LEVELS})
            niceness = ["nice", "-n", str(terms.nice)] if terms.nice else []
            try:
                run_alone([*niceness, terms.python, script, name, str(table), str(output), facts], terms.seconds)
            except subprocess.CalledProcessError as error:
                why = "its package is missing" if error.returncode == MISSING else f"it ended with {error.returncode}"
                raise LeftOutError(f"{name}, {why} in {terms.python}") from None
            return _by_series(pl.read_parquet(output))

    return run


def _by_series(frame: pl.DataFrame) -> Quantiles:
    grouped = frame.group_by("unique_id", maintain_order=True).agg(pl.concat_list(frame.columns[1:]).alias("q"))
    return {str(name): np.array(rows, float) for name, rows in grouped.iter_rows()}


CONTESTANTS: dict[str, Contestant] = {
    "foretell": foretell(),
    "foretell --preset instant": foretell("--preset", "instant"),
    "foretell --preset best": foretell("--preset", "best"),
    **{name: peer(name) for name in PEERS},
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


def measured(contestant: str, case: Case, terms: Terms) -> dict[str, float | None]:
    """The scores and the seconds of one contestant on one set, or after how many it had not ended.

    Raises LeftOutError for one that cannot be asked.
    """
    began = time.monotonic()
    try:
        forecasts = CONTESTANTS[contestant](case, terms)
    except subprocess.TimeoutExpired:
        return {"ran_out": terms.seconds}
    seconds = time.monotonic() - began
    return {**scores(case, forecasts), "seconds": None if terms.nice and contestant not in OURS else seconds}


def main() -> None:
    """Measure what is not yet measured, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--more", type=Path, help="a folder of further sets, as `public_sets.py` writes it")
    parser.add_argument("--results", type=Path, default=Path("accuracy.json"))
    parser.add_argument(
        "--validate", action="store_true", help="score on the end of the past, where settings are chosen"
    )
    parser.add_argument("--sets", nargs="*", help="all unless named")
    parser.add_argument("--contestants", nargs="*", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--peers-python", default=sys.executable, help="the Python that has the peers' packages")
    parser.add_argument("--time-limit", type=float, default=3600.0, help="seconds per contestant and set")
    parser.add_argument("--nice", type=int, default=0, help="niceness of the peers; above 0 their times are not kept")
    given = parser.parse_args()
    # An exception, so that the contestant that runs is stopped too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    readers = {name: (given.data, read) for name, read in SETS.items()}
    if given.more:
        readers |= {name: (given.more, read) for name, read in more_sets(given.more).items()}
    if unknown := set(given.sets or ()) - set(readers):
        parser.error(f"--sets: {', '.join(sorted(unknown))} not among {', '.join(readers)}")
    terms = Terms(given.peers_python, given.time_limit, given.nice)
    known = json.loads(given.results.read_text()) if given.results.exists() else {}
    for name in given.sets or readers:
        wanted = [c for c in given.contestants if _is_open(known.setdefault(name, {}).get(c), terms)]
        if not wanted:
            continue
        folder, read = readers[name]
        case = read(folder)
        if given.validate:
            case = case.held_out()
        for contestant in wanted:
            try:
                known[name][contestant] = measured(contestant, case, terms)
            except LeftOutError as error:
                print(f"left out: {error}", file=sys.stderr)
                continue
            given.results.write_text(json.dumps(known, indent=1))
            print(name, contestant, known[name][contestant], file=sys.stderr, flush=True)
    print(*measured_table(known), "", *best_peer_sentences(known, OURS), sep="\n")
    if not given.validate:
        print(f"\nMASE / WQL relative to seasonal naive, beside what {PUBLISHED['source']} published:\n")
        print(*published_table(known), "", *behind_sentences(known, OURS), sep="\n")


def _is_open(known: dict[str, float] | None, terms: Terms) -> bool:
    """Whether something is still to be measured: nothing is known, or it ran out and now has longer."""
    return known is None or known.get("ran_out", terms.seconds) < terms.seconds


if __name__ == "__main__":
    main()
