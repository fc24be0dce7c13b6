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
    """MASE / WQL relative to the published seasonal naive: a row per published set that was measured, then the mean.

    A column for everybody who has all these sets, the best mean of MASE first.
    """
    models: dict[str, Mapping[str, Any]] = PUBLISHED["models"]
    base = models[PUBLISHED["baseline"]]
    names = [name for name in base if any("MASE" in row for row in known.get(name, {}).values())]
    if not names:
        return
    figures = {f"{model}, published": by_set for model, by_set in models.items() if by_set is not base}
    for contestant in dict.fromkeys(contestant for name in names for contestant in known[name]):
        rows = {name: known[name].get(contestant, {}) for name in names}
        if all("MASE" in row for row in rows.values()):
            figures[contestant] = {name: (row["MASE"], row["WQL"]) for name, row in rows.items()}
    columns = []
    for model, by_set in figures.items():
        relative = [[by_set[name][k] / base[name][k] for k in (0, 1)] for name in names]
        mean = [_geometric(figure[k] for figure in relative) for k in (0, 1)]
        columns.append((mean, model, [f"{m:.3f} / {w:.3f}" for m, w in (*relative, mean)]))
    columns.sort()
    yield f"| | {' | '.join(model for _, model, _ in columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for k, name in enumerate((*names, f"geometric mean of {len(names)}")):
        yield f"| {name} | {' | '.join(cells[k] for _, _, cells in columns)} |"


def behind_sentences(known: Results, ours: Iterable[str], share: float = 0.05) -> Iterable[str]:
    """On which published sets each of `ours` has a MASE or WQL that is more than this share above the rival's."""
    rival = PUBLISHED["models"][PUBLISHED["rival"]]
    for contestant in ours:
        rows = {name: known[name][contestant] for name in rival if "MASE" in known.get(name, {}).get(contestant, {})}
        ratios = {name: (row["MASE"] / rival[name][0], row["WQL"] / rival[name][1]) for name, row in rows.items()}
        behind = [f"{name} ({m:.3f} / {w:.3f})" for name, (m, w) in ratios.items() if max(m, w) > 1 + share]
        if ratios:
            told = f"more than {share:.0%} behind {PUBLISHED['rival']} on {', '.join(behind) or 'none'}"
            yield f"{contestant}: {told} of {len(ratios)} published sets"


def _geometric(ratios: Iterable[float]) -> float:
    return float(np.exp(np.mean(np.log(list(ratios)))))
