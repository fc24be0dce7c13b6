"""A translator: training on pairs of sentences, prediction and evaluation on others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from foretell.errors import TextError
from foretell.model import score as model_score
from foretell.model.base import Model, Recipe
from foretell.model.printer import Printer
from foretell.text.translation import decoding, task
from foretell.text.translation.bleu import bleu
from foretell.text.translation.decoding import Translations
from foretell.text.translation.network import TranslationNetwork
from foretell.text.translation.pairs import Pairs
from foretell.text.translation.settings import Search, TranslatorSettings
from foretell.text.translation.task import TrainingTask, Vocabularies


@dataclass(frozen=True)
class Score(model_score.Score):
    """The score of translations against reference translations."""

    labels: ClassVar[dict[str, str]] = {"loss": "nats per token", "bleu": "BLEU", "pairs": "pairs"}
    loss: float | None
    """Nats per token of the person's, each given the source and those before; None where all are too long."""
    bleu: float
    """From 0 to 100, over all sentences together."""
    pairs: int
    signature: str
    """How sacrebleu computed it: its version, tokenisation and case."""

    def numbers(self) -> dict[str, float | int | None]:
        """See `foretell.model.score.Score`."""
        return {"loss": self.loss, "bleu": self.bleu, "pairs": self.pairs}

    def show(self, printer: Printer, what: str) -> None:
        """See `foretell.model.score.Score`."""
        super().show(printer, what)
        printer.listing([f"BLEU as {self.signature}."])

    def document(self) -> dict[str, Any]:
        """See `foretell.model.score.Score`."""
        return {**self.numbers(), "bleu_signature": self.signature}


@dataclass(frozen=True)
class Learned:
    """The learned state of a translator besides its weights."""

    vocabularies: Vocabularies
    pairs: int
    """Pairs that it was trained on."""
    too_long: int
    """Pairs that were left out, since a side has too many tokens."""
    longest: int
    """Tokens of the longest source that it was trained on; a longer text is translated in pieces."""

    def __post_init__(self) -> None:
        if not 1 <= self.longest <= 1000:
            raise ValueError(f"longest is {self.longest}")


class Translator(Model[TranslatorSettings, Learned, TranslationNetwork, Pairs, Score]):
    """Sentences of one language into another's, learned from pairs of them.

    An encoder reads the source both ways; a decoder with attention to it writes the translation (Bahdanau, Cho &
    Bengio, 2015; Luong, Pham & Manning, 2015). Both know subwords, so that every text can be read. Pairs with more than
    `settings.longest` tokens on a side are not learned from.
    """

    kind = "translate"

    @property
    def vocabularies(self) -> Vocabularies:
        """The tokens of both languages. Raises `ModelError` before there are any."""
        return self.learned.vocabularies

    def predict(
        self, texts: Sequence[str], *, on_progress: Callable[[float], None] | None = None, **search: Any
    ) -> list[str]:
        """Return the translation of each text, in order.

        `search`: fields of `Search`: `beam` (hypotheses; 1 always takes the most likely token), `length_penalty` (see
        `foretell.nn.decoding`) and `batch` (texts at once, which only affects the speed). The translation of a text
        without words is empty; a text longer than any in training is translated in pieces. `on_progress` gets the
        fraction that is done. Raises `SettingsError` for invalid numbers, `ModelError` without `train` or `load`.
        """
        return self.translated(texts, on_progress=on_progress, **search).texts

    def translated(
        self, texts: Sequence[str], *, on_progress: Callable[[float], None] | None = None, **search: Any
    ) -> Translations:
        """As `predict`, with the numbers of tokens written and of texts that were split."""
        chosen = Search(**search)
        network, learned = self._trained()
        return decoding.translate(network, learned.vocabularies, texts, chosen, learned.longest, on_progress)

    def evaluate(self, data: Pairs, *, on_progress: Callable[[float], None] | None = None, **search: Any) -> Score:
        """Evaluate translations of `data.sources` against `data.targets`; the arguments are those of `predict`."""
        chosen = Search(**search)
        network, learned = self._trained()
        return self._score(network, learned, data, chosen, on_progress)

    def sentences(self) -> list[str]:
        """See `Model`."""
        facts, learned = self.facts(), self.learned
        lines = [
            f"{facts['cell'].upper()} of {self.parameters:,} trainable parameters, for {facts['source_tokens']:,} and "
            f"{facts['target_tokens']:,} tokens, trained on {learned.pairs:,} pairs."
        ]
        if learned.too_long:
            were = "pair was" if learned.too_long == 1 else "pairs were"
            longest = self.settings.longest
            lines.append(f"{learned.too_long:,} {were} left out, with more than {longest} tokens on a side.")
        return lines

    def _recipe(self, data: Pairs, validation: Pairs | None) -> Recipe[Learned, TranslationNetwork, Score]:
        if not len(data):
            raise TextError("there is no pair of sentences to train on: give at least one")
        settings = self.settings
        vocabularies = Vocabularies.learn(data, settings.vocabulary)
        rows = vocabularies.rows(data, settings.longest)
        chores = TrainingTask(rows, settings)
        learned = Learned(
            vocabularies, len(rows), len(data) - len(rows), max(max(len(source) for source, _ in rows), 1)
        )
        held = validation if validation is not None else Pairs((), ())
        judged = vocabularies.rows(held, settings.longest)
        return Recipe(
            learned,
            chores.batch,
            chores.loss,
            steps_per_epoch=chores.batches_per_epoch,
            units_per_step=chores.tokens_per_step,
            identity=lambda: hashlib.sha256(repr((rows, judged)).encode()).hexdigest(),
            evaluate=(lambda network: task.evaluate(network, judged)) if judged else None,
            score=(lambda network: self._score(network, learned, held, Search())) if len(held) else None,
        )

    def _score(
        self,
        network: TranslationNetwork,
        learned: Learned,
        data: Pairs,
        search: Search,
        on_progress: Callable[[float], None] | None = None,
    ) -> Score:
        rows = learned.vocabularies.rows(data, self.settings.longest)
        translations = decoding.translate(
            network, learned.vocabularies, data.sources, search, learned.longest, on_progress
        )
        found = bleu(translations.texts, data.targets)
        return Score(task.evaluate(network, rows) if rows else None, found.score, len(data), found.signature)

    def _build(self, learned: Learned) -> TranslationNetwork:
        source, target = learned.vocabularies.source, learned.vocabularies.target
        return TranslationNetwork(self.settings, len(source), len(target))

    def _facts(self) -> dict[str, Any]:
        settings, learned = self.settings, self.learned
        return {
            "cell": settings.cell,
            "hidden": settings.hidden,
            "layers": settings.layers,
            "embedding": settings.embedding,
            "attention": settings.attention,
            "source_tokens": len(learned.vocabularies.source),
            "target_tokens": len(learned.vocabularies.target),
            "pairs": learned.pairs,
            "pairs_too_long": learned.too_long,
            "longest": learned.longest,
        }
