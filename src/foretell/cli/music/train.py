"""`foretell music train`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument

from foretell import __version__
from foretell.cli.music.options import MusicNetworkOptions, MusicTrainingOptions
from foretell.cli.options import TalkOptions
from foretell.cli.progress import training_shown
from foretell.cli.show import show_files, training_document, training_sentences
from foretell.cli.talk import Talk
from foretell.cli.training import resumable, trained_for, training_destinations
from foretell.cli.training_options import NewModel
from foretell.music.settings import MusicSettings

if TYPE_CHECKING:
    from foretell.music.chorales import Chorales
    from foretell.music.model import MusicModel
    from foretell.music.task import Score


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
    out: NewModel,
    network: MusicNetworkOptions,
    training: MusicTrainingOptions,
    words: TalkOptions,
) -> None:
    """Learn to compose from chorales in four voices.

    Without a valid folder every tenth chorale is held out to judge by, if there are ten.
    """
    talk = Talk(words)
    to, checkpoint = training_destinations("music", out, training, words)
    settings = _settings(network, training)

    from foretell.music.chorales import read_chorales
    from foretell.music.model import MusicModel

    found = read_chorales(chorales)
    parts = found.with_validation()
    model = MusicModel(settings)
    with resumable(talk, checkpoint) as display:
        model.train(
            parts.train,
            parts.valid,
            device=training.device,
            checkpoint=checkpoint / "fit",
            tensorboard=training.tensorboard,
            on_progress=training_shown(display, "nats a note", bounded=training.minutes is None),
        )
    model.save(out)
    to.drop_checkpoint()
    test = model.evaluate(parts.test) if parts.test else None
    _report(talk, model, parts, test, out, held_out=not found.valid)


def _settings(network: MusicNetworkOptions, training: MusicTrainingOptions) -> MusicSettings:
    return MusicSettings(
        body=network.body.value,
        hidden=network.hidden,
        layers=network.layers,
        dropout=network.dropout,
        semitones=network.semitones,
        training=trained_for(MusicSettings().training, training),
    )


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
