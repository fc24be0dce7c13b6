"""Progress of training and other long work: a bar on a terminal, elsewhere one line per tenth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from foretell.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from foretell.training.history import Progress

_REDRAWS_A_SECOND = 10
_STAGES = {"fit": "Training", "finish": "Finishing on all data", "update": "Learning from new rows"}


@dataclass
class _Stage:
    """What is shown of a stage."""

    task: TaskID | None
    fraction: float = 0.0
    drawn: float = -math.inf
    tenths: int = 0


class ProgressDisplay:
    """Called with the stage ("fit" or "finish-lstm", say, of window n "window n") and its progress after every step.

    Several stages may be under way at the same time; one whose progress falls has begun anew.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Bars | None = None
        self._stages: dict[str, _Stage] = {}

    def __enter__(self) -> ProgressDisplay:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        if self._console.is_terminal and not self._console.quiet:
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(bar_width=32),
                TextColumn("{task.percentage:>3.0f} %"),
                TextColumn("{task.fields[words]}"),
                console=self._console,
                refresh_per_second=_REDRAWS_A_SECOND,
            )
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, stage: str, progress: Progress) -> None:
        self.show(stage, progress.fraction, lambda: _words(progress))

    def show(self, stage: str, fraction: float, words: Callable[[], str]) -> None:
        """Show that `fraction` of a stage is done, with words that are asked for only when they are shown."""
        shown = self._stages.get(stage)
        if shown is None or fraction < shown.fraction:
            task = None if self._bars is None else self._bars.add_task(_named(stage), total=1.0, words="")
            shown = self._stages[stage] = _Stage(task)
        shown.fraction = fraction
        done = fraction >= 1
        if self._bars is not None and shown.task is not None:
            now = monotonic()
            # A step may take less than a millisecond: drawing each one would cost more than training.
            if done or now - shown.drawn >= 1 / _REDRAWS_A_SECOND:
                shown.drawn = now
                self._bars.update(shown.task, completed=fraction, words=printable(words()))
            return
        tenths = 10 if done else int(10 * fraction)
        if self._bars is None and tenths > shown.tenths:
            shown.tenths = tenths
            self._console.print(f"{_named(stage)}: {10 * tenths:3} %, {printable(words())}", soft_wrap=True)


def _named(stage: str) -> str:
    kind, _, network = stage.partition("-")
    name = _STAGES.get(kind, stage)
    return f"{name} ({network})" if network and kind in _STAGES else name


def _words(progress: Progress) -> str:
    return f"step {progress.step:,} of {progress.steps:,}, loss {progress.loss:.4f}, {left_or_taken(progress)}"


def training_shown(
    display: ProgressDisplay,
    measure: str,
    units: str,
    *,
    bounded: bool,
    scale: float = 1.0,
) -> Callable[[Progress], None]:
    """Shows training: the loss, times `scale`, in a `measure` such as "nats per word", and `units` per second.

    Without a number of steps if it is not `bounded` by one, but by the clock.
    """

    def show(progress: Progress) -> None:
        def words() -> str:
            if not progress.step and math.isnan(progress.loss):  # a stage without steps
                return left_or_taken(progress)
            of = f" of {progress.steps:,}" if bounded else ""
            loss = f"{scale * progress.loss:.3f} {progress.measure or measure}"
            judged = f", validation {progress.evaluation:.3f}" if progress.evaluation is not None else ""
            rate = progress.units_per_second
            fast = f", {rate:,.0f} {units} per second" if rate is not None else ""
            return f"step {progress.step:,}{of}, {loss}{judged}{fast}, {left_or_taken(progress)}"

        display.show(progress.stage, progress.fraction, words)

    return show


def left_or_taken(progress: Progress) -> str:
    """Return the remaining time of training, or the time taken once it is finished."""
    return f"{duration(progress.seconds_left)} left" if progress.fraction < 1 else duration(progress.seconds)


def time_left(done: float, seconds: float) -> str:
    """Return the remaining time, given the share `done` and the seconds so far; once finished, the time taken."""
    return f"{duration(seconds * (1 - done) / done)} left" if done < 1 else duration(seconds)


def duration(seconds: float) -> str:
    """Format a duration, such as 8 s, 2 min 5 s, or 1 h 12 min."""
    if not math.isfinite(seconds):
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
