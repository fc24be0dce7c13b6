"""The workflow of every kind of model: train, evaluate, save, load, describe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, get_args

import torch
from torch import Tensor, nn

from foretell.errors import ModelError
from foretell.field_types import from_plain, read_value, to_plain
from foretell.model.folder import read_folder, write_folder
from foretell.model.score import Score
from foretell.model.settings import ModelSettings
from foretell.training.history import History, Progress
from foretell.training.loop import train
from foretell.training.tensorboard import TensorBoard

S = TypeVar("S", bound=ModelSettings)
L = TypeVar("L")
N = TypeVar("N", bound=nn.Module)
D = TypeVar("D")
V = TypeVar("V", bound=Score)


@dataclass(frozen=True)
class Recipe(Generic[L, N, V]):
    """The parts of one kind's training; names shared with `foretell.training.train` have the same meaning there."""

    learned: L
    """What is determined from the data before training, such as vocabularies."""
    batch: Callable[[int], Any]
    loss: Callable[[N, Any, Any], tuple[Tensor, Any]]
    steps_per_epoch: float
    units_per_step: float
    """Mean number of characters, notes, samples and so on per training step."""
    identity: Callable[[], Any]
    """Return an identity of the data, which tells them from other data."""
    evaluate: Callable[[N], float] | None = None
    score: Callable[[N], V] | None = None
    """Evaluates the trained network thoroughly on the validation data."""
    carry: bool = False
    illustrate: Callable[[N, TensorBoard, int], None] | None = None


