"""`foretell audio train`"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from foretell.audio.settings import AudioSettings
from foretell.cli.audio.options import AudioNetworkOptions, AudioTrainingOptions, SoundOptions
from foretell.cli.options import TalkOptions
from foretell.cli.progress import training_shown
from foretell.cli.show import show_files, show_training, training_document
from foretell.cli.talk import Talk
from foretell.cli.training import resumable, trained_for, training_destinations
from foretell.errors import SettingsError
from foretell.training.settings import NO_BOUND

if TYPE_CHECKING:
    from foretell.training.history import Progress


def train(
    sounds: SoundOptions,
    network: AudioNetworkOptions,
    training: AudioTrainingOptions,
    *,
    out: Annotated[
        Path, Option("--out", "-o", metavar="MODEL", help="Keep the model in this folder.", rich_help_panel="Output")
    ],
    words: TalkOptions,
) -> None:
    """Train a WaveNet on a folder of sounds and keep the model.

    Ctrl-C leaves a checkpoint beside it, from which the same command goes on.
    """
    talk = Talk(words)
    to, checkpoint = training_destinations("audio", out, training, words)
    settings, validation = _settings(sounds, network, training)

    from foretell.audio.data import read_data
    from foretell.audio.fit import AudioFit
    from foretell.audio.model import AudioModel

    data = read_data(sounds.folder, settings, speakers_from=_value(sounds.speakers_from), validation=validation)
    fit = AudioFit(data, settings)
    if training.epochs is not None:
        steps = _steps(training.epochs, fit.steps_an_epoch)
        fit = AudioFit(data, replace(settings, training=replace(settings.training, steps=steps)))
    findings = [*data.sentences(), *fit.sentences()]
    talk.heading(f"What was found in {sounds.folder}")
    talk.listing(findings)

    def speed(progress: Progress) -> str:
        a_second = progress.step * fit.samples_a_step / progress.seconds
        return f", {a_second:,.0f} samples a second, {a_second / data.rate:.2f} times real time"

    with resumable(talk, checkpoint) as display:
        model = AudioModel.of_fit(
            fit,
            data,
            device=training.device,
            checkpoint=checkpoint / "fit",
            tensorboard=training.tensorboard,
            on_progress=training_shown(
                display, "bits a sample", bounded=training.minutes is None, scale=1 / math.log(2), speed=speed
            ),
        )
    model.save(out)
    to.drop_checkpoint()
    show_training(talk, model.history)
    if model.validation_bits is not None:
        talk.listing([f"{model.validation_bits:.3f} bits a sample for the validation sounds."])
    show_files(talk, {"model": str(out)})
    talk.document(
        {
            "findings": findings,
            "training": training_document(model.history),
            "validation_bits": model.validation_bits,
            "speakers": list(model.speakers),
            "model": model.facts(),
            "files": {"model": str(out)},
        }
    )


def _steps(epochs: float, steps_an_epoch: int) -> int:
    steps = epochs * steps_an_epoch
    if not 0 < steps <= NO_BOUND:
        raise SettingsError(f"--epochs {epochs:g}: that is more than {NO_BOUND:,} steps; give fewer")
    return max(1, math.ceil(steps))


def _settings(
    sounds: SoundOptions, network: AudioNetworkOptions, training: AudioTrainingOptions
) -> tuple[AudioSettings, Path | None]:
    """The settings, and the folder of validation sounds if there is one."""
    trained = trained_for(AudioSettings().training, training)
    if training.epochs is not None and not 0 < training.epochs < math.inf:
        raise SettingsError(f"--epochs {training.epochs:g}: it must be above 0")
    defaults = AudioSettings()
    share, folder = _validation(sounds.validation)
    return AudioSettings(
        sample_rate=sounds.rate,
        trim=sounds.trim or None,
        skip_silent=sounds.skip_silent,
        head=network.head.value,
        layers=network.layers,
        cycles=network.cycles,
        residual=network.residual,
        skip=network.skip,
        kernel_size=network.kernel_size,
        batch=training.batch,
        chunk=training.chunk,
        piece=max(defaults.piece, training.chunk),
        validation=defaults.validation if share is None else share,
        training=trained,
    ), folder


def _validation(asked: str) -> tuple[float | None, Path | None]:
    try:
        return float(asked), None
    except ValueError:
        return None, Path(asked)


def _value(choice: Any) -> Any:
    return None if choice is None else choice.value
