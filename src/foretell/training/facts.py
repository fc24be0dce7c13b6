"""The facts that a checkpoint stores besides tensors: one declaration for writing and reading them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

_COUNTS = ("steps", "batch", "chunk", "healthy", "skipped", "in_a_row", "waited", "averaged")
_LISTS = ("layout", "buffers", "evaluated")


@dataclass(frozen=True)
class Facts:
    """The facts about a run, in a form that JSON can hold."""

    settings: dict[str, Any]
    layout: list[Any]
    """Names and shapes of the trainable parameters."""
    buffers: list[Any]
    """Names of the persistent buffers."""
    identity: str
    """A checksum that identifies the data."""
    steps: int
    batch: int
    """Number of the next batch, followed by that of the chunk within it."""
    chunk: int
    state: Any
    """Shape of the hidden state; see `truncation.flatten`."""
    seconds: float
    healthy: int
    """Steps with a finite loss and gradient, steps without, and how many of the latter came last in a row."""
    skipped: int
    in_a_row: int
    evaluated: list[Any]
    """Step counts at which evaluations took place."""
    best_step: int | None
    waited: int
    """Evaluations since the best one."""
    averaged: int
    """Updates of the moving average."""

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> Facts:
        """Rebuild the facts from the `vars` of an instance. Raises ValueError for values that no run can have."""
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
        # Every batch gives at least one step, and every chunk gives one.
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
