"""A toy kind: the mean of the numbers in a file, learned by gradient descent. All that a new kind has to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor, nn

from foretell.declaration import Setting
from foretell.model import score
from foretell.model.answer import Answer
from foretell.model.base import Model, Recipe
from foretell.model.kind import Kind
from foretell.model.printer import Printer
from foretell.model.settings import ModelSettings
from foretell.model.source import Parts, Progressed, Source


@dataclass(frozen=True)
class ToySettings(ModelSettings):
    """What it can be told."""

    power: Annotated[int, Setting("The power of an error that counts.", at_least=2, multiple_of=2)] = 2


@dataclass(frozen=True)
class Numbers(Source[list[float]]):
    """A file of numbers, one on a line."""

    places: ClassVar[tuple[str, ...]] = ("file",)
    file: Annotated[Path, Setting("Numbers, one on a line.", positional=True)]

    def read(self, settings: ToySettings, on_progress: Progressed | None = None) -> list[float]:  # noqa: ARG002
        return [float(line) for line in self.file.read_text().splitlines()]

    def hold_out(self, data: list[float], settings: ToySettings) -> tuple[list[float], list[float] | None]:
        count = round(settings.validation * len(data))
        return data[count:], data[:count] or None

    def described(self, parts: Parts[list[float]], *, held_out: bool) -> tuple[list[str], dict[str, Any]]:  # noqa: ARG002
        return [f"{len(parts.training)} numbers."], {"training": len(parts.training)}


@dataclass(frozen=True)
class Add(Answer):
    """Add the mean to a number."""

    verb: ClassVar[str] = "predict"
    to: Annotated[float, Setting("What it is added to.")] = 0.0

    def run(self, model: ToyModel, printer: Printer) -> dict[str, Any]:
        printer.say(f"{self.to + model.network.mean.item():.1f}")
        return {"sum": self.to + model.network.mean.item()}


class Mean(nn.Module):
    """One number."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(()))


@dataclass(frozen=True)
class Learned:
    """What it knows besides the mean."""

    count: int


@dataclass(frozen=True)
class Score(score.Score):
    """How far off the mean is."""

    error: float


class ToyModel(Model[ToySettings, Learned, Mean, list[float], Score]):
    """The mean of numbers."""

    kind = "toy"

    def evaluate(self, data: list[float], *, on_progress: Callable[[float], None] | None = None) -> Score:  # noqa: ARG002
        return Score(abs(self.network.mean.item() - sum(data) / len(data)))

    def _recipe(self, data: list[float], validation: list[float] | None) -> Recipe[Learned, Mean, Score]:
        numbers = torch.tensor(data)

        def loss(network: Mean, batch: Tensor, _: object) -> tuple[Tensor, object]:
            return ((network.mean - batch) ** self.settings.power).mean(), None

        return Recipe(
            Learned(len(data)),
            lambda _: numbers,
            loss,
            steps_per_epoch=1,
            units_per_step=len(data),
            identity=lambda: data,
            score=None if validation is None else lambda network: Score(abs(network.mean.item() - validation[0])),
        )

    def _build(self, learned: Learned) -> Mean:  # noqa: ARG002
        return Mean()

    def _facts(self) -> dict[str, Any]:
        return {"count": self.learned.count}


TOY = Kind(
    model=f"{__name__}:ToyModel",
    settings=ToySettings,
    source=Numbers,
    answer=Add,
    train="Learn the mean of numbers.",
    evaluate="Say how far off the mean is.",
    measure="squared error",
    units="numbers",
    examples={"train": (("Learn", "foretell toy train numbers.txt --out mean"),)},
)
