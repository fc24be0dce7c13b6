"""What a kind of model declares of itself: all that commands, folders and docs need, nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from foretell.model.answer import Answer
from foretell.model.settings import ModelSettings
from foretell.model.source import Source

Examples = tuple[tuple[str, str], ...]
"""What each is for, and the command line."""


@dataclass(frozen=True)
class NoOptions:
    """What a command is told that has no options of its own."""


@dataclass(frozen=True)
class Kind:
    """A kind of model. Its modules with settings, source and answer import neither torch nor polars."""

    model: str
    """Where the class of its models is: `package.module:NAME`."""
    settings: type[ModelSettings]
    source: type[Source[Any]]
    """What it learns from and is judged by."""
    answer: type[Answer] | None
    """What a trained model is asked for."""
    train: str
    """What training does: the help of its command, which begins with a sentence on one line."""
    evaluate: str
    """What evaluation says, likewise."""
    measure: str
    """What the loss is in, such as "nats per word"."""
    units: str
    """What is counted in training, such as "words"."""
    scale: float = 1.0
    """What a loss in training is multiplied by to be in that measure."""
    evaluation: type[Any] = NoOptions
    """A dataclass of further options of `evaluate`, which are arguments of the model's method."""
    examples: Mapping[str, Examples] = field(default_factory=dict)
    """Below the help of each command, by its verb; below that of them all, by an empty one."""
