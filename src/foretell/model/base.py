"""The workflow of every kind of model: train, evaluate, save, load, describe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
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
    """What a training of one kind is made of; see `foretell.training.train` for what has the same name there."""

    learned: L
    """What was learned before the network: vocabularies and the like."""
    batch: Callable[[int], Any]
    loss: Callable[[N, Any, Any], tuple[Tensor, Any]]
    steps_per_epoch: float
    units_per_step: float
    """Characters, notes, samples and so on that a step learns from, on average."""
    identity: Callable[[], Any]
    """Tells the data from other data."""
    evaluate: Callable[[N], float] | None = None
    score: Callable[[N], V] | None = None
    """Judges the trained network by the validation data, with care."""
    carry: bool = False
    illustrate: Callable[[N, TensorBoard, int], None] | None = None


class Model(ABC, Generic[S, L, N, D, V]):
    """A network that learns from data D, with settings S; before `train` or `load` there is none.

    L is a dataclass of what is learned besides the weights, and V the score of an evaluation; JSON holds both by their
    annotations. A kind says in `_recipe` what is trained, in `_build` what the network is, in `evaluate` how it is
    judged, and in `_facts` what there is to say of it.
    """

    kind: ClassVar[str]
    """Its name in the registry."""

    def __init__(self, settings: S | None = None) -> None:
        self.settings: S = self._types()[0]() if settings is None else settings
        self.history: History | None = None
        """The course of its training, once there was one."""
        self.validation: V | None = None
        """How good it is on the data that its training was judged by, if there was any."""
        self.units_per_step = 0.0
        """What a training step learned from, on average, in the units of its kind."""
        self._ready: tuple[N, L] | None = None

    @property
    def network(self) -> N:
        """The network itself, on the CPU in evaluation mode. Raises `ModelError` before there is one."""
        return self._trained()[0]

    @property
    def learned(self) -> L:
        """What was learned besides the weights. Raises `ModelError` before there is anything."""
        return self._trained()[1]

    @property
    def parameters(self) -> int:
        """How many trainable parameters the network has. Raises `ModelError` before there is one."""
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
        """Give it a new network of random weights, as training begins with, and what is known. Returns itself."""
        self._ready = self._new(learned), learned
        return self

    def read(self, source: Any, on_progress: Callable[[float], None] | None = None) -> D:
        """The data of a source, as this trained model takes it."""
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
        """The model that `save` wrote. Raises `ModelError` for a folder that is missing, damaged or of another kind."""
        settings, learns, scores = cls._types()
        stored = read_folder(folder, cls.kind)
        with stored.understood():
            found = stored.description
            model = cls(from_plain(settings, found["settings"]))
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
        """What there is to say of it, by name: its make and what it was trained to. Raises `ModelError` untrained."""
        score = self.validation.numbers() if self.validation is not None else {}
        validation = {f"validation_{name}": number for name, number in score.items()}
        return {**self._facts(), "parameters": self.parameters, **validation}

    def sentences(self) -> list[str]:
        """What is worth saying of it after its training."""
        return [f"{self.parameters:,} trainable parameters."]

    @abstractmethod
    def _recipe(self, data: D, validation: D | None) -> Recipe[L, N, V]:
        """What is to be trained. Raises the error of the kind for data that will not do."""

    @abstractmethod
    def _build(self, learned: L) -> N:
        """A new network; its weights are drawn from torch's random numbers."""

    @abstractmethod
    def _facts(self) -> dict[str, Any]:
        """What there is to say of its make, by name."""

    def _arrays(self, learned: L) -> dict[str, Tensor]:  # noqa: ARG002
        """What was learned in arrays, by names that no weight has."""
        return {}

    def _array_shapes(self, learned: L) -> dict[str, Tensor]:  # noqa: ARG002
        """Empty arrays of those shapes, of what was learned as a description alone says it."""
        return {}

    def _with_arrays(self, learned: L, arrays: dict[str, Tensor]) -> L:  # noqa: ARG002
        """What was learned, with the arrays that `_arrays` gave. Raises ValueError for what they cannot be."""
        return learned

    def _new(self, learned: L) -> N:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.settings.training.seed)
            return self._build(learned).eval()

    def _trained(self) -> tuple[N, L]:
        if self._ready is None:
            raise ModelError("this model has learned nothing yet: call train, or load one that has")
        return self._ready

    @classmethod
    def _types(cls) -> tuple[Any, Any, Any]:
        """The classes of settings, of what is learned, and of scores."""
        settings, learned, _, _, score = get_args(cast(Any, cls).__orig_bases__[0])
        return settings, learned, score
