"""The course of a run in TensorBoard: scalars, and sounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from foretell.errors import MissingExtraError, SettingsError, TrainingError


class TensorBoard:
    """Writes loss, gradient norm, learning rate and evaluation into `folder`.

    Raises `MissingExtraError` without TensorBoard, `SettingsError` for a folder that cannot be made or written to; what
    cannot be written later on, as on a full disk, is a `TrainingError`.

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
        self._folder = folder
        try:
            self._writer: Any = make(log_dir=str(folder), purge_step=step if step else None)
        except OSError as error:
            raise SettingsError(
                f"tensorboard={str(folder)!r} cannot be written to ({error.strerror or error}): give a folder that can"
            ) from error

    def step(self, step: int, loss: float, gradient_norm: float, learning_rate: float) -> None:
        """Write what one training step gave."""
        self._guarded(self._writer.add_scalar, "train/loss", loss, step)
        self._guarded(self._writer.add_scalar, "train/gradient_norm", gradient_norm, step)
        self._guarded(self._writer.add_scalar, "train/learning_rate", learning_rate, step)

    def evaluation(self, step: int, value: float) -> None:
        """Write one evaluation."""
        self._guarded(self._writer.add_scalar, "evaluation", value, step)

    def sound(self, step: int, name: str, waveform: Tensor, rate: int) -> None:
        """Write a sound `(N,)` in [-1, 1] of `rate` samples a second."""
        self._guarded(self._writer.add_audio, name, waveform[None], step, sample_rate=rate)

    def close(self) -> None:
        """Write out what is still held back."""
        self._guarded(self._writer.close)

    def _guarded(self, write: Callable[..., None], *arguments: Any, **options: Any) -> None:
        # What a thread of its own could not write, it raises in a later call.
        try:
            write(*arguments, **options)
        except OSError as error:
            raise TrainingError(
                f"the TensorBoard folder {self._folder} cannot be written to ({error.strerror or error}): free some "
                "space or give another folder, and start again"
            ) from error
