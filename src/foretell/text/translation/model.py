"""A translator: learned from pairs of sentences, asked for the translations of others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from foretell.errors import ModelError, SettingsError, TextError
from foretell.field_types import from_plain, read_value
from foretell.text.translation import decoding, task
from foretell.text.translation.bleu import Bleu, bleu
from foretell.text.translation.decoding import Translations
from foretell.text.translation.network import TranslationNetwork
from foretell.text.translation.pairs import Pairs
from foretell.text.translation.settings import TranslatorSettings
from foretell.text.translation.task import TrainingTask, Vocabularies
from foretell.text.vocabulary import Vocabulary
from foretell.training import History, Progress, train
from foretell.training.model_folder import read_folder, write_folder

KIND = "translate"
"""What its folder says it is."""
BEAM = 5
LENGTH_PENALTY = 1.0
BATCH = 64


@dataclass(frozen=True)
class Learned:
    """What a translator was learned from."""

    pairs: int
    """Pairs that it was trained on."""
    too_long: int
    """Pairs that were left out, since a side has too many tokens."""
    judged: int
    """Pairs that its training was judged by."""
    longest: int
    """Tokens of the longest source that it was trained on; a longer text is translated in pieces."""

    def __post_init__(self) -> None:
        if not 1 <= self.longest <= 1000:
            raise ValueError(f"longest is {self.longest}")


class Translator:
    """Sentences of one language into another's, learned from pairs of them.

    An encoder reads the source both ways; a decoder with attention to it writes the translation (Bahdanau, Cho &
    Bengio, 2015; Luong, Pham & Manning, 2015). Both know subwords, so that every text can be read. Until `train` or
    `load` there is no network.
    """

    def __init__(self, settings: TranslatorSettings | None = None) -> None:
        self.settings = TranslatorSettings() if settings is None else settings
        self.history: History | None = None
        """The course of its training, once there was one."""
        self.learned: Learned | None = None
        self.validation: float | None = None
        """Nats a token of the pairs that its training was judged by, each token given the source and those before."""
        self.tokens_a_step = 0.0
        """Target tokens of a training step, on average; 0 before `train`."""
        self._network: TranslationNetwork | None = None
        self._vocabularies: Vocabularies | None = None

    @property
    def network(self) -> TranslationNetwork:
        """The network itself, on the CPU in evaluation mode. Raises `ModelError` before there is one."""
        return self._ready()[0]

    @property
    def vocabularies(self) -> Vocabularies:
        """The tokens of both languages. Raises `ModelError` before there are any."""
        return self._ready()[1]

    @property
    def parameters(self) -> int:
        """How many numbers were learned; 0 before."""
        return 0 if self._network is None else sum(p.numel() for p in self._network.parameters())

    def train(
        self,
        pairs: Pairs,
        validation: Pairs | None = None,
        *,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Translator:
        """Learn vocabularies and network from `pairs`, anew; returns itself.

        With `validation` the weights are kept that foresaw the tokens of those pairs best. Pairs with more than
        `settings.longest` tokens on a side are left out. See `foretell.training.train` for the other arguments and what
        it raises; `TextError` where there is nothing to train on.
        """
        if not len(pairs):
            raise TextError("there is no pair of sentences to train on: give at least one")
        settings = self.settings
        vocabularies = Vocabularies.learn(pairs, settings.vocabulary)
        rows = vocabularies.rows(pairs, settings.longest)
        judged = vocabularies.rows(validation, settings.longest) if validation is not None and len(validation) else []
        chores = TrainingTask(rows, settings)
        training, self.tokens_a_step = chores.training(), chores.tokens_a_step
        network = _new_network(settings, vocabularies)
        try:
            self.history = train(
                network,
                chores.batch,
                chores.loss,  # type: ignore[arg-type]
                settings=training,
                evaluate=(lambda network: task.evaluate(network, judged)) if judged else None,  # type: ignore[arg-type]
                device=device,
                checkpoint=checkpoint,
                tensorboard=tensorboard,
                on_progress=on_progress,
                identity=chores.identity() if checkpoint is not None else None,
            )
        finally:
            network.cpu().eval()
        self._network, self._vocabularies = network, vocabularies
        longest = max(len(source) for source, _ in rows)
        self.learned = Learned(len(rows), len(pairs) - len(rows), len(judged), longest)
        self.validation = task.evaluate(network, judged) if judged else None
        return self

    def translate(
        self,
        texts: Sequence[str],
        *,
        beam: int = BEAM,
        length_penalty: float = LENGTH_PENALTY,
        batch: int = BATCH,
        on_progress: Callable[[float], None] | None = None,
    ) -> list[str]:
        """The translation of each text, in their order.

        `beam`: hypotheses of a beam search, 1 takes the likeliest token each time; `length_penalty`: see
        `foretell.nn.decoding`; `batch`: texts at once, which changes the speed alone. A text without words gives an
        empty one; one longer than any that it was trained on is translated in pieces. `on_progress` is told the share
        that is done. Raises `SettingsError` for numbers that make no sense, `ModelError` without `train` or `load`.
        """
        return self.translated(
            texts, beam=beam, length_penalty=length_penalty, batch=batch, on_progress=on_progress
        ).texts

    def translated(
        self,
        texts: Sequence[str],
        *,
        beam: int = BEAM,
        length_penalty: float = LENGTH_PENALTY,
        batch: int = BATCH,
        on_progress: Callable[[float], None] | None = None,
    ) -> Translations:
        """As `translate`, with how many tokens were written, and how many texts were cut."""
        check_search(beam, length_penalty, batch)
        network, vocabularies = self._ready()
        return decoding.translate(
            network,
            vocabularies,
            texts,
            longest=self.settings.longest if self.learned is None else self.learned.longest,
            beam=beam,
            length_penalty=length_penalty,
            batch=batch,
            on_progress=on_progress,
        )

    def evaluate(
        self,
        pairs: Pairs,
        *,
        beam: int = BEAM,
        length_penalty: float = LENGTH_PENALTY,
        batch: int = BATCH,
        on_progress: Callable[[float], None] | None = None,
    ) -> Bleu:
        """The BLEU of its translations of `pairs.sources` beside `pairs.targets`; the arguments are `translate`'s."""
        translations = self.translate(
            pairs.sources, beam=beam, length_penalty=length_penalty, batch=batch, on_progress=on_progress
        )
        return bleu(translations, pairs.targets)

    def save(self, folder: str | Path) -> None:
        """Write the model's folder, whole or not at all. Raises `SettingsError` where it cannot be written."""
        network, vocabularies = self._ready()
        write_folder(
            folder,
            KIND,
            {
                "settings": dataclasses.asdict(self.settings),
                "history": self.history.to_dict() if self.history else None,
                "learned": dataclasses.asdict(self.learned) if self.learned else None,
                "validation": self.validation,
                "source_vocabulary": vocabularies.source.to_json(),
                "target_vocabulary": vocabularies.target.to_json(),
            },
            {name: tensor.detach() for name, tensor in network.state_dict().items()},
        )

    @classmethod
    def load(cls, folder: str | Path) -> Translator:
        """The model that `save` wrote. Raises `ModelError` for a folder that is missing, damaged or of another kind."""
        stored = read_folder(folder, KIND)
        with stored.understood():
            found = stored.description
            model = cls(from_plain(TranslatorSettings, found["settings"]))
            model.history = None if found["history"] is None else History.from_dict(found["history"])
            model.learned = None if found["learned"] is None else from_plain(Learned, found["learned"])
            model.validation = read_value(float | None, found["validation"])
            vocabularies = Vocabularies(Vocabulary(found["source_vocabulary"]), Vocabulary(found["target_vocabulary"]))
        sizes = len(vocabularies.source), len(vocabularies.target)
        weights = stored.tensors(
            lambda: TranslationNetwork(model.settings, *sizes).state_dict(), at_least=model.settings.layers
        )
        model._vocabularies = vocabularies
        model._network = _new_network(model.settings, vocabularies)
        model._network.load_state_dict(weights)
        return model

    def facts(self) -> dict[str, Any]:
        """What there is to say of it, by name: its make and what it was trained to."""
        ready = self._vocabularies is not None
        return {
            "cell": self.settings.cell,
            "hidden": self.settings.hidden,
            "layers": self.settings.layers,
            "embedding": self.settings.embedding,
            "attention": self.settings.attention,
            "source_tokens": len(self.vocabularies.source) if ready else None,
            "target_tokens": len(self.vocabularies.target) if ready else None,
            "parameters": self.parameters,
            "pairs": self.learned.pairs if self.learned else None,
            "longest": self.learned.longest if self.learned else None,
            "validation_loss": self.validation,
        }

    def _ready(self) -> tuple[TranslationNetwork, Vocabularies]:
        if self._network is None or self._vocabularies is None:
            raise ModelError("this translator has learned nothing yet: train it, or load one")
        return self._network, self._vocabularies


def check_search(beam: int, length_penalty: float, batch: int) -> None:
    """Raise `SettingsError` for numbers that make no sense."""
    if not 1 <= beam <= 100:
        raise SettingsError(f"beam is {beam}: it must be from 1, the likeliest token each time, to 100")
    if not 0 <= length_penalty <= 10:
        raise SettingsError(f"length_penalty is {length_penalty:g}: it must be from 0 to 10")
    if not 1 <= batch <= 10_000:
        raise SettingsError(f"batch is {batch}: it must be from 1 to 10,000 texts")


def _new_network(settings: TranslatorSettings, vocabularies: Vocabularies) -> TranslationNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(settings.training.seed)
        return TranslationNetwork(settings, len(vocabularies.source), len(vocabularies.target)).eval()
