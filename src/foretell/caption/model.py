"""A captioner: trained on pictures with captions, asked for captions of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from foretell.caption import task
from foretell.caption.images import Picture, read_images
from foretell.caption.network import CaptionNetwork, build
from foretell.caption.settings import WIDEST, CaptionSettings
from foretell.caption.table import Captioned
from foretell.caption.task import Score, TrainingTask
from foretell.errors import ImageError, SettingsError
from foretell.model.base import Model, Recipe
from foretell.text.vocabulary import END, START, Vocabulary
from foretell.training.device import device_named

_AT_ONCE = 128


@dataclass(frozen=True)
class Learned:
    """The learned state of a captioner besides its weights."""

    vocabulary: Vocabulary
    cut: int
    """Captions of which its training read the beginning alone, since they were too long."""


class Captioner(Model[CaptionSettings, Learned, CaptionNetwork, Captioned, Score]):
    """Captions of pictures, by a network that learned from others; its words are those of their captions."""

    kind = "caption"

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that it knows. Raises `ModelError` before there are any."""
        return self.learned.vocabulary

    def predict(
        self,
        images: Picture | Sequence[str | Path],
        *,
        beam: int = 1,
        device: str = "cpu",
        on_progress: Callable[[float], None] | None = None,
    ) -> list[str]:
        """A caption of each picture: files, or an array `(N, S, S, 3)` of uint8 as `read_image` gives it.

        `beam` hypotheses are kept at each word (see `foretell.nn.decoding`); 1 always takes the most likely word.
        `on_progress` is told the share that is done. Raises `ImageError` for files that cannot be read, `SettingsError`
        for a beam that makes no sense.
        """
        if not 1 <= beam <= WIDEST:
            raise SettingsError(f"beam is {beam}: it must be from 1 to {WIDEST:,}")
        vocabulary, network = self.vocabulary, self.network
        pictures = images if isinstance(images, np.ndarray) else read_images(images, self.settings.size)
        self._require_size(pictures)
        place = device_named(device)
        try:
            return self._captions(network.to(place), vocabulary, pictures, beam, on_progress)
        finally:
            network.cpu()

    def evaluate(self, data: Captioned, *, on_progress: Callable[[float], None] | None = None) -> Score:
        """Evaluate the model on the captions of these pictures, and on how many it writes verbatim."""
        network, learned = self._trained()
        if not len(data):
            raise ImageError("there is no picture to evaluate on: give at least one, with its caption")
        self._require_size(data.images)
        return self._score(network, learned.vocabulary, data, on_progress)

    def sentences(self) -> list[str]:
        """See `Model`."""
        lines = [f"{self.parameters:,} trainable parameters, {len(self.vocabulary):,} words and parts of words."]
        if self.learned.cut:
            longest = self.settings.longest
            lines.append(f"{self.learned.cut:,} captions were cut off after {longest} words or parts of them.")
        return lines

    def _recipe(self, data: Captioned, validation: Captioned | None) -> Recipe[Learned, CaptionNetwork, Score]:
        if not len(data):
            raise ImageError("there is no picture to train on: give at least one, with its caption")
        settings = self.settings
        held = validation if validation is not None and len(validation) else None
        for part in (data, *([held] if held is not None else [])):
            self._require_size(part.images)
        vocabulary = Vocabulary.learn((text for texts in data.captions for text in texts), settings.vocabulary)
        chores = TrainingTask(data, vocabulary, settings)

        def evaluate(network: CaptionNetwork) -> float:
            assert held is not None
            return task.mean_loss(network, held, vocabulary, settings)

        def score(network: CaptionNetwork) -> Score:
            assert held is not None
            return self._score(network, vocabulary, held)

        return Recipe(
            Learned(vocabulary, chores.cut),
            chores.batch,
            chores.loss,
            steps_per_epoch=chores.batches_per_epoch,
            units_per_step=min(settings.batch_size, len(data)),
            identity=lambda: [[part.names, part.captions] for part in (data, held) if part is not None],
            evaluate=evaluate if held is not None else None,
            score=score if held is not None else None,
        )

    def _score(
        self,
        network: CaptionNetwork,
        vocabulary: Vocabulary,
        data: Captioned,
        on_progress: Callable[[float], None] | None = None,
    ) -> Score:
        loss = task.mean_loss(network, data, vocabulary, self.settings)
        captions = self._captions(network, vocabulary, data.images, 1, on_progress)
        return Score(loss, task.exact_share(captions, data.captions), len(data))

    def _captions(
        self,
        network: CaptionNetwork,
        vocabulary: Vocabulary,
        pictures: Picture,
        beam: int,
        on_progress: Callable[[float], None] | None,
    ) -> list[str]:
        device = next(network.parameters()).device
        captions: list[str] = []
        for first in range(0, len(pictures), _AT_ONCE):
            batch = torch.from_numpy(pictures[first : first + _AT_ONCE]).to(device)
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
        return captions

    def _build(self, learned: Learned) -> CaptionNetwork:
        return build(self.settings, len(learned.vocabulary))

    def _facts(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "size": settings.size,
            "channels": settings.channels,
            "hidden": settings.hidden,
            "attention": settings.attention,
            "vocabulary": len(self.vocabulary),
        }

    def _require_size(self, images: Picture) -> None:
        size = self.settings.size
        if images.ndim != 4 or images.shape[1:] != (size, size, 3) or images.dtype != "uint8":
            raise ImageError(
                f"images must be {size} x {size} pixels of uint8, (N, {size}, {size}, 3), "
                f"got {images.shape} of {images.dtype}: read them with read_image(path, {size})"
            )