class Model(ABC, Generic[S, L, N, D, V]):
    """A network that learns from data D, with settings S; before `train` or `load` there is none.

    L is a dataclass of what is learned besides the weights, and V the score of an evaluation; JSON holds both by their
    annotations. A kind says in `_recipe` what is trained, in `_build` what the network is, in `evaluate` how it is
    judged, and in `_facts` what there is to say of it.
    """

    kind: ClassVar[str]
    """Name of the kind in the registry."""
    settings_before: ClassVar[Mapping[str, Any]] = {}
    """Values of newer settings that models saved without them were trained with, where these are not the defaults."""

    def __init__(self, settings: S | None = None) -> None:
        self.settings: S = self._types()[0]() if settings is None else settings
        self.history: History | None = None
        """The training history; None before training."""
        self.validation: V | None = None
        """The score on the validation data; None without any."""
        self.units_per_step = 0.0
        """Mean number of units of its kind per training step."""
        self._ready: tuple[N, L] | None = None

    @property
    def network(self) -> N:
        """Return the network, on the CPU in evaluation mode. Raises `ModelError` before there is one."""
        return self._trained()[0]

    @property
    def learned(self) -> L:
        """Return what was learned besides the weights. Raises `ModelError` before training."""
        return self._trained()[1]

    @property
    def parameters(self) -> int:
        """Return the number of trainable parameters. Raises `ModelError` before there is a network."""
        return sum(p.numel() for p in self.network.parameters())

    def train(
        self,
        data: D,
        validation: D | None = None,
        *,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """Train a new network on `data`; with `validation` the weights are kept that do best on it. Returns itself.

        Whatever ends training early leaves the model as it was. See `foretell.training.train` for the other arguments
        and what it raises, besides the error of the kind for data that will not do.
        """
        recipe = self._recipe(data, validation)
        training = self.settings.training_for(recipe.steps_per_epoch)
        network = self._new(recipe.learned)

        def told(progress: Progress) -> None:
            assert on_progress is not None
            read = progress.step * recipe.units_per_step
            on_progress(replace(progress, units_per_second=read / progress.seconds if progress.seconds else None))

        try:
            history = train(
                network,
                recipe.batch,
                cast(Any, recipe.loss),
                settings=training,
                evaluate=cast(Any, recipe.evaluate),
                device=device,
                carry=recipe.carry,
                checkpoint=checkpoint,
                tensorboard=tensorboard,
                illustrate=cast(Any, recipe.illustrate),
                on_progress=told if on_progress is not None else None,
                identity=[self.kind, to_plain(self.settings), recipe.identity()] if checkpoint is not None else None,
            )
        finally:
            network.cpu().eval()
        score = recipe.score(network) if recipe.score is not None else None
        self._ready, self.history, self.validation = (network, recipe.learned), history, score
        self.units_per_step = recipe.units_per_step
        return self

    @abstractmethod
    def evaluate(self, data: D, *, on_progress: Callable[[float], None] | None = None) -> V:
        """How good the model is on `data`; `on_progress` is told the share that is done.

        Raises `ModelError` before there is a network, and the error of the kind for data that will not do.
        """

    def initialise(self, learned: L) -> Self:
        """Give the model a new network with random weights, and what was learned besides. Returns itself."""
        self._ready = self._new(learned), learned
        return self

    def read(self, source: Any, on_progress: Callable[[float], None] | None = None) -> D:
        """Read the data of a source for this trained model."""
        data: D = source.read(self.settings, on_progress)
        return data

    def save(self, folder: str | Path) -> None:
        """Write the model's folder, whole or not at all. Raises `SettingsError` where it cannot be written."""
        network, learned = self._trained()
        description = {name: to_plain(getattr(self, name)) for name in ("settings", "history", "validation")}
        description |= {"learned": to_plain(learned), "units_per_step": self.units_per_step}
        weights = {name: tensor.detach() for name, tensor in network.state_dict().items()}
        write_folder(folder, self.kind, description, {**weights, **self._arrays(learned)})

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Load a model that `save` wrote. Raises `ModelError` for a missing, damaged or unsuitable folder."""
        settings, learns, scores = cls._types()
        stored = read_folder(folder, cls.kind)
        with stored.understood():
            found = stored.description
            model = cls(from_plain(settings, {**cls.settings_before, **found["settings"]}))
            learned: L = NoneType() if learns is NoneType else from_plain(learns, found["learned"])
            model.history = read_value(History | None, found["history"])
            model.validation = read_value(scores | None, found["validation"])
            model.units_per_step = read_value(float, found["units_per_step"])
        due = stored.tensors(
            lambda: {**model._build(learned).state_dict(), **model._array_shapes(learned)},
            model.settings.fewest_tensors,
        )
        with stored.understood():
            learned = model._with_arrays(learned, due)
        network = model._new(learned)
        network.load_state_dict({name: due[name] for name in network.state_dict()})
        model._ready = network, learned
        return model

    def facts(self) -> dict[str, Any]:
        """Return architecture and training as facts by name. Raises `ModelError` before training."""
        score = self.validation.numbers() if self.validation is not None else {}
        validation = {f"validation_{name}": number for name, number in score.items()}
        return {**self._facts(), "parameters": self.parameters, **validation}

    def sentences(self) -> list[str]:
        """Return sentences that describe the model after training."""
        return [f"{self.parameters:,} trainable parameters."]

    @abstractmethod
    def _recipe(self, data: D, validation: D | None) -> Recipe[L, N, V]:
        """Return the recipe of a training. Raises the error of the kind for unsuitable data."""

    @abstractmethod
    def _build(self, learned: L) -> N:
        """Build a new network; its weights are drawn from torch's random numbers."""

    @abstractmethod
    def _facts(self) -> dict[str, Any]:
        """Return facts about the architecture, by name."""

    def _arrays(self, learned: L) -> dict[str, Tensor]:  # noqa: ARG002
        """Return the learned arrays, under names that no weight has."""
        return {}

    def _array_shapes(self, learned: L) -> dict[str, Tensor]:  # noqa: ARG002
        """Return empty arrays with the shapes that a description alone implies."""
        return {}

    def _with_arrays(self, learned: L, arrays: dict[str, Tensor]) -> L:  # noqa: ARG002
        """Return `learned` with the arrays that `_arrays` returned. Raises ValueError for invalid ones."""
        return learned

    def _new(self, learned: L) -> N:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.settings.training.seed)
            return self._build(learned).eval()

    def _trained(self) -> tuple[N, L]:
        if self._ready is None:
            raise ModelError("this model has not been trained yet: call train, or load a trained model")
        return self._ready

    @classmethod
    def _types(cls) -> tuple[Any, Any, Any]:
        """Return the classes of the settings, of what is learned, and of the score."""
        settings, learned, _, _, score = get_args(cast(Any, cls).__orig_bases__[0])
        return settings, learned, score
