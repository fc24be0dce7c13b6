"""The complete state of a training run, and one step of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from foretell.training.averaging import MovingAverage
from foretell.training.early_stopping import EarlyStopping
from foretell.training.gradient_health import GradientHealth
from foretell.training.hardware import Hardware
from foretell.training.history import Record
from foretell.training.optimiser import Optimiser
from foretell.training.randomness import Randomness
from foretell.training.schedule import rate_factor
from foretell.training.settings import TrainingSettings
from foretell.training.truncation import State, detach, stretches
from foretell.training.weights import Weights

Loss = Callable[[nn.Module, Any, Any], tuple[Tensor, Any]]


class Run:
    """The state of a training run; only `step` and `evaluate` change it while the network trains.

    An exception in the caller's `batches`, `loss` or `evaluate` leaves the state unchanged.
    """

    def __init__(
        self,
        network: nn.Module,
        batches: Callable[[int], Any],
        loss: Loss,
        settings: TrainingSettings,
        hardware: Hardware,
        *,
        carry: bool,
    ) -> None:
        hardware.set_up(network)
        self.network = network
        self.settings = settings
        self.carry = carry
        """True if the hidden state is carried over from batch to batch."""
        self.hardware = hardware
        self.weights = Weights(network)
        self.optimiser = Optimiser(self.weights.vector, self.weights.gradient, settings)
        self.health = GradientHealth(settings.clip_norm)
        self.early = EarlyStopping(settings.patience, settings.rise)
        self.average = MovingAverage(self.weights.vector, settings.average) if settings.average is not None else None
        self.record = Record()
        self.last_good = self.weights.snapshot()
        """The latest weights with a finite loss, and the buffers after it."""
        self.steps = 0
        self.batch = 0
        """Number of the batch from which the next step takes its chunk."""
        self.chunk = 0
        """Number of that chunk within the batch."""
        self.state: State = None
        """The hidden state that the next chunk starts from."""
        self._batches = batches
        self._loss = loss
        self._chunks: list[Any] = []
        self._randomness = Randomness(settings.seed, hardware.device)

    def step(self, progress: float) -> None:
        """Train on the next chunk; `progress` in [0, 1] is the completed fraction of the run."""
        chunk = self.chunks()[self.chunk]
        self._randomness.set(Randomness.STEP, self.steps)
        placed = self.hardware.place(chunk)
        with self.hardware.autocast():
            loss, state = self._loss(self.network, placed, self.state)
        gradient = self.weights.differentiate(loss)
        loss = self.hardware.combined(loss, gradient, placed)
        loss_value, norm, healthy = self.health.check(loss, gradient)
        rate = self.settings.learning_rate * rate_factor(
            self.settings.schedule, progress, warm_up=self.settings.warm_up
        )
        if healthy:
            self.weights.overwrite(self.last_good)
            self.optimiser.step(rate)
            self.weights.publish()
            if self.average is not None:
                self.average.update(self.weights.vector)
        else:
            self.weights.restore_buffers(self.last_good)
        self._advance(detach(state) if healthy else None)
        self.steps += 1
        self.record.add(loss_value, norm, rate)

    def chunks(self) -> list[Any]:
        """Return the chunks of the batch from which the next step takes one."""
        if not self._chunks:
            self._randomness.set(Randomness.BATCH, self.batch)
            self._chunks = self.chunks_of(self.batch)
        return self._chunks

    def chunks_of(self, batch: int) -> list[Any]:
        """Return the chunks of a batch, one per update."""
        return stretches(self._batches(batch), self.settings.truncate)

    def _advance(self, state: State) -> None:
        self.chunk += 1
        self.state = state
        if self.chunk >= len(self._chunks):
            self.batch += 1
            self.chunk = 0
            self._chunks = []
            if not self.carry:
                self.state = None

    def result(self) -> Tensor:
        """Return the weights `(P,)` to evaluate: the average if there is one, else the current ones."""
        return self.weights.vector if self.average is None else self.average.vector

    def evaluate(self, evaluate: Callable[[nn.Module], float]) -> float:
        """Evaluate the result so far, keep it if it is the best, and return the value."""
        self._randomness.set(Randomness.EVALUATION, self.steps)
        result = self.result()
        self.network.eval()
        try:
            with self.weights.showing(result), torch.no_grad(), self.hardware.autocast():
                value = float(self.hardware.of_the_first(evaluate(self.network)))
        finally:
            self.network.train()
        self.record.evaluations.append((self.steps, value))
        self.early.record(self.steps, value, self.weights, result)
        return value

    def fall_back(self) -> None:
        """Restore the last good weights."""
        self.weights.restore(self.last_good)
        if self.average is not None and not bool(torch.isfinite(self.average.vector).all()):
            self.average.vector.copy_(self.last_good.vector)

    def settle(self) -> None:
        """Give the network its final weights: the best by evaluation, otherwise the result so far."""
        if self.early.snapshot is not None:
            self.weights.restore(self.early.snapshot)
        elif self.average is not None:
            self.weights.vector.copy_(self.average.vector)
            self.weights.publish()
