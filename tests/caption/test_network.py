from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from foretell.caption import CaptionSettings
from foretell.caption.network import build


@pytest.mark.parametrize("attention", [True, False])
def test_a_batch_gives_what_its_rows_give(attention: bool, tiny: Callable[..., CaptionSettings]) -> None:
    torch.manual_seed(0)
    network = build(tiny(attention=attention), 20).eval()
    images = torch.randint(0, 256, (3, 16, 16, 3), dtype=torch.uint8)
    fed, lengths = torch.randint(4, 20, (3, 6)), torch.tensor([6, 2, 4])
    with torch.no_grad():
        whole = network(images, fed, lengths)
        for k, length in enumerate(lengths.tolist()):
            alone = network(images[k : k + 1], fed[k : k + 1, :length], lengths[k : k + 1])
            torch.testing.assert_close(whole[k, :length], alone[0])
            assert (whole[k, length:] == 0).all()


@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("size", [16, 40, 64])
def test_shapes(size: int, attention: bool, tiny: Callable[..., CaptionSettings]) -> None:
    network = build(tiny(size=size, attention=attention), 9).eval()
    images = torch.randint(0, 256, (2, size, size, 3), dtype=torch.uint8)
    places = (size // 8) ** 2 + 1
    assert network.seen(images).shape == ((2, places, 24) if attention else (2, 16))
    scores = network(images, torch.ones(2, 3, dtype=torch.int64), torch.tensor([3, 1]))
    assert scores.shape == (2, 3, 9)


@pytest.mark.parametrize("attention", [True, False])
def test_every_weight_learns(attention: bool, tiny: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    network = build(tiny(attention=attention), 9)
    images = torch.randint(0, 256, (4, 16, 16, 3), dtype=torch.uint8)
    network(images, torch.randint(4, 9, (4, 3)), torch.tensor([3, 1, 2, 3])).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_words_depend_on_where_things_are(tiny: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    network = build(tiny(attention=False), 9).eval()
    image = torch.full((1, 32, 32, 3), 255, dtype=torch.uint8)
    left, right = image.clone(), image.clone()
    left[:, 12:18, 8:12] = right[:, 12:18, 16:20] = 0
    with torch.no_grad():
        assert not torch.allclose(network.seen(left), network.seen(right), atol=1e-4)


def test_shapes_are_seen_by_brightness_alone_and_colours_without_shapes(tiny: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    convolutions = build(tiny(), 9).convolutions.eval()
    image = torch.full((1, 16, 16, 3), 255, dtype=torch.uint8)
    blue, brown, mirrored = image.clone(), image.clone(), image.clone()
    blue[:, 2:6, 0:4] = torch.tensor([50, 100, 200], dtype=torch.uint8)
    brown[:, 2:6, 0:4] = torch.tensor([94, 104, 64], dtype=torch.uint8)  # as bright
    mirrored[:, 2:6, 4:8] = torch.tensor([50, 100, 200], dtype=torch.uint8)
    shapes = convolutions.features - convolutions.colours[0].out_channels  # type: ignore[index]
    with torch.no_grad():
        a, b, c = (convolutions(picture) for picture in (blue, brown, mirrored))
    torch.testing.assert_close(a[:, :shapes], b[:, :shapes])
    assert not torch.allclose(a[:, shapes:], b[:, shapes:], atol=1e-3)
    torch.testing.assert_close(a[:, shapes:], c[:, shapes:])  # within one place of 8 x 8 pixels
    assert not torch.allclose(a[:, :shapes], c[:, :shapes], atol=1e-3)
