"""`foretell classify train`"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument

from foretell import __version__
from foretell.cli.classify.options import ClassifierNetworkOptions, ClassifierTableOptions, ClassifierTrainingOptions
from foretell.cli.classify.report import score_document, show_score
from foretell.cli.options import TalkOptions
from foretell.cli.progress import training_shown
from foretell.cli.show import show_files, training_document, training_sentences
from foretell.cli.talk import Talk
from foretell.cli.training import resumable, trained_for, training_destinations
from foretell.cli.training_options import NewModel
from foretell.errors import SettingsError
from foretell.text.classification.settings import ClassifierSettings

if TYPE_CHECKING:
    from foretell.text.classification.model import TextClassifier
    from foretell.text.classification.table import LabelledTexts

_MANY_UNKNOWN = 0.25


def train(
    table: Annotated[
        str,
        Argument(metavar="TABLE", help="A CSV, TSV or Parquet file, gzipped or not; - is standard input."),
    ],
    *,
    columns: ClassifierTableOptions,
    out: NewModel,
    network: ClassifierNetworkOptions,
    training: ClassifierTrainingOptions,
    words: TalkOptions,
) -> None:
    """Learn from texts with their labels, two classes or more.

    A tenth of each class is held out to judge by. Rows without a text or a label are left out, and named.
    """
    talk = Talk(words)
    to, checkpoint = training_destinations("classify", out, training, words)
    settings = _settings(columns, network, training)

    from foretell.tables.files import read_table
    from foretell.text.classification.model import TextClassifier
    from foretell.text.classification.table import labelled_texts

    found = labelled_texts(read_table(table, columns.encoding, typed=False), columns.text, columns.label)
    model = TextClassifier(settings)
    with resumable(talk, checkpoint) as display:
        model.train(
            found.texts,
            found.labels,
            device=training.device,
            checkpoint=checkpoint / "fit",
            tensorboard=training.tensorboard,
            on_progress=training_shown(display, "nats a text", bounded=training.minutes is None),
        )
    model.column = columns.text
    model.save(out)
    to.drop_checkpoint()
    _report(talk, model, found, out)


def _settings(
    columns: ClassifierTableOptions, network: ClassifierNetworkOptions, training: ClassifierTrainingOptions
) -> ClassifierSettings:
    if not 0 <= columns.hold_out <= 0.5:
        raise SettingsError(f"--hold-out {columns.hold_out:g}: give a share from 0 to 0.5, such as 0.1")
    defaults = ClassifierSettings()
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
        training=trained_for(defaults.training, training),
    )


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
