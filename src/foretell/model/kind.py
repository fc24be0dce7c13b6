"""The declaration of a kind of model: all that commands, model folders and docs need, without heavy imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from foretell.model.answer import Answer
from foretell.model.settings import ModelSettings
from foretell.model.source import Source

Examples = tuple[tuple[str, str], ...]
"""Pairs of a description and a command line."""


@dataclass(frozen=True)
class NoOptions:
    """The options of a command that has none of its own."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """What `foretell info`, model folders, help and docs need to know of a kind of model.

    Its modules with settings, source and answer import neither torch nor polars.
    """

    model: str
    """The location of its model class: `package.module:NAME`. The class has `load`, `facts` and `history`."""
    settings: type[Any]
    examples: Mapping[str, Examples] = field(default_factory=dict)
    """Examples below the help of each command, by its name; those of the whole group by an empty string."""
    program: str | None = None
    """The location of the function that makes a `foretell.model.export.Program` of a model, None if there is none."""
    untrained: str = "It was not trained: its weights are random."
    """The description of a model without a training history."""


@dataclass(frozen=True, kw_only=True)
class Kind(Described):
    """A kind of model whose commands are generated from this declaration."""

    settings: type[ModelSettings]
    source: type[Source[Any]]
    """The source of its training and evaluation data."""
    answer: type[Answer] | None
    """The answer that a trained model gives; None for none."""
    train: str
    """The help of the train command, which begins with a one-line sentence."""
    evaluate: str
    """The help of the evaluate command, likewise."""
    measure: str
    """The unit of the loss, such as "nats per word"."""
    units: str
    """The units counted in training, such as "words"."""
    scale: float = 1.0
    """The factor that converts a training loss to that unit."""
    evaluation: type[Any] = NoOptions
    """A dataclass of further options of `evaluate`, passed to the model's method."""
