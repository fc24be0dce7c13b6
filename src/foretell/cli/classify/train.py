"""`foretell classify train`"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from foretell import __version__
from foretell.cli.classify.options import ClassifierNetworkOptions, ClassifierTableOptions, ClassifierTrainingOptions
from foretell.cli.classify.report import score_document, show_score
from foretell.cli.destinations import Destinations, checkpoint_beside
from foretell.cli.options import TalkOptions
from foretell.cli.progress import ProgressDisplay, left_or_taken
from foretell.cli.show import show_files, training_document, training_sentences
from foretell.cli.talk import Talk
from foretell.cli.training import require_one_length, resumable
from foretell.errors import SettingsError
from foretell.text.classification.settings import ClassifierSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from foretell.text.classification.model import TextClassifier
    from foretell.text.classification.table import LabelledTexts
    from foretell.training.history import Progress

_MANY_UNKNOWN = 0.25


def train(
    table: Annotated[
        str,
        Argument(metavar="TABLE", help="A CSV, TSV or Parquet file, gzipped or not; - is standard input."),
    ],
    *,
    columns: ClassifierTableOptions,
    out: Annotated[Path, Option("--out", "-o", metavar="FOLDER", help="Where the model goes.")],
    network: ClassifierNetworkOptions,
    training: ClassifierTrainingOptions,
    words: TalkOptions,
) -> None:
    """Learn from texts with their labels, two classes or more.

    A tenth of each class is held out to judge by. Rows without a text or a label are left out, and named.
    """
    talk = Talk(words)
    to = Destinations(
        model=out,
        kind="classify",
        checkpoint=training.checkpoint or checkpoint_beside([out]),
        tensorboard=training.tensorboard,
    )
    assert to.checkpoint is not None
    to.check(json=words.json)
    settings = _settings(columns, network, training)

    from foretell.tables.files import read_table
    from foretell.text.classification.model import TextClassifier
    from foretell.text.classification.table import labelled_texts

    found = labelled_texts(read_table(table, columns.encoding, typed=False), columns.text, columns.label)
    model = TextClassifier(settings)
    with resumable(talk, to.checkpoint) as display:
        model.train(
            found.texts,
            found.labels,
            device=training.device,
            checkpoint=to.checkpoint / "fit",
            tensorboard=training.tensorboard,
            on_progress=_shown_on(display, bounded=training.minutes is None),
        )
    model.column = columns.text
    model.save(out)
    to.drop_checkpoint()
    _report(talk, model, found, out)


def _settings(
    columns: ClassifierTableOptions, network: ClassifierNetworkOptions, training: ClassifierTrainingOptions
) -> ClassifierSettings:
    require_one_length(epochs=training.epochs, steps=training.steps, minutes=training.minutes)
    if not 0 <= columns.hold_out <= 0.5:
        raise SettingsError(f"--hold-out {columns.hold_out:g}: give a share from 0 to 0.5, such as 0.1")
    defaults = ClassifierSettings()
    trained = replace(defaults.training, seed=training.seed, minutes=training.minutes)
    if training.steps is not None:
        trained = replace(trained, steps=training.steps)
    return replace(
        defaults,
        units=network.units.value,
        vocabulary=network.vocabulary,
        counted=network.counted,
        cell=network.cell.value,
        hidden=network.hidden,
        layers=network.layers,
        members=network.members,
        output_dropout=network.dropout,
        word_dropout=network.word_dropout,
        validation=columns.hold_out,
        epochs=training.epochs,
        training=trained,
    )


def _shown_on(display: ProgressDisplay, *, bounded: bool) -> Callable[[Progress], None]:
    """Shows training in nats a text; without a number of steps where the clock decides."""

    def show(progress: Progress) -> None:
        def words() -> str:
            of = f" of {progress.steps:,}" if bounded else ""
            judged = f", validation {progress.evaluation:.3f}" if progress.evaluation is not None else ""
            return f"step {progress.step:,}{of}, {progress.loss:.3f} nats a text{judged}, {left_or_taken(progress)}"

        display.show("Training", progress.fraction, words)

    return show


def _report(talk: Talk, model: TextClassifier, found: LabelledTexts, out: Path) -> None:
    history, learned, score = model.history, model.learned, model.validation
    assert history is not None
    assert learned is not None
    talk.heading("The texts")
    talk.listing(_texts(model, found))
    talk.heading("Training")
    settings = model.settings
    networks = f"{settings.members} networks" if settings.members > 1 else "A network"
    make = f"{networks} ({settings.cell}) of {model.parameters:,} parameters in all"
    counted = f"; naive Bayes counts {model.features:,} words, pairs and runs of subwords" if settings.counted else ""
    rate = history.steps * min(settings.batch_size, learned.texts) / history.seconds
    talk.listing([f"{make}{counted}.", *training_sentences(history), f"{rate:,.0f} texts a second."])
    if score is not None:
        talk.heading(f"How well the {score.texts:,} texts held out were sorted")
        show_score(talk, model.classes, score)
    show_files(talk, {"model": str(out)})
    document: dict[str, Any] = {
        "foretell": __version__,
        **model.facts(),
        "classes": list(model.classes),
        "texts": {
            "learned_from": learned.texts,
            "held_out": learned.judged,
            "cut": learned.cut,
            "unknown": learned.unknown,
            "left_out": list(found.left_out),
        },
        "training": {**training_document(history), "texts_a_second": rate},
        "validation": None if score is None else score_document(model.classes, score),
        "files": {"model": str(out)},
    }
    talk.document(document)


def _texts(model: TextClassifier, found: LabelledTexts) -> list[str]:
    """What is worth saying of them."""
    learned, settings = model.learned, model.settings
    assert learned is not None
    held = f", {learned.judged:,} held out to judge by" if learned.judged else "; none were held out to judge by"
    lines = [f"{learned.texts:,} to learn from{held}; {len(model.classes):,} classes.", *found.left_out]
    if learned.cut:
        lines.append(
            f"{learned.cut:,} have more than {settings.longest:,} {settings.units}: of those the network reads the "
            "beginning and the end, half of them each."
        )
    if learned.unknown is not None and settings.units == "words" and learned.unknown > _MANY_UNKNOWN:
        lines.append(
            f"{100 * learned.unknown:.0f} % of the words held out are unknown: --units subwords may do better."
        )
    return lines
