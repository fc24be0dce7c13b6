"""Logging of a run to TensorBoard: scalars and audio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from foretell.errors import MissingExtraError, SettingsError, TrainingError


class TensorBoard:
    """A writer of loss, gradient norm, learning rate and evaluation to `folder`.

    Raises `MissingExtraError` if TensorBoard is not installed and `SettingsError` for a folder that cannot be created
    or written to. A later failure to write, for example on a full disk, raises `TrainingError`.

    Points that an interrupted run wrote after `step` are hidden, so that a resumed run draws a single line.
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
                f"tensorboard={str(folder)!r} cannot be written to ({error.strerror or error}): choose another folder"
            ) from error

    def step(self, step: int, loss: float, gradient_norm: float, learning_rate: float) -> None:
        """Write the loss, gradient norm and learning rate of one training step."""
        self._guarded(self._writer.add_scalar, "train/loss", loss, step)
        self._guarded(self._writer.add_scalar, "train/gradient_norm", gradient_norm, step)
        self._guarded(self._writer.add_scalar, "train/learning_rate", learning_rate, step)

    def evaluation(self, step: int, value: float) -> None:
        """Write one evaluation."""
        self._guarded(self._writer.add_scalar, "evaluation", value, step)

    def sound(self, step: int, name: str, waveform: Tensor, rate: int) -> None:
        """Write audio `(N,)` in [-1, 1] with `rate` samples per second."""
        self._guarded(self._writer.add_audio, name, waveform[None], step, sample_rate=rate)

    def close(self) -> None:
        """Write out what is still buffered, and close the writer."""
        self._guarded(self._writer.close)

    def _guarded(self, write: Callable[..., None], *arguments: Any, **options: Any) -> None:
        # TensorBoard writes in a thread, whose errors are raised by a later call.
        try:
            write(*arguments, **options)
        except OSError as error:
            raise TrainingError(
                f"the TensorBoard folder {self._folder} cannot be written to ({error.strerror or error}): free some "
                "space or choose another folder, and start again"
            ) from error
