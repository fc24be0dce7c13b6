"""Training with its progress shown and its checkpoint kept: what the commands that train share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from foretell.cli.destinations import Destinations, checkpoints_in
from foretell.cli.exit_status import Interrupted
from foretell.cli.options import MessageOptions, NewModelOptions
from foretell.cli.printer import Printer
from foretell.cli.progress import ProgressDisplay
from foretell.errors import SettingsError
from foretell.model.settings import ModelSettings
from foretell.training.settings import NO_BOUND

if TYPE_CHECKING:
    from foretell.forecasting.forecaster import Forecaster
    from foretell.forecasting.tables.reading import Reading

S = TypeVar("S", bound=ModelSettings)


def without_bound(settings: S) -> S:
    """The settings, with steps without end where the clock decides."""
    training = settings.training
    return settings if training.minutes is None else replace(settings, training=replace(training, steps=NO_BOUND))


def judged_by(settings: ModelSettings, validation: tuple[str, ...]) -> tuple[ModelSettings, tuple[str, ...]]:
    """Return the settings with the held-out share, and the places of other validation data; one of the two."""
    if len(validation) == 1:
        try:
            return replace(settings, validation=float(validation[0])), ()
        except ValueError as error:
            if isinstance(error, SettingsError):
                raise
    return settings, validation


def training_destinations(kind: str, asked: NewModelOptions, messages: MessageOptions) -> tuple[Destinations, Path]:
    """Return the checked destinations of a model of that kind, and the folder of its checkpoint."""
    checkpoint = asked.checkpoint or Path(f"{asked.out}.checkpoint")
    to = Destinations(model=asked.out, kind=kind, checkpoint=checkpoint, tensorboard=asked.tensorboard)
    to.check(json=messages.json)
    return to, checkpoint


def train(
    forecaster: Forecaster, reading: Reading, printer: Printer, *, checkpoint: Path | None, tensorboard: Path | None
) -> None:
    """Fit the forecaster; as `resumable`."""
    with resumable(printer, checkpoint) as display:
        forecaster.fit(reading, checkpoint=checkpoint, tensorboard=tensorboard, on_progress=display)


@contextmanager
def resumable(printer: Printer, checkpoint: Path | None) -> Iterator[ProgressDisplay]:
    """A block that trains. Raises `Interrupted` on Ctrl-C and the like once there is something to go on from."""
    if checkpoint is not None and is_checkpoint(checkpoint):
        printer.note(f"Going on from the checkpoint in {checkpoint}; delete that folder to train from the start.")
    try:
        with ProgressDisplay(printer.aside) as display:
            yield display
    except KeyboardInterrupt as stop:
        if checkpoint is not None and is_checkpoint(checkpoint):
            raise Interrupted(checkpoint, stop) from None
        raise


def is_checkpoint(folder: Path) -> bool:
    """Return whether a checkpoint folder holds something to resume from."""
    from foretell.training import checkpoint

    return any(map(checkpoint.exists, checkpoints_in(folder)))
