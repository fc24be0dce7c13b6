"""A captioner: trained on pictures with captions, asked for captions of others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from foretell.caption import task
from foretell.caption.images import Picture, read_images
from foretell.caption.network import CaptionNetwork, build
from foretell.caption.settings import CaptionSettings
from foretell.caption.table import Captioned
from foretell.caption.task import Score, TrainingTask
from foretell.errors import ImageError, ModelError, SettingsError
from foretell.field_types import from_plain
from foretell.text.vocabulary import END, START, Vocabulary
from foretell.training import History, Progress, train
from foretell.training.hardware import Hardware
from foretell.training.model_folder import read_folder, write_folder

KIND = "caption"
"""What its folder says it is."""
_AT_ONCE = 128
_WIDEST = 1000


class Captioner:
    """Captions of pictures, by a network that learned from others. Without `train` or `load` it can say nothing yet."""

    def __init__(self, settings: CaptionSettings | None = None) -> None:
        self.settings = CaptionSettings() if settings is None else settings
        self.history: History | None = None
        """The course of its training, once there was one."""
        self.validation: Score | None = None
        """How well it puts the pictures into words that its training was judged by."""
        self.cut = 0
        """Captions of which its training read the beginning alone, since they were too long."""
        self._vocabulary: Vocabulary | None = None
        self._network: CaptionNetwork | None = None

    @property
    def network(self) -> CaptionNetwork:
        """The network itself, on the CPU in evaluation mode. Raises `ModelError` before there is one."""
        if self._network is None:
            raise ModelError("this captioner has not learned anything yet: call train, or load one that has")
        return self._network

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that it knows. Raises `ModelError` before there are any."""
        if self._vocabulary is None:
            raise ModelError("this captioner has not learned anything yet: call train, or load one that has")
        return self._vocabulary

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(p.numel() for p in self.network.parameters())

    def train(
        self,
        pictures: Captioned,
        validation: Captioned | None = None,
        *,
        device: str = "auto",
        checkpoint: Path | None = None,
        tensorboard: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Captioner:
        """Train on `pictures`; with `validation` the weights are kept that foresaw its captions best. Returns itself.

        The vocabulary is that of the captions of `pictures`. See `foretell.training.train` for the other arguments and
        what it raises; `ImageError` where there is no picture to train on, or they are not of the settings' size.
        """
        if not len(pictures):
            raise ImageError("there is no picture to train on: give at least one, with its caption")
        held_out = validation if validation is not None and len(validation) else None
        for part in (pictures, *([held_out] if held_out else [])):
            self._require_size(part.images)
        vocabulary = Vocabulary.learn((text for texts in pictures.captions for text in texts), self.settings.vocabulary)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.settings.training.seed)
            network = build(self.settings, len(vocabulary))
        chores = TrainingTask(pictures, vocabulary, self.settings)
        evaluate = None
        if held_out is not None:
            evaluate = lambda network: task.mean_loss(network, held_out, vocabulary, self.settings)  # noqa: E731
        history = train(
            network,
            chores.batch,
            chores.loss,
            settings=self.settings.training,
            evaluate=evaluate,
            device=device,
            checkpoint=checkpoint,
            tensorboard=tensorboard,
            on_progress=on_progress,
            identity=[
                dataclasses.asdict(self.settings),
                pictures.names,
                pictures.captions,
                held_out.names if held_out else [],
                held_out.captions if held_out else [],
            ],
        )
        self._network, self._vocabulary, self.history = network.cpu().eval(), vocabulary, history
        self.cut = chores.cut
        self.validation = self.evaluate(held_out) if held_out is not None else None
        return self

    def describe(
        self,
        images: Picture | Sequence[str | Path],
        *,
        beam: int = 1,
        device: str = "cpu",
        on_progress: Callable[[float], None] | None = None,
    ) -> list[str]:
        """A caption of each picture: files, or an array `(N, S, S, 3)` of uint8 as `read_image` gives it.

        `beam` hypotheses are kept at each word (see `foretell.nn.decoding`); 1 takes the likeliest word at once.
        `on_progress` is told the share that is done. Raises `ImageError` for files that cannot be read, `SettingsError`
        for a beam that makes no sense.
        """
        if not 1 <= beam <= _WIDEST:
            raise SettingsError(f"beam is {beam}: give 1 to {_WIDEST:,}")
        vocabulary, network = self.vocabulary, self.network
        pictures = images if isinstance(images, np.ndarray) else read_images(images, self.settings.size)
        self._require_size(pictures)
        hardware = Hardware(device, "32-true")
        captions: list[str] = []
        try:
            network.to(hardware.device)
            for first in range(0, len(pictures), _AT_ONCE):
                batch = torch.from_numpy(pictures[first : first + _AT_ONCE]).to(hardware.device)
                with torch.no_grad():
                    tokens, lengths = network.words.generate(
                        network.seen(batch),
                        start=START,
                        end=END,
                        max_steps=self.settings.longest,
                        beam_size=min(beam, len(vocabulary)),
                    )
                rows = zip(tokens.tolist(), lengths.tolist(), strict=True)
                captions += vocabulary.decode(row[:length] for row, length in rows)
                if on_progress is not None:
                    on_progress(len(captions) / len(pictures))
        finally:
            network.cpu()
        return captions

    def evaluate(self, pictures: Captioned) -> Score:
        """How well the captions of these pictures are foreseen, and how many are written word for word."""
        if not len(pictures):
            raise ImageError("there is no picture to evaluate on: give at least one, with its caption")
        self._require_size(pictures.images)
        loss = task.mean_loss(self.network, pictures, self.vocabulary, self.settings)
        exact = task.exact_share(self.describe(pictures.images), pictures.captions)
        return Score(loss, exact, len(pictures))

    def save(self, folder: str | Path) -> None:
        """Write the model's folder, whole or not at all. Raises `SettingsError` where it cannot be written."""
        write_folder(
            folder,
            KIND,
            {
                "settings": dataclasses.asdict(self.settings),
                "vocabulary": self.vocabulary.to_json(),
                "history": self.history.to_dict() if self.history else None,
                "validation": dataclasses.asdict(self.validation) if self.validation else None,
            },
            {name: tensor.detach() for name, tensor in self.network.state_dict().items()},
        )

    @classmethod
    def load(cls, folder: str | Path) -> Captioner:
        """The captioner that `save` wrote. Raises `ModelError` for a folder that is missing, damaged or of another
        kind."""
        stored = read_folder(folder, KIND)
        with stored.understood():
            settings = from_plain(CaptionSettings, stored.description["settings"])
            vocabulary = Vocabulary(stored.description["vocabulary"])
            history, validation = stored.description["history"], stored.description["validation"]
            history = None if history is None else History.from_dict(history)
            validation = None if validation is None else from_plain(Score, validation)
        weights = stored.tensors(lambda: build(settings, len(vocabulary)).state_dict())
        network = build(settings, len(vocabulary)).eval()
        network.load_state_dict(weights)
        captioner = cls(settings)
        captioner._network, captioner._vocabulary = network, vocabulary
        captioner.history, captioner.validation = history, validation
        return captioner

    def facts(self) -> dict[str, Any]:
        """What there is to say of it, by name: its make and what it was trained to."""
        return {
            "size": self.settings.size,
            "channels": self.settings.channels,
            "hidden": self.settings.hidden,
            "attention": self.settings.attention,
            "vocabulary": len(self.vocabulary),
            "parameters": self.parameters,
            "validation_loss": self.validation.loss if self.validation else None,
            "validation_exact": self.validation.exact if self.validation else None,
        }

    def _require_size(self, images: Picture) -> None:
        size = self.settings.size
        if images.ndim != 4 or images.shape[1:] != (size, size, 3) or images.dtype != "uint8":
            raise ImageError(
                f"images must be {size} x {size} pixels of uint8, (N, {size}, {size}, 3), "
                f"got {images.shape} of {images.dtype}: read them with read_image(path, {size})"
            )
