"""The history of a training run, step by step, and the progress reported while it runs."""

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
    """The history of a finished training run of S steps."""

    losses: NDArray[np.float64]
    """(S,) loss of each step; non-finite where the step was skipped because of it."""
    gradient_norms: NDArray[np.float64]
    """(S,) global norm of each step's gradient before clipping."""
    learning_rates: NDArray[np.float64]
    """(S,) learning rate of each step."""
    evaluations: tuple[tuple[int, float], ...] = ()
    """(steps completed, value) of each evaluation."""
    best: float | None = None
    """Lowest evaluation, which is that of the final weights."""
    best_step: int | None = None
    """Steps completed when it was found."""
    skipped: int = 0
    """Steps without an update because the loss or gradient was not finite."""
    seconds: float = 0.0
    """Time spent, including evaluations, summed over all parts of a resumed run."""
    reason: Reason = "finished"
    """Reason for the end of the run, in one word."""
    stopped: str = "finished"
    """Reason for the end of the run, in a sentence."""

    @property
    def steps(self) -> int:
        """S, the number of steps, including skipped ones."""
        return len(self.losses)

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and numbers for strict JSON; non-finite numbers become the strings nan, inf and -inf."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in ("losses", "gradient_norms", "learning_rates"):
            plain[name] = [_to_json(value) for value in plain[name].tolist()]
        plain["evaluations"] = [[step, _to_json(value)] for step, value in self.evaluations]
        return plain

    def summary(self) -> dict[str, Any]:
        """Return a summary for JSON, without the curve."""
        return {
            "steps": self.steps,
            "seconds": self.seconds,
            "validation_loss": self.best,
            "best_step": self.best_step,
            "skipped_steps": self.skipped,
            "reason": self.reason,
            "stopped": self.stopped,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> History:
        """Build a history from the output of `to_json`. Raises ValueError, TypeError or KeyError for anything else."""
        values = dict(plain)
        for name in ("losses", "gradient_norms", "learning_rates"):
            values[name] = np.array([_from_json(value) for value in values[name]], dtype=np.float64)
        if len({len(values[name]) for name in ("losses", "gradient_norms", "learning_rates")}) > 1:
            raise ValueError("the history has steps without a loss, a gradient norm or a learning rate")
        values["evaluations"] = tuple((step, _from_json(value)) for step, value in values["evaluations"])
        return from_plain(cls, values)


def _to_json(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _from_json(value: Any) -> float:
    return float(value) if value in ("nan", "inf", "-inf") else float(read_value(float, value))


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a training run after a step."""

    step: int
    """Steps completed."""
    steps: int
    """Maximum number of steps."""
    loss: float
    """Smoothed loss; NaN before the first healthy step."""
    gradient_norm: float
    """Gradient norm of this step, before clipping."""
    learning_rate: float
    evaluation: float | None
    """Latest evaluation."""
    seconds: float
    """Seconds elapsed."""
    seconds_left: float
    """Estimated seconds remaining, by steps or by time, whichever ends first."""
    fraction: float
    """Completed fraction of the run, in [0, 1]."""
    units_per_second: float | None = None
    """Characters, notes, samples or other units of training data per second, if they were counted."""
    stage: str = "Training"
    """What is being trained, where a model is trained in several stages."""
    measure: str | None = None
    """What the loss of this stage is measured in, if not in the measure of the whole model."""


@dataclass
class Record:
    """A growing history: one entry per step in each list, except for evaluations."""

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
        """Append a step."""
        self.losses.append(loss)
        self.gradient_norms.append(gradient_norm)
        self.learning_rates.append(learning_rate)
        self._smooth(loss)

    @property
    def smoothed_loss(self) -> float:
        """The moving average of the finite losses so far; NaN if there is none."""
        return self._sum / self._weight if self._weight else math.nan

    def evaluated_at(self) -> int | None:
        """Return the number of steps completed at the latest evaluation, or None."""
        return self.evaluations[-1][0] if self.evaluations else None

    def _smooth(self, loss: float) -> None:
        if math.isfinite(loss):
            self._sum = self.SMOOTHING * self._sum + (1 - self.SMOOTHING) * loss
            self._weight = self.SMOOTHING * self._weight + (1 - self.SMOOTHING)
