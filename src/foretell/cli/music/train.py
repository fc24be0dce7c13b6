"""`foretell music train`"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from foretell import __version__
from foretell.cli.destinations import Destinations, checkpoint_beside
from foretell.cli.music.options import MusicNetworkOptions, MusicTrainingOptions
from foretell.cli.options import TalkOptions
from foretell.cli.progress import ProgressDisplay, left_or_taken
from foretell.cli.show import show_files, training_document, training_sentences
from foretell.cli.talk import Talk
from foretell.cli.training import require_one_length, resumable
from foretell.music.settings import MusicSettings
from foretell.training.settings import NO_BOUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from foretell.music.chorales import Chorales
    from foretell.music.model import MusicModel
    from foretell.music.task import Score
    from foretell.training.history import Progress


def train(
    chorales: Annotated[
        Path,
        Argument(
            metavar="CHORALES",
            help="A folder, or a .tgz or .tar file, of chorales: CSV files with the header note0,note1,note2,note3 and "
            "a row a sixteenth, or MIDI files. In folders named train, valid and test each does its part.",
        ),
    ],
    *,
    out: Annotated[Path, Option("--out", "-o", metavar="FOLDER", help="Where the model goes.")],
    network: MusicNetworkOptions,
    training: MusicTrainingOptions,
    words: TalkOptions,
) -> None:
    """Learn to compose from chorales in four voices.

    Without a valid folder every tenth chorale is held out to judge by, if there are ten.
    """
    talk = Talk(words)
    to = Destinations(
        model=out,
        kind="music",
        checkpoint=training.checkpoint or checkpoint_beside([out]),
        tensorboard=training.tensorboard,
    )
    assert to.checkpoint is not None
    to.check(json=words.json)
    settings = _settings(network, training)

    from foretell.music.chorales import read_chorales
    from foretell.music.model import MusicModel

    found = read_chorales(chorales)
    parts = found.with_validation()
    model = MusicModel(settings)
    with resumable(talk, to.checkpoint) as display:
        model.train(
            parts.train,
            parts.valid,
            device=training.device,
            checkpoint=to.checkpoint / "fit",
            tensorboard=training.tensorboard,
            on_progress=_shown_on(display, bounded=training.minutes is None),
        )
    model.save(out)
    to.drop_checkpoint()
    test = model.evaluate(parts.test) if parts.test else None
    _report(talk, model, parts, test, out, held_out=not found.valid)


def _settings(network: MusicNetworkOptions, training: MusicTrainingOptions) -> MusicSettings:
    require_one_length(steps=training.steps, minutes=training.minutes)
    trained = replace(MusicSettings().training, seed=training.seed)
    if training.steps is not None:
        trained = replace(trained, steps=training.steps)
    if training.minutes is not None:
        trained = replace(trained, minutes=training.minutes, steps=NO_BOUND)
    return MusicSettings(
        body=network.body.value,
        hidden=network.hidden,
        layers=network.layers,
        dropout=network.dropout,
        semitones=network.semitones,
        training=trained,
    )


def _shown_on(display: ProgressDisplay, *, bounded: bool) -> Callable[[Progress], None]:
    """Shows training in nats a note; without a number of steps where the clock decides."""

    def show(progress: Progress) -> None:
        def words() -> str:
            of = f" of {progress.steps:,}" if bounded else ""
            judged = f", validation {progress.evaluation:.3f}" if progress.evaluation is not None else ""
            return f"step {progress.step:,}{of}, {progress.loss:.3f} nats a note{judged}, {left_or_taken(progress)}"

        display.show("Training", progress.fraction, words)

    return show


def _report(talk: Talk, model: MusicModel, parts: Chorales, test: Score | None, out: Path, *, held_out: bool) -> None:
    assert model.history is not None
    talk.heading("The music")
    named = {"train": parts.train, "valid": parts.valid, "test": parts.test}
    counts = ", ".join(f"{len(part):,} to {name}" for name, part in named.items() if part)
    how = "; every tenth was held out to judge by" if held_out and parts.valid else ""
    few = " There are fewer than ten and no valid folder: nothing was held out to judge by." if not parts.valid else ""
    talk.listing([f"Chorales: {counts}{how}.{few}"])
    talk.heading("Training")
    talk.listing([f"{model.settings.body} of {model.parameters:,} parameters.", *training_sentences(model.history)])
    scores = {name: score for name, score in (("validation", model.validation), ("test", test)) if score is not None}
    if scores:
        talk.heading("How well the next note is foreseen, given all before it")
        rows = [[name, score.loss, score.accuracy, score.notes] for name, score in scores.items()]
        talk.table(["", "loss (nats a note)", "accuracy", "notes"], rows)
    show_files(talk, {"model": str(out)})
    document: dict[str, Any] = {
        "foretell": __version__,
        **model.facts(),
        "chorales": {name: len(part) for name, part in named.items()},
        "training": training_document(model.history),
        "scores": {
            name: {"loss": score.loss, "accuracy": score.accuracy, "notes": score.notes}
            for name, score in scores.items()
        },
        "files": {"model": str(out)},
    }
    talk.document(document)
