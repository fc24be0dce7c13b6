"""What a caption network is trained on: pictures, moved a little, each with one of its captions; how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from foretell.caption.images import BRIGHTNESS, Picture
from foretell.caption.settings import CaptionSettings
from foretell.caption.table import Captioned
from foretell.model import score as model_score
from foretell.nn import sequence_loss
from foretell.text.batches import padded
from foretell.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary

_PALEST = 0.1
"""Of its colours a picture keeps at least so much, by which they can still be told."""
_AT_ONCE = 256
"""Pictures, where nothing is learned."""


@dataclass(frozen=True)
class Score(model_score.Score):
    """Scores of captions of held-out pictures, predicted and generated."""

    labels: ClassVar[dict[str, str]] = {"loss": "nats per word", "exact": "exact captions"}
    loss: float
    """Nats per word, or part of a word, given the picture and the words before it: the mean over all captions."""
    exact: float
    """Share of the pictures whose caption was written word for word as one of those given."""
    images: int


class TrainingTask:
    """Batches of pictures in random order, all of them once an epoch, and the loss on them."""

    def __init__(self, data: Captioned, vocabulary: Vocabulary, settings: CaptionSettings) -> None:
        self._images = data.images
        self._settings = settings
        self._tokens = [_tokens(vocabulary, captions, settings.longest) for captions in data.captions]
        self.cut = sum(row[-1] != END for rows in self._tokens for row in rows)
        """Captions of which the beginning alone is read."""
        self._size = min(settings.batch_size, len(data))
        self._epoch: tuple[int, NDArray[np.int64]] | None = None

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches of all pictures."""
        return len(self._images) // self._size

    def batch(self, number: int) -> dict[str, Tensor]:
        """Batch `number`: pictures moved a little, some paler, each with one of its captions; of the words fed some are
        hidden and some are others."""
        random = np.random.default_rng([self._settings.training.seed, number])
        rows = self._rows(number)
        images = np.stack([moved(self._images[k], self._settings.shift, random) for k in rows])
        chosen = [self._tokens[k][random.integers(len(self._tokens[k]))] for k in rows]
        pale = random.random(len(rows)) < self._settings.pale
        left = _PALEST + (1 - _PALEST) * random.random(int(pale.sum())) ** 2
        images[pale] = paler(images[pale], left[:, None, None, None])
        batch = _batch(images, chosen)
        fed = batch["fed"]
        read = torch.arange(fed.shape[1]) < batch["lengths"][:, None]
        read[:, 0] = False
        words = fed[read]
        fed[read & _drawn(fed, self._settings.forgotten, random)] = UNKNOWN
        mistaken = read & _drawn(fed, self._settings.mistaken, random)
        if len(words):
            fed[mistaken] = words[torch.from_numpy(random.integers(0, len(words), int(mistaken.sum())))]
        return batch

    def loss(self, network: nn.Module, batch: dict[str, Tensor], _: object) -> tuple[Tensor, object]:
        """The mean cross-entropy of a word, in nats, from what is due, smoothed."""
        entropy = partial(F.cross_entropy, label_smoothing=self._settings.smoothing)
        return _loss(network, batch, entropy), None

    def _rows(self, number: int) -> NDArray[np.int64]:
        """Whose turn it is: the pictures of an epoch in a new order, but for the few that make no whole batch."""
        epoch, place = divmod(number, self.batches_per_epoch)
        if self._epoch is None or self._epoch[0] != epoch:
            order = np.random.default_rng([self._settings.training.seed, epoch, 1]).permutation(len(self._images))
            self._epoch = epoch, order
        rows: NDArray[np.int64] = self._epoch[1][place * self._size : (place + 1) * self._size]
        return rows


def mean_loss(network: nn.Module, data: Captioned, vocabulary: Vocabulary, settings: CaptionSettings) -> float:
    """Nats a word over all captions of the pictures; `network` is in evaluation mode."""
    device = next(network.parameters()).device
    pairs = [
        (k, tokens)
        for k, captions in enumerate(data.captions)
        for tokens in _tokens(vocabulary, captions, settings.longest)
    ]
    total = words = 0.0
    with torch.no_grad():
        for first in range(0, len(pairs), _AT_ONCE):
            rows, tokens = zip(*pairs[first : first + _AT_ONCE], strict=True)
            batch = {name: tensor.to(device) for name, tensor in _batch(data.images[list(rows)], tokens).items()}
            count = int(batch["lengths"].sum())
            total += float(_loss(network, batch, F.cross_entropy)) * count
            words += count
    return total / words


def exact_share(written: Sequence[str], captions: Sequence[Sequence[str]]) -> float:
    """The share of the captions written that are, blanks apart, one of those given for their picture."""
    known = [{" ".join(caption.split()) for caption in given} for given in captions]
    return sum(" ".join(text.split()) in given for text, given in zip(written, known, strict=True)) / len(known)


def _loss(network: nn.Module, batch: dict[str, Tensor], entropy: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    scores = network(batch["images"], batch["fed"], batch["lengths"])
    return sequence_loss(scores, batch["due"], entropy, ignore=PAD)


def _drawn(tokens: Tensor, share: float, random: np.random.Generator) -> Tensor:
    """True for a share of them."""
    return torch.from_numpy(random.random(tokens.shape) < share)


def _tokens(vocabulary: Vocabulary, captions: Sequence[str], longest: int) -> list[list[int]]:
    """Each caption from START to END; one that is cut off has no END."""
    return [[START, *tokens, END][: longest + 1] for tokens in vocabulary.encode(captions)]


def _batch(images: Picture, tokens: Sequence[Sequence[int]]) -> dict[str, Tensor]:
    fed, lengths = padded([row[:-1] for row in tokens])
    due, _ = padded([row[1:] for row in tokens])
    return {"images": torch.from_numpy(images), "fed": fed, "due": due, "lengths": lengths}


def moved(image: Picture, most: int, random: np.random.Generator) -> Picture:
    """The picture moved by up to `most` pixels right or left and up or down; its edge fills what is left free."""
    places = np.arange(len(image))
    down, right = (np.clip(places + by, 0, len(image) - 1) for by in random.integers(-most, most + 1, 2))
    shifted: Picture = image[down[:, None], right]
    return shifted


def paler(images: Picture, left: float | NDArray[np.float64]) -> Picture:
    """The pictures `(..., 3)` with what is `left`, from 0 to 1, of their colours: without any they are grey.

    Their brightness stays.
    """
    brightness = (images @ np.array(BRIGHTNESS))[..., None]
    mixed: Picture = np.rint(left * images + (1 - left) * brightness).astype(np.uint8)
    return mixed
