"""From a picture to words: convolutions, and a recurrent decoder that looks at what they found."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from foretell.caption.images import BRIGHTNESS
from foretell.caption.settings import HALVINGS, CaptionSettings
from foretell.nn import GRU, EncoderDecoder, VectorToSequence

_PARTS = 4
"""Into so many by so many parts a picture is cut, whose means make up the vector of the whole."""


def build(settings: CaptionSettings, words: int) -> CaptionNetwork:
    """A new network for a vocabulary of so many words; its weights are drawn from torch's random numbers."""
    return CaptionNetwork(settings, words)


class Convolutions(nn.Module):
    """What is where in a picture: features of a grid of places, of shapes and of colours apart.

    Shapes are seen by brightness alone: three convolutions of 3 x 3 that halve the sides, and one that does not, so
    that a place sees 31 pixels around it. Colours are seen two by two pixels, by convolutions of 1 x 1 whose means over
    a place count. So no feature stands for a shape in one colour, and what was learned of a shape holds in every other.
    Each is normalised over the batch (Ioffe & Szegedy, 2015) and rectified; the last are told where each
    place lies (Liu et al., 2018).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        sizes = [1, *(channels << k for k in range(HALVINGS))]
        shapes, colours = sizes[-1], sizes[-2]
        self.halving = nn.Sequential(*(_convolution(a, b, 3, stride=2) for a, b in pairwise(sizes)))
        self.shapes = _convolution(shapes + 2, shapes, 3)
        self.hues = nn.Sequential(_convolution(3, channels, 1), _convolution(channels, colours, 1))
        self.colours = _convolution(colours + 2, colours, 1)
        self.features = shapes + colours

    def forward(self, images: Tensor) -> Tensor:
        """`(B, C, S / 8, S / 8)` from images `(B, S, S, 3)` of uint8."""
        x = images.permute(0, 3, 1, 2).float() / 127.5 - 1
        brightness = torch.einsum("bchw,c->bhw", x, torch.tensor(BRIGHTNESS, device=x.device))[:, None]
        shapes = self.halving(brightness)
        hues = nn.functional.avg_pool2d(self.hues(nn.functional.avg_pool2d(x, 2)), 2 ** (HALVINGS - 1))
        where = _coordinates(shapes)
        grid = [self.shapes(torch.cat([shapes, where], 1)), self.colours(torch.cat([hues, where], 1))]
        return torch.cat(grid, 1)


class CaptionNetwork(nn.Module):
    """Scores of the next word, from a picture and the words before it.

    All words come from one vector (`foretell.nn.VectorToSequence`). With attention the decoder is that of a translation
    (`foretell.nn.EncoderDecoder`), whose source is the places of the picture, one after another, and last the whole.
    """

    def __init__(self, settings: CaptionSettings, words: int) -> None:
        super().__init__()
        hidden = settings.hidden
        self.convolutions = Convolutions(settings.channels)
        features = self.convolutions.features
        whole = features if settings.attention else hidden
        self.summary = nn.Sequential(nn.Linear(features * _PARTS**2, whole), nn.LayerNorm(whole))
        embedding = nn.Sequential(nn.Embedding(words, hidden), nn.Dropout(settings.dropout))
        head = nn.Sequential(nn.Dropout(settings.dropout), nn.Linear(hidden, words))
        self.words: EncoderDecoder | VectorToSequence
        if settings.attention:
            # On one scale, and by bounded scores: otherwise the whole outdoes all places before they have learned.
            places = [nn.Linear(features, hidden), nn.LayerNorm(hidden)]
            decoder = GRU(hidden, hidden, batch_first=True)
            self.words = EncoderDecoder(
                places, decoder, head, target_embedding=embedding, attention="additive", attention_size=-(-hidden // 4)
            )
        else:
            decoder = GRU(hidden + whole, hidden, batch_first=True)
            self.words = VectorToSequence(decoder, head, vector_size=whole, embedding=embedding, into="both")

    def seen(self, images: Tensor) -> Tensor:
        """What the decoder takes of images `(B, S, S, 3)`: places `(B, P + 1, C)`, or one vector `(B, C)`."""
        grid: Tensor = self.convolutions(images)
        whole: Tensor = self.summary(nn.functional.adaptive_avg_pool2d(grid, _PARTS).flatten(1))
        if isinstance(self.words, VectorToSequence):
            return whole
        return torch.cat([grid.flatten(2).transpose(1, 2), whole[:, None]], 1)

    def forward(self, images: Tensor, fed: Tensor, lengths: Tensor) -> Tensor:
        """Scores `(B, T, V)` of the words after those fed `(B, T)`, of which `lengths` `(B,)` count."""
        scores: Tensor = self.words(self.seen(images), fed, target_lengths=lengths)
        return scores


def _convolution(inputs: int, outputs: int, side: int, *, stride: int = 1) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, side, stride=stride, padding=side // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def _coordinates(grid: Tensor) -> Tensor:
    """Return the coordinates of each place of a grid `(B, C, H, W)`, from -1 to 1: `(B, 2, H, W)`."""
    height, width = (torch.linspace(-1, 1, size, device=grid.device) for size in grid.shape[2:])
    down, right = torch.meshgrid(height, width, indexing="ij")
    return torch.stack([right, down]).expand(len(grid), -1, -1, -1)
