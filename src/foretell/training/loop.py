"""Backpropagation through time (Werbos 1990; truncated: Williams and Peng 1990) for any network."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import numpy as np
from torch import nn

from foretell.errors import TrainingError
from foretell.training import checkpoint as checkpoint_folder
from foretell.training import processes, resumption
from foretell.training.hardware import Hardware
from foretell.training.history import History, Progress, Reason
from foretell.training.interruption import Interruption
from foretell.training.randomness import Randomness, caller_state_kept
from foretell.training.run import Loss, Run
from foretell.training.settings import TrainingSettings
from foretell.training.tensorboard import TensorBoard
from foretell.training.truncation import State

_Value = TypeVar("_Value")


def train(
    network: nn.Module,
    batches: Callable[[int], Any],
    loss: Loss,
    *,
    settings: TrainingSettings,
    evaluate: Callable[[nn.Module], float] | None = None,
    device: str = "auto",
    carry: bool = False,
    checkpoint: Path | None = None,
    tensorboard: Path | None = None,
    illustrate: Callable[[nn.Module, TensorBoard, int], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    identity: Any = None,
) -> History:
    """Train `network` in place and return the history of the run.

    - `batches(n)` returns batch n = 0, 1, ... and must be a pure function of n; it may use torch's random numbers, as
      they are seeded by n. A batch is a tensor, a tuple, dict or dataclass of tensors, or a list of these: consecutive
      chunks in time of one longer batch. Each chunk gives one step, so without chunks n is the number of steps
      completed. With `settings.truncate` a batch is cut by its method `chunks(length)`, or along the second axis of its
      tensors.
    - `loss(network, chunk, state)` returns the scalar loss and the state after the chunk (tensors in tuples, lists and
      dicts, or None). The state is passed back, detached, with the next chunk of the batch. It is None for the first
      chunk, unless `carry` keeps it across batches, and after a skipped step, since it may have been non-finite itself.
    - `evaluate(network)` returns a number, lower is better. The network is in evaluation mode, without gradients and
      with averaged weights if averaging is on. If given, training ends with the weights that had the lowest value.
    - `device`: auto, cpu, cuda, mps or, for one of several, cuda:1.
    - `checkpoint`: a folder. A run that was killed resumes from it and ends with bit-identical weights. The checkpoint
      is also written at the end, and before Ctrl-C, SIGTERM and SIGHUP take effect. The caller deletes it once the
      result is safe. Only one run at a time can use it.
    - `tensorboard`: a folder for scalars. `illustrate(network, board, steps)` is then called after each evaluation,
      with the network in the same state as for `evaluate`, to write more than numbers, such as a sound.
    - `on_progress` is called after each step.
    - Under torchrun all processes train together, each on its share of every batch, which must say by its `weight` how
      much it counts; `batches` returns the share (`foretell.training.processes.share_of`). The result is that of one
      process but for rounding. The first process alone writes the checkpoint, which all of them must see.
    - `identity`: whatever identifies the data besides the first batch, such as names and lengths, in lists and dicts of
      strings and numbers. A checkpoint of other data is refused.

    The network is left on the device in evaluation mode. The state of torch's random number generators is left as it
    was. The same seed gives bit-identical results on one machine with the same number of threads
    (`torch.set_num_threads`), unless the schedule followed the clock (`minutes`).

    Raises `TrainingError` if no step or no evaluation was finite, or if another run is using the checkpoint,
    `ModelError` for a checkpoint that is damaged or of another run, `SettingsError` for a device, batch or TensorBoard
    folder that cannot be used, and `MissingExtraError` if TensorBoard is needed but not installed.
    """
    processes.require_shareable(settings, processes.count())
    hardware = Hardware(device, settings.precision)
    first = processes.rank() == 0
    reserved = checkpoint_folder.reserved(checkpoint) if checkpoint and first else nullcontext()
    with caller_state_kept(hardware.device), reserved:
        run = Run(network, batches, loss, settings, hardware, carry=carry)
        loop = _Loop(run, evaluate, checkpoint, illustrate, on_progress, identity)
        loop.resume()
        loop.board = TensorBoard(tensorboard, run.steps) if tensorboard is not None and first else None
        network.train()
        try:
            history = loop.complete()
        except BaseException:
            if loop.board is not None:
                with suppress(TrainingError):  # the first error is the one to report
                    loop.board.close()
            raise
        finally:
            network.eval()
        if loop.board is not None:
            loop.board.close()
        return history


class _Loop:
    """The loop of steps, evaluations and checkpoints. What is due depends only on the state of the run.

    A resumed run therefore continues with whatever the interrupted one had not yet done.
    """

    def __init__(
        self,
        run: Run,
        evaluate: Callable[[nn.Module], float] | None,
        checkpoint: Path | None,
        illustrate: Callable[[nn.Module, TensorBoard, int], None] | None,
        on_progress: Callable[[Progress], None] | None,
        data: Any,
    ) -> None:
        self.run = run
        self.board: TensorBoard | None = None
        self._evaluate = evaluate
        self._checkpoint = checkpoint
        self._illustrate = illustrate
        self._on_progress = on_progress
        self._saved_at: tuple[int, int] | None = None
        self._data = data
        self._identity = ""
        self._resumed_state: State = None
        self._budget = None if run.settings.minutes is None else 60 * run.settings.minutes
        self._began = monotonic()

    def resume(self) -> None:
        """Restore the state from the checkpoint, if there is one."""
        if self._checkpoint is None:
            return
        Randomness(self.run.settings.seed, self.run.hardware.device).set(Randomness.BATCH, 0)
        first = self.run.chunks_of(0)
        identity = resumption.identity_of(first if self._data is None else [first, self._data])
        self._identity = self.run.hardware.of_the_first(identity)
        self._began = monotonic() - resumption.resume(self.run, self._checkpoint, identity=self._identity)
        self._saved_at = self._position()
        self._resumed_state = self.run.state

    def complete(self) -> History:
        """Train to the end."""
        with Interruption(active=self._checkpoint is not None) as interruption:
            try:
                reason = self._train(interruption)
            except KeyboardInterrupt:
                if not interruption.torn and self._checkpoint is not None:
                    self.run.weights.restore_buffers(self.run.last_good)
                    self._save()
                raise
            if self.run.health.healthy:
                self._save()
            if interruption.pending is not None:
                interruption.deliver()
        if self.run.health.healthy == 0:
            raise TrainingError(_never_finite(self.run))
        if self._evaluate is not None and self.run.early.snapshot is None:
            raise TrainingError(
                f"none of the {len(self.run.record.evaluations)} evaluations gave a finite number, so there are no "
                "best weights: check the validation data for missing or infinite values"
            )
        self.run.settle()
        return self._history(reason)

    def _train(self, interruption: Interruption) -> Reason:
        run, settings = self.run, self.run.settings
        while True:
            seconds = monotonic() - self._began
            reason = self._agreed(self._reason(seconds))
            if self._evaluate is not None and self._evaluation_due(reason):
                run.evaluate(self._judge)
                # The evaluation may have used up the time.
                seconds = monotonic() - self._began
                reason = reason or self._agreed(self._reason(seconds))
            if reason is None and run.early.exhausted:
                reason = "patience"
            if reason is not None:
                return reason
            if interruption.pending is not None:
                self._save()
                interruption.deliver()
            if run.steps % settings.checkpoint_every == 0 and run.steps:
                self._save()
            self._step(self._agreed(self._fraction(seconds)))
            if self.board is not None or self._on_progress is not None:
                self._report()

    def _agreed(self, value: _Value) -> _Value:
        """Return what the first process found by its clock, in all that train together."""
        if self._budget is None:
            return value
        agreed: _Value = self.run.hardware.of_the_first(value)
        return agreed

    def _step(self, fraction: float) -> None:
        try:
            self.run.step(fraction)
        except Exception as error:
            if self._resumed_state is None or self.run.state is not self._resumed_state:
                raise
            # If the step succeeds without the state from the checkpoint, that state was to blame.
            self.run.state = None
            self.run.step(fraction)
            assert self._checkpoint is not None
            raise resumption.unfit(self._checkpoint, error) from error

    def _judge(self, network: nn.Module) -> float:
        assert self._evaluate is not None
        value = self._evaluate(network)
        if self.board is not None:
            self.board.evaluation(self.run.steps, value)
            if self._illustrate is not None:
                self._illustrate(network, self.board, self.run.steps)
        return value

    def _reason(self, seconds: float) -> Reason | None:
        run, settings = self.run, self.run.settings
        if run.health.in_a_row >= settings.max_nonfinite:
            run.fall_back()
            return "non-finite"
        if run.steps >= settings.steps:
            return "finished"
        if self._budget is not None and seconds >= self._budget and run.steps:
            return "time"
        return None

    def _evaluation_due(self, reason: Reason | None) -> bool:
        run = self.run
        if run.steps == 0 or run.health.healthy == 0 or run.record.evaluated_at() == run.steps:
            return False
        return reason is not None or run.steps % run.settings.evaluate_every == 0

    def _fraction(self, seconds: float) -> float:
        done = self.run.steps / self.run.settings.steps
        if self._budget is not None:
            done = min(max(done, seconds / self._budget), 1.0)
        return done

    def _report(self) -> None:
        run, record = self.run, self.run.record
        norm, rate = record.gradient_norms[-1], record.learning_rates[-1]
        if self.board is not None:
            self.board.step(run.steps, record.losses[-1], norm, rate)
        if self._on_progress is not None:
            seconds = monotonic() - self._began
            fraction = self._fraction(seconds)
            evaluation = record.evaluations[-1][1] if record.evaluations else None
            left = seconds * (1 - fraction) / fraction
            loss, steps = record.smoothed_loss, run.settings.steps
            self._on_progress(Progress(run.steps, steps, loss, norm, rate, evaluation, seconds, left, fraction))

    def _save(self) -> None:
        if self._checkpoint is not None and processes.rank() == 0 and self._saved_at != self._position():
            seconds = monotonic() - self._began
            resumption.save(self.run, self._checkpoint, seconds=seconds, identity=self._identity)
            self._saved_at = self._position()

    def _position(self) -> tuple[int, int]:
        return self.run.steps, len(self.run.record.evaluations)

    def _history(self, reason: Reason) -> History:
        run, record, early = self.run, self.run.record, self.run.early
        return History(
            losses=np.array(record.losses, dtype=np.float64),
            gradient_norms=np.array(record.gradient_norms, dtype=np.float64),
            learning_rates=np.array(record.learning_rates, dtype=np.float64),
            evaluations=tuple(record.evaluations),
            best=early.best if early.best_step is not None else None,
            best_step=early.best_step,
            skipped=run.health.skipped,
            seconds=self._agreed(monotonic() - self._began),
            reason=reason,
            stopped=_sentence(reason, run),
        )


def _sentence(reason: Reason, run: Run) -> str:
    settings, early = run.settings, run.early
    if reason == "finished":
        return f"finished: all {settings.steps} steps are done"
    if reason == "time":
        return f"time: the budget was used up after {run.steps:,} steps"
    if reason == "patience":
        return (
            f"patience: {early.waited} evaluations in a row were no better than the best one, {early.best:.6g} after "
            f"{early.best_step} steps, whose weights were kept"
        )
    kept = "the best weights by evaluation" if early.snapshot is not None else "the last weights with a finite loss"
    return (
        f"non-finite: the loss or gradient was not finite for {run.health.in_a_row} steps in a row, up to step "
        f"{run.steps}; {kept} were kept. A smaller learning rate or clip_norm may help"
    )


def _never_finite(run: Run) -> str:
    last = f"the last loss was {run.record.losses[-1]}, the last gradient norm {run.record.gradient_norms[-1]}"
    return (
        f"the loss or gradient was not finite in any of the {run.steps} steps ({last}): check the data for infinite or "
        "very large values and the loss for divisions by zero, or lower the learning rate; no weights were changed"
    )
