"""The tables of `accuracy.py`: what was measured, and that beside what others published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Results = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Set -> contestant -> its figures, or `ran_out`, the seconds after which it had not ended."""

PUBLISHED: dict[str, Any] = json.loads((Path(__file__).parent / "published.json").read_text())
"""Model -> set -> MASE and WQL."""


def measured_table(known: Results) -> Iterable[str]:
    """A row per set and contestant."""
    yield "| set | contestant | MASE | WQL | inside 80 / 95 % | seconds |"
    yield "|---|---|---|---|---|---|"
    for name, results in known.items():
        for contestant, row in results.items():
            if "ran_out" in row:
                yield f"| {name} | {contestant} | not done in {row['ran_out']:,.0f} s | | | |"
                continue
            inside = f"{row['80 %']:.1f} / {row['95 %']:.1f}"
            seconds = "" if row["seconds"] is None else f"{row['seconds']:.1f}"
            yield f"| {name} | {contestant} | {row['MASE']:.3f} | {row['WQL']:.4f} | {inside} | {seconds} |"


def best_peer_sentences(known: Results, ours: Iterable[str]) -> Iterable[str]:
    """How far ahead of the best peer of each set each of `ours` is, as a geometric mean."""
    ours = tuple(ours)
    for contestant in ours:
        ratios = []
        for results in known.values():
            peers = [row["MASE"] for other, row in results.items() if other not in ours and "MASE" in row]
            if peers and "MASE" in results.get(contestant, {}):
                ratios.append(results[contestant]["MASE"] / min(peers))
        if ratios:
            mean = _geometric(ratios)
            yield f"{contestant}: {mean:.3f} times the MASE of the best peer of each of {len(ratios)} sets"


def published_table(known: Results) -> Iterable[str]:
    """MASE / WQL of everybody who has all the published sets, by relative MASE: the best first.

    Relative: the geometric mean over the sets of the ratio to the published seasonal naive.
    """
    models: dict[str, Mapping[str, Any]] = PUBLISHED["models"]
    base = models[PUBLISHED["baseline"]]
    figures = {f"{model}, published": by_set for model, by_set in models.items()}
    contestants = dict.fromkeys(name for results in known.values() for name in results)
    for contestant in contestants:
        rows = {name: known.get(name, {}).get(contestant, {}) for name in base}
        if all("MASE" in row for row in rows.values()):
            figures[contestant] = {name: (row["MASE"], row["WQL"]) for name, row in rows.items()}
    yield f"| | {' | '.join(base)} | relative |"
    yield "|---" * (len(base) + 2) + "|"
    lines = {}
    for model, by_set in figures.items():
        relative = [_geometric([by_set[name][k] / base[name][k] for name in base]) for k in (0, 1)]
        cells = [f"{by_set[name][0]:.3f} / {by_set[name][1]:.4f}" for name in base]
        lines[f"| {model} | {' | '.join(cells)} | {relative[0]:.3f} / {relative[1]:.3f} |"] = relative[0]
    yield from sorted(lines, key=lines.__getitem__)


def _geometric(ratios: Iterable[float]) -> float:
    return float(np.exp(np.mean(np.log(list(ratios)))))
