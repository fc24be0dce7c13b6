"""The course of a run in TensorBoard: scalars, and sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from foretell.errors import MissingExtraError


class TensorBoard:
    """Writes loss, gradient norm, learning rate and evaluation into `folder`.

    Raises `MissingExtraError` without TensorBoard.

    What an interrupted run wrote after `step` is hidden, so that a resumed run draws one line.
    """

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtraError(
                f"tensorboard={str(folder)!r} needs the package tensorboard: pip install 'foretell[tensorboard]'"
            ) from error
        make: Any = SummaryWriter
        self._writer: Any = make(log_dir=str(folder), purge_step=step if step else None)

    def step(self, step: int, loss: float, gradient_norm: float, learning_rate: float) -> None:
        """Write what one training step gave."""
        self._writer.add_scalar("train/loss", loss, step)
        self._writer.add_scalar("train/gradient_norm", gradient_norm, step)
        self._writer.add_scalar("train/learning_rate", learning_rate, step)

    def evaluation(self, step: int, value: float) -> None:
        """Write one evaluation."""
        self._writer.add_scalar("evaluation", value, step)

    def sound(self, step: int, name: str, waveform: Tensor, rate: int) -> None:
        """Write a sound `(N,)` in [-1, 1] of `rate` samples a second."""
        self._writer.add_audio(name, waveform[None], step, sample_rate=rate)

    def close(self) -> None:
        """Write out what is still held back."""
        self._writer.close()
