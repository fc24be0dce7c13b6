"""What happened in a training run, step by step, and what is told while it runs."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foretell.field_types import from_plain, read_value

Reason = Literal["finished", "patience", "time", "non-finite"]


@dataclass(frozen=True)
class History:
    """The course of a finished training run of S steps."""

    losses: NDArray[np.float64]
    """(S,) the loss of each step; not finite where the step was skipped for it."""
    gradient_norms: NDArray[np.float64]
    """(S,) the global norm of each step's gradient before clipping."""
    learning_rates: NDArray[np.float64]
    """(S,)"""
    evaluations: tuple[tuple[int, float], ...] = ()
    """(steps done, value) of each evaluation."""
    best: float | None = None
    """The lowest evaluation: that of the weights that training ended with."""
    best_step: int | None = None
    """The steps done when it was found."""
    skipped: int = 0
    """Steps without an update, because loss or gradient was not finite."""
    seconds: float = 0.0
    """Time spent, evaluations included, over all runs that a resumed run consists of."""
    reason: Reason = "finished"
    """Why it ended, in a word."""
    stopped: str = "finished"
    """Why it ended, in a sentence."""

    @property
    def steps(self) -> int:
        """S, the steps taken, skipped ones included."""
        return len(self.losses)

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers for strict JSON; numbers that are not finite become the strings nan, inf and -inf."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in ("losses", "gradient_norms", "learning_rates"):
            plain[name] = [_to_json(value) for value in plain[name].tolist()]
        plain["evaluations"] = [[step, _to_json(value)] for step, value in self.evaluations]
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> History:
        """The history that `to_json` wrote. Raises ValueError, TypeError or KeyError for anything else."""
        values = dict(plain)
        for name in ("losses", "gradient_norms", "learning_rates"):
            values[name] = np.array([_from_json(value) for value in values[name]], dtype=np.float64)
        if len({len(values[name]) for name in ("losses", "gradient_norms", "learning_rates")}) > 1:
            raise ValueError("a history of steps that lack a loss, a gradient or a rate")
        values["evaluations"] = tuple((step, _from_json(value)) for step, value in values["evaluations"])
        return from_plain(cls, values)


def _to_json(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _from_json(value: Any) -> float:
    return float(value) if value in ("nan", "inf", "-inf") else float(read_value(float, value))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training run stands after a step."""

    step: int
    """Steps done."""
    steps: int
    """Steps at most."""
    loss: float
    """The smoothed loss; NaN before the first healthy step."""
    gradient_norm: float
    """Of this step, before clipping."""
    learning_rate: float
    evaluation: float | None
    """The latest one."""
    seconds: float
    """Time spent so far."""
    seconds_left: float
    """Estimate; by steps or by time, whichever ends first."""
    fraction: float
    """Share of the run that is done, in [0, 1]."""
    units_per_second: float | None = None
    """Characters, notes, samples or whatever is learned from, where somebody counted them."""


@dataclass
class Record:
    """The history as it grows: one entry a step in each list."""

    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    evaluations: list[tuple[int, float]] = field(default_factory=list)

    SMOOTHING = 0.98

    def __post_init__(self) -> None:
        self._sum = self._weight = 0.0
        for loss in self.losses:
            self._smooth(loss)

    def add(self, loss: float, gradient_norm: float, learning_rate: float) -> None:
        """Take in a step."""
        self.losses.append(loss)
        self.gradient_norms.append(gradient_norm)
        self.learning_rates.append(learning_rate)
        self._smooth(loss)

    @property
    def smoothed_loss(self) -> float:
        """The moving average of the finite losses so far; NaN if there is none."""
        return self._sum / self._weight if self._weight else math.nan

    def evaluated_at(self) -> int | None:
        """The steps done at the latest evaluation."""
        return self.evaluations[-1][0] if self.evaluations else None

    def _smooth(self, loss: float) -> None:
        if math.isfinite(loss):
            self._sum = self.SMOOTHING * self._sum + (1 - self.SMOOTHING) * loss
            self._weight = self.SMOOTHING * self._weight + (1 - self.SMOOTHING)
