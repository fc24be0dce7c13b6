"""`foretell translate train`"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from foretell import __version__
from foretell.cli.options import TalkOptions
from foretell.cli.progress import ProgressDisplay, time_left, training_shown
from foretell.cli.show import show_files, training_document, training_sentences
from foretell.cli.talk import Talk
from foretell.cli.training import resumable, trained_for, training_destinations
from foretell.cli.training_options import NewModel
from foretell.cli.translate.options import PairOptions, TranslatorNetworkOptions, TranslatorTrainingOptions
from foretell.errors import SettingsError
from foretell.text.translation.settings import TranslatorSettings

if TYPE_CHECKING:
    from foretell.text.translation.bleu import Bleu
    from foretell.text.translation.model import Translator
    from foretell.text.translation.pairs import Pairs
    from foretell.training.history import Progress

_LISTED = 5


def train(
    source: Annotated[
        Path,
        Argument(
            metavar="SOURCE",
            help="Sentences, one a line, gzipped or not; or, without TARGET, a table (CSV, TSV, Parquet) with a column "
            "for each language.",
        ),
    ],
    target: Annotated[
        Path | None, Argument(metavar="[TARGET]", help="Their translations: line n is that of line n.")
    ] = None,
    *,
    out: NewModel,
    pairs: PairOptions,
    network: TranslatorNetworkOptions,
    training: TranslatorTrainingOptions,
    words: TalkOptions,
) -> None:
    """Learn to translate from pairs of sentences.

    Without validation files one pair in 20 is held out to judge by, at most 1,000 and if there are a hundred. Ctrl-C
    leaves a checkpoint beside the model, from which the same command goes on.
    """
    talk = Talk(words)
    to, checkpoint = training_destinations("translate", out, training, words)
    settings = _settings(pairs, network, training)

    from foretell.text.translation.model import Translator

    found, judged = _pairs(source, target, pairs)
    held_out = judged is None
    learned, judged = found.with_validation() if judged is None else (found, judged)
    talk.heading("The pairs")
    talk.listing(_sentences(found, judged, held_out=held_out))
    translator = Translator(settings)
    with resumable(talk, checkpoint) as display:
        translator.train(
            learned,
            judged,
            device=training.device,
            checkpoint=checkpoint / "fit",
            tensorboard=training.tensorboard,
            on_progress=_shown_on(display, translator, bounded=training.minutes is None),
        )
    translator.save(out)
    to.drop_checkpoint()
    score = _score(translator, judged, talk) if len(judged) else None
    _report(talk, translator, score)
    show_files(talk, {"model": str(out)})
    talk.document(
        {
            "foretell": __version__,
            **translator.facts(),
            "pairs_too_long": translator.learned.too_long if translator.learned else None,
            "pairs_skipped": len(found.skipped),
            "pairs_held_out": len(judged) if held_out else 0,
            "training": training_document(translator.history) if translator.history else None,
            "validation_bleu": score.score if score else None,
            "bleu_signature": score.signature if score else None,
            "files": {"model": str(out)},
        }
    )


def _settings(
    pairs: PairOptions, network: TranslatorNetworkOptions, training: TranslatorTrainingOptions
) -> TranslatorSettings:
    defaults = TranslatorSettings()
    trained = replace(trained_for(defaults.training, training), learning_rate=training.learning_rate)
    return TranslatorSettings(
        cell=network.cell.value,
        hidden=network.hidden,
        layers=network.layers,
        embedding=network.embedding,
        attention=network.attention.value,
        vocabulary=network.vocabulary,
        longest=pairs.longest,
        dropout=network.dropout,
        label_smoothing=training.label_smoothing,
        batch_size=training.batch,
        epochs=training.epochs,
        training=trained,
    )


def _pairs(source: Path, target: Path | None, options: PairOptions) -> tuple[Pairs, Pairs | None]:
    """Those to learn from, and those to judge by, if any are given."""
    from foretell.text.translation.pairs import read_pairs, read_table_pairs

    columns = (options.source_column, options.target_column)
    judge, reference = options.validation_source, options.validation_target
    if target is not None and any(column is not None for column in columns):
        raise SettingsError("--source-column and --target-column are for one table: leave TARGET out, or them")
    if target is None and reference is not None:
        raise SettingsError("--validation-target goes with a TARGET: of a table, give --validation-source alone")
    if target is None:
        found = read_table_pairs(source, *columns, options.encoding)
        judged = None if judge is None else read_table_pairs(judge, *columns, options.encoding)
        return found, judged
    if (judge is None) != (reference is None):
        raise SettingsError("--validation-source and --validation-target go together: give both, or neither")
    found = read_pairs(source, target, options.encoding)
    if judge is None or reference is None:
        return found, None
    return found, read_pairs(judge, reference, options.encoding)


def _sentences(found: Pairs, judged: Pairs, *, held_out: bool) -> list[str]:
    lines = [f"{len(found):,} pairs of sentences."]
    if found.skipped:
        listed = ", ".join(f"{number:,}" for number in found.skipped[:_LISTED])
        more = " and more" if len(found.skipped) > _LISTED else ""
        lines.append(f"{len(found.skipped):,} are left out, since a side is empty: line {listed}{more}.")
    if not len(judged):
        lines.append("There are fewer than 100: none is held out to judge the training by.")
    elif held_out:
        lines.append(f"{len(judged):,} of them, spread evenly, are held out to judge the training by.")
    else:
        lines.append(f"{len(judged):,} more judge the training.")
    return lines


def _shown_on(display: ProgressDisplay, translator: Translator, *, bounded: bool) -> Callable[[Progress], None]:
    """Shows training in nats a token, and tokens a second."""
    began: list[tuple[int, float]] = []

    def speed(progress: Progress) -> str:
        steps, seconds = progress.step - began[0][0], progress.seconds - began[0][1]
        if steps <= 1 or seconds <= 0:
            return ""
        return f", {(steps - 1) * translator.tokens_a_step / seconds:,.0f} tokens a second"

    show = training_shown(display, "nats a token", bounded=bounded, speed=speed)

    def told(progress: Progress) -> None:
        # From the first step seen here on: a training that goes on from a checkpoint had steps before.
        began[:] = began or [(progress.step - 1, progress.seconds)]
        show(progress)

    return told


def _score(translator: Translator, judged: Pairs, talk: Talk) -> Bleu:
    from time import monotonic

    began = monotonic()
    with ProgressDisplay(talk.aside) as display:
        return translator.evaluate(
            judged,
            on_progress=lambda done: display.show(
                "Translating what was held out", done, lambda: time_left(done, monotonic() - began)
            ),
        )


def _report(talk: Talk, translator: Translator, score: Bleu | None) -> None:
    assert translator.history is not None
    assert translator.learned is not None
    facts, learned = translator.facts(), translator.learned
    lines = [
        f"{facts['cell'].upper()} of {translator.parameters:,} parameters, for {facts['source_tokens']:,} and "
        f"{facts['target_tokens']:,} tokens, trained on {learned.pairs:,} pairs."
    ]
    if learned.too_long:
        were = "pair was" if learned.too_long == 1 else "pairs were"
        lines.append(
            f"{learned.too_long:,} {were} left out, with more than {translator.settings.longest} tokens on a side."
        )
    talk.heading("Training")
    talk.listing([*lines, *training_sentences(translator.history)])
    if score is not None:
        talk.listing([f"BLEU {score.score:.1f} on the {score.sentences:,} validation pairs ({score.signature})."])
