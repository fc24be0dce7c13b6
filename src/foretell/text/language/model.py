"""A language model on characters: trained on a text, asked how well it foresees another, and to write on."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from foretell.errors import ModelError, SettingsError, TextError
from foretell.field_types import from_plain, read_value
from foretell.text.language import task
from foretell.text.language.characters import Characters
from foretell.text.language.dynamic import DynamicSettings, evaluate_dynamically
from foretell.text.language.generation import check_start, write_on
from foretell.text.language.network import build
from foretell.text.language.settings import LanguageSettings
from foretell.text.language.streams import Streams
from foretell.text.language.task import Score
from foretell.training import History, Progress, train
from foretell.training.model_folder import read_folder, write_folder

if TYPE_CHECKING:
    from foretell.nn import Sampling, SequenceToSequence

KIND = "text"
"""What its folder says it is."""


class LanguageModel:
    """The next character of a text, given all before it: a recurrent network whose state goes through the whole text.

    The characters that it knows are those of the text that it is trained on; before `train` or `load` there is no
    network.
    """

    def __init__(self, settings: LanguageSettings | None = None) -> None:
        self.settings = LanguageSettings() if settings is None else settings
        self.history: History | None = None
        """The course of its training, once there was one: losses and evaluations in bits a character."""
        self.validation: Score | None = None
        """How well it foresees the text that its training was judged by."""
        self.read = 0
        """How many characters its training read, over and over ones counted each time."""
        self._characters: Characters | None = None
        self._network: SequenceToSequence | None = None

    @property
    def network(self) -> SequenceToSequence:
        """The network itself, on the CPU in evaluation mode. Raises `ModelError` where there is none yet."""
        if self._network is None:
            raise ModelError("the language model has read no text yet: call train, or load one")
        return self._network

    @property
    def characters(self) -> Characters:
        """The characters that it knows. Raises `ModelError` where there are none yet."""
        if self._characters is None:
            raise ModelError("the language model has read no text yet: call train, or load one")
        return self._characters

    @property
    def parameters(self) -> int:
        """How many numbers were learned. Raises `ModelError` before that."""
        return sum(p.numel() for p in self.network.parameters())

    def train(
        self,
        text: str,
        validation: str = "",
        *,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> LanguageModel:
        """Learn from `text`, anew; with `validation` the weights are kept that foresaw that best. Returns itself.

        Truncated backpropagation through time: the state survives from chunk to chunk, the gradient does not (Williams
        and Peng, 1990). See `foretell.training.train` for the other arguments and what it raises; `TextError` for a
        text of fewer than two different characters.
        """
        characters = _characters_of(text)
        read, held = characters.encode(text), characters.encode(validation)
        streams = Streams(read, self.settings.streams, self.settings.chunk)
        side_by_side = task.side_by_side(held)
        self._characters, self._network = characters, self._built(len(characters))
        try:
            self.history = train(
                self._network,
                streams.chunk,
                task.loss,
                settings=self.settings.training,
                evaluate=(lambda network: task.evaluate(network, held, side_by_side).bits) if validation else None,
                device=device,
                carry=True,
                checkpoint=checkpoint,
                tensorboard=tensorboard,
                on_progress=on_progress,
                identity=[dataclasses.asdict(self.settings), _checksum(text), _checksum(validation)],
            )
        finally:
            self._network.cpu().eval()
        self.read = self.history.steps * streams.count * streams.length
        self.validation = self.evaluate(validation) if validation else None
        return self

    def evaluate(
        self,
        text: str,
        *,
        dynamic: DynamicSettings | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Score:
        """Bits a character and accuracy over every character of a text, each given all before it in it.

        With `dynamic` it goes on learning from what it has read of the text, a training step for each stretch of it;
        afterwards it is what it was. `on_progress` gets the share that is done. Raises `TextError` for an empty text,
        `ModelError` before there is a network, `TrainingError` where the learning diverges.
        """
        network, characters = self.network, self.characters
        if not text:
            raise TextError("there is no text to evaluate on: it is empty")
        numbers = characters.encode(text)
        if dynamic is not None:
            return evaluate_dynamically(network, numbers, dynamic, on_progress)
        return task.evaluate(network, numbers, on_progress=on_progress)

    def write(self, start: str = "", *, sampling: Sampling | None = None, seed: int = 0) -> Iterator[str]:
        """The characters that follow `start`, one by one and without end; by default those of a text's beginning.

        `sampling` is how one is drawn: temperature, top-k, top-p. One seed gives one text. Memory does not grow. Raises
        `TextError` for characters in `start` that the model has never read, `SettingsError` for a seed that is none.
        """
        from foretell.nn import Sampling

        network, characters = self.network, self.characters
        if not 0 <= seed < 2**63:
            raise SettingsError(f"seed is {seed}: it must be from 0 to 2**63 - 1")
        check_start(start, characters)
        return write_on(network, characters, start, Sampling() if sampling is None else sampling, seed)

    def generate(self, length: int, start: str = "", *, sampling: Sampling | None = None, seed: int = 0) -> str:
        """The `length` characters that follow `start`; as `write`. Raises `SettingsError` for a length below 1."""
        if length < 1:
            raise SettingsError(f"length is {length}: it must be at least 1")
        return "".join(itertools.islice(self.write(start, sampling=sampling, seed=seed), length))

    def save(self, folder: str | Path) -> None:
        """Write the model's folder, whole or not at all. Raises `SettingsError` where it cannot be written."""
        write_folder(
            folder,
            KIND,
            {
                "settings": dataclasses.asdict(self.settings),
                "characters": self.characters.symbols,
                "read": self.read,
                "history": self.history.to_dict() if self.history else None,
                "validation": dataclasses.asdict(self.validation) if self.validation else None,
            },
            {name: tensor.detach() for name, tensor in self.network.state_dict().items()},
        )

    @classmethod
    def load(cls, folder: str | Path) -> LanguageModel:
        """The model that `save` wrote. Raises `ModelError` for a folder that is missing, damaged or of another kind."""
        stored = read_folder(folder, KIND)
        with stored.understood():
            settings = from_plain(LanguageSettings, stored.description["settings"])
            characters = Characters(stored.description["characters"])
            read = read_value(int, stored.description["read"])
            history, validation = stored.description["history"], stored.description["validation"]
            history = None if history is None else History.from_dict(history)
            validation = None if validation is None else from_plain(Score, validation)
        weights = stored.tensors(lambda: build(settings, len(characters)).state_dict(), at_least=settings.layers)
        model = cls(settings)
        model._characters, model._network = characters, model._built(len(characters))
        model._network.load_state_dict(weights)
        model.history, model.validation, model.read = history, validation, read
        return model

    def facts(self) -> dict[str, Any]:
        """What there is to say of it, by name: its make and what it was trained to."""
        return {
            "cell": self.settings.cell,
            "hidden": self.settings.hidden,
            "layers": self.settings.layers,
            "characters": len(self.characters.symbols),
            "parameters": self.parameters,
            "characters_read": self.read,
            "validation_bits": self.validation.bits if self.validation else None,
            "validation_accuracy": self.validation.accuracy if self.validation else None,
        }

    def _built(self, numbers: int) -> SequenceToSequence:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.settings.training.seed)
            return build(self.settings, numbers).eval()


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _characters_of(text: str) -> Characters:
    if not text:
        raise TextError("there is no text to train on: it is empty")
    characters = Characters.of(text)
    if len(characters.symbols) < 2:
        raise TextError(
            f"the text holds no character but {characters.symbols!r}, {len(text):,} of it, so there is nothing to "
            "foresee: give one of at least two different characters"
        )
    return characters
