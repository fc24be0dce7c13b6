"""`foretell text train`"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from foretell import __version__
from foretell.cli.options import TalkOptions
from foretell.cli.progress import training_shown
from foretell.cli.show import show_files, training_document, training_sentences
from foretell.cli.talk import Talk
from foretell.cli.text.options import LanguageNetworkOptions, LanguageTrainingOptions, ReadingOptions
from foretell.cli.training import resumable, trained_for, training_destinations
from foretell.cli.training_options import NewModel
from foretell.errors import SettingsError
from foretell.text.language.settings import LanguageSettings

if TYPE_CHECKING:
    from foretell.text.language.model import LanguageModel


def train(
    file: Annotated[str, Argument(metavar="FILE", help="A text, gzipped or not; - is standard input.")],
    *,
    out: NewModel,
    reading: ReadingOptions,
    network: LanguageNetworkOptions,
    training: LanguageTrainingOptions,
    words: TalkOptions,
) -> None:
    """Learn how a text goes on, character by character.

    Its end is held out to judge by, and the weights are kept that foresee it best.
    """
    talk = Talk(words)
    to, checkpoint = training_destinations("text", out, training, words)
    settings = _settings(network, training)
    if not 0 <= reading.hold_out < 1:
        raise SettingsError(f"--hold-out {reading.hold_out:g}: give a share from 0 to below 1, such as 0.05")

    from foretell.text.language.model import LanguageModel
    from foretell.text.language.reading import hold_out, read_text

    text, held = hold_out(read_text(file, reading.encoding), reading.hold_out)
    model = LanguageModel(settings)
    with resumable(talk, checkpoint) as display:
        model.train(
            text,
            held,
            device=training.device,
            checkpoint=checkpoint / "fit",
            tensorboard=training.tensorboard,
            on_progress=training_shown(display, "bits a character", bounded=training.minutes is None),
        )
    model.save(out)
    to.drop_checkpoint()
    _report(talk, model, len(text), len(held), out)


def _settings(network: LanguageNetworkOptions, training: LanguageTrainingOptions) -> LanguageSettings:
    defaults = LanguageSettings()
    return replace(
        defaults,
        cell=network.cell.value,
        hidden=network.hidden,
        layers=network.layers,
        dropout=network.dropout,
        recurrent_dropout=network.recurrent_dropout,
        streams=network.streams,
        chunk=network.chunk,
        training=trained_for(defaults.training, training),
    )


def _report(talk: Talk, model: LanguageModel, learned: int, held: int, out: Path) -> None:
    history, score = model.history, model.validation
    assert history is not None
    rate = model.read / history.seconds
    talk.heading("The text")
    end = (
        f", {held:,} at its end were held out to judge by" if held else "; it is too short to hold out some to judge by"
    )
    talk.listing([f"{learned:,} characters to learn from, {len(model.characters.symbols):,} different ones{end}."])
    talk.heading("Training")
    make = f"{model.settings.cell} of {model.parameters:,} parameters"
    talk.listing([f"{make}, which read {model.read:,} characters: {rate:,.0f} a second.", *training_sentences(history)])
    if score is not None:
        talk.heading("How well the next character is foreseen, given all before it")
        talk.table(
            ["", "bits a character", "accuracy", "characters", "unknown"],
            [["validation", score.bits, score.accuracy, score.characters, score.unknown]],
        )
    show_files(talk, {"model": str(out)})
    talk.document(
        {
            "foretell": __version__,
            **model.facts(),
            "text": {"learned_from": learned, "held_out": held},
            "training": {**training_document(history), "characters": model.read, "characters_a_second": rate},
            "scores": {}
            if score is None
            else {
                "validation": {
                    "bits": score.bits,
                    "accuracy": score.accuracy,
                    "characters": score.characters,
                    "unknown": score.unknown,
                }
            },
            "files": {"model": str(out)},
        }
    )
