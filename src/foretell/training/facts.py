"""What a checkpoint says of a run besides its tensors: written and read by one declaration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

_COUNTS = ("steps", "batch", "chunk", "healthy", "skipped", "in_a_row", "waited", "averaged")
_LISTS = ("layout", "buffers", "evaluated")


@dataclass(frozen=True)
class Facts:
    """All of it, as JSON can hold it."""

    settings: dict[str, Any]
    layout: list[Any]
    """The trainable parameters: names and shapes."""
    buffers: list[Any]
    """The names of the persistent buffers."""
    identity: str
    """Tells the data from other data."""
    steps: int
    batch: int
    """The number of the batch that comes next, and that of the chunk within it."""
    chunk: int
    state: Any
    """The shape of the hidden state, see `truncation.flatten`."""
    seconds: float
    healthy: int
    """Steps with a finite loss and gradient, those without, and how many of the latter were the last ones."""
    skipped: int
    in_a_row: int
    evaluated: list[Any]
    """The steps after which the evaluations were."""
    best_step: int | None
    waited: int
    """Evaluations since the best one."""
    averaged: int
    """Updates of the moving average."""

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> Facts:
        """Those that `vars` made of an instance. Raises ValueError for what no run can have said."""
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in found]
        if missing:
            raise ValueError(f"it lacks {missing[0]}")
        facts = cls(**{name: found[name] for name in names})
        facts._require_kinds()
        if not all(_is_count(step) and 0 < step <= facts.steps for step in facts.evaluated):
            raise ValueError("evaluated does not fit steps")
        if facts.evaluated != sorted(set(facts.evaluated)) or facts.best_step not in (None, *facts.evaluated):
            raise ValueError("best_step does not fit evaluated")
        # Each batch gives a step, and each of its chunks.
        if facts.batch + facts.chunk > facts.steps or facts.healthy + facts.skipped != facts.steps:
            raise ValueError("batch, chunk, healthy and skipped do not fit steps")
        return facts

    def _require_kinds(self) -> None:
        wrong = [name for name in _COUNTS if not _is_count(getattr(self, name))]
        wrong += [name for name in _LISTS if not isinstance(getattr(self, name), list)]
        if not isinstance(self.settings, dict):
            wrong.append("settings")
        if not isinstance(self.identity, str):
            wrong.append("identity")
        if self.best_step is not None and not _is_count(self.best_step):
            wrong.append("best_step")
        seconds = self.seconds
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
            wrong.append("seconds")
        if wrong:
            raise ValueError(f"{wrong[0]} is {str(getattr(self, wrong[0]))[:40]!r}")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
