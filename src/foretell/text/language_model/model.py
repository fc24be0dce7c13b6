"""A character-level language model: training on a text, evaluation on others, and generation."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from foretell.errors import SettingsError, TextError
from foretell.model.base import Model, Recipe
from foretell.nn import Sampling, SequenceToSequence
from foretell.text.language_model import task
from foretell.text.language_model.characters import Characters
from foretell.text.language_model.dynamic import DynamicSettings, evaluate_dynamically
from foretell.text.language_model.generation import check_start, write_on
from foretell.text.language_model.network import build
from foretell.text.language_model.settings import LanguageSettings
from foretell.text.language_model.task import Score, Streams


@dataclass(frozen=True)
class Learned:
    """The learned state of a language model besides its weights."""

    characters: Characters


class LanguageModel(Model[LanguageSettings, Learned, SequenceToSequence, str, Score]):
    """The next character of a text, given all before it: a recurrent network whose state goes through the whole text.

    It learns by truncated backpropagation through time: the state survives from chunk to chunk, the gradient does not
    (Williams and Peng, 1990). The characters that it knows are those of the text that it is trained on.
    """

    kind = "text"

    @property
    def characters(self) -> Characters:
        """The characters that it knows. Raises `ModelError` where there are none yet."""
        return self.learned.characters

    @property
    def characters_read(self) -> int:
        """Return the number of characters read in training, repeated ones counted each time."""
        return round((self.history.steps if self.history else 0) * self.units_per_step)

    def evaluate(
        self,
        data: str,
        *,
        on_progress: Callable[[float], None] | None = None,
        dynamic: bool | DynamicSettings = False,
    ) -> Score:
        """Bits per character and accuracy over every character of a text, each given all before it in it.

        With `dynamic` it goes on learning from what it has read of the text, a training step for each stretch of it;
        afterwards it is what it was. `on_progress` gets the share that is done. Raises `TextError` for an empty text,
        `ModelError` before there is a network, `TrainingError` where the learning diverges.
        """
        network, characters = self.network, self.characters
        if not data:
            raise TextError("there is no text to evaluate on: it is empty")
        numbers = characters.encode(data)
        if dynamic:
            settings = dynamic if isinstance(dynamic, DynamicSettings) else DynamicSettings()
            return evaluate_dynamically(network, numbers, settings, on_progress)
        return task.evaluate(network, numbers, on_progress=on_progress)

    def write(self, start: str = "", *, sampling: Sampling | None = None, seed: int = 0) -> Iterator[str]:
        """The characters that follow `start`, one by one and without end; by default those of a text's beginning.

        `sampling` is how one is drawn: temperature, top-k, top-p. One seed gives one text. Memory does not grow. Raises
        `TextError` for characters in `start` that the model has never read, `SettingsError` for a seed that is none.
        """
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

    def sentences(self) -> list[str]:
        """See `Model`."""
        make = f"{self.settings.cell} of {self.parameters:,} trainable parameters"
        return [f"{make}, which read {self.characters_read:,} characters."]

    def _recipe(self, data: str, validation: str | None) -> Recipe[Learned, SequenceToSequence, Score]:
        characters = _characters_of(data)
        read, held = characters.encode(data), characters.encode(validation or "")
        streams = Streams(read, self.settings.streams, self.settings.chunk)
        side_by_side = task.side_by_side(held)
        units_per_step = streams.count * streams.length
        return Recipe(
            Learned(characters),
            streams.chunk,
            task.loss,
            steps_per_epoch=len(data) / units_per_step,
            units_per_step=units_per_step,
            identity=lambda: [_checksum(data), _checksum(validation or "")],
            evaluate=(lambda network: task.evaluate(network, held, side_by_side).bits) if validation else None,
            score=(lambda network: task.evaluate(network, held)) if validation else None,
            carry=True,
        )

    def _build(self, learned: Learned) -> SequenceToSequence:
        return build(self.settings, len(learned.characters))

    def _facts(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "cell": settings.cell,
            "hidden": settings.hidden,
            "layers": settings.layers,
            "characters": len(self.characters.symbols),
            "characters_read": self.characters_read,
        }


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _characters_of(text: str) -> Characters:
    if not text:
        raise TextError("there is no text to train on: it is empty")
    characters = Characters.of(text)
    if len(characters.symbols) < 2:
        raise TextError(
            f"the text holds no character but {characters.symbols!r}, {len(text):,} of it, so there is nothing to "
            "predict: give one of at least two different characters"
        )
    return characters
