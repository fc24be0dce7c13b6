from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from foretell.music.network import BEFORE, METRE_FEATURES, build, metre
from foretell.music.settings import BACKBONES, MusicSettings


def network_of(settings: MusicSettings) -> Any:
    torch.manual_seed(0)
    network = build(settings)
    past = torch.randint(0, 47, (4, network.context + 40))
    network.train()
    with torch.no_grad():
        network(past, torch.zeros(4, dtype=torch.int64))  # so that batch normalisation has seen something
    return network.eval()


def test_metre() -> None:
    features = metre(torch.tensor([0, 70]), 3)
    assert features.shape == (2, 3, METRE_FEATURES)
    voices, sixteenths = features[..., :4].argmax(-1), features[..., 4:].argmax(-1)
    assert voices.tolist() == [[0, 1, 2], [2, 3, 0]]
    assert sixteenths.tolist() == [[0, 0, 0], [1, 1, 2]]
    assert features.sum(-1).tolist() == [[2.0] * 3] * 2


@pytest.mark.parametrize("backbone", BACKBONES)
def test_step_by_step_is_the_same_as_at_once(backbone: str, tiny: Callable[..., MusicSettings]) -> None:
    network = network_of(tiny(backbone, dropout=None))
    context, steps = network.context, 30
    past = torch.randint(0, 47, (2, context + steps - 1))
    past[0, :context] = BEFORE
    position = torch.tensor([0, 8])
    with torch.no_grad():
        whole, _ = network(past, position)
        assert whole.shape == (2, steps, 47)
        state = None
        for first, last in ((0, 1), (1, 2), (2, 11), (11, 30)):
            piece, state = network(past[:, first : last + context - 1], position + first, state)
            torch.testing.assert_close(piece, whole[:, first:last], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_no_note_is_seen_before_its_time(backbone: str, tiny: Callable[..., MusicSettings]) -> None:
    network = network_of(tiny(backbone))
    context, steps = network.context, 20
    past = torch.randint(0, 47, (1, context + steps - 1))
    changed = past.clone()
    changed[0, context + 9] = (past[0, context + 9] + 1) % 47  # note 9, which note 10 is the first to see
    with torch.no_grad():
        one, two = (network(notes, torch.tensor([0]))[0][0] for notes in (past, changed))
    different = (one - two).abs().amax(-1) > 0
    assert different.tolist()[:11] == [False] * 10 + [True]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_voice_and_beat_matter(backbone: str, tiny: Callable[..., MusicSettings]) -> None:
    network = network_of(tiny(backbone))
    past = torch.randint(0, 47, (1, network.context + 5))
    with torch.no_grad():
        outputs = [network(past, torch.tensor([position]))[0] for position in (0, 1, 4, 64)]
    assert not torch.allclose(outputs[0], outputs[1])
    assert not torch.allclose(outputs[0], outputs[2])
    assert torch.equal(outputs[0], outputs[3])


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_usual_size_is_within_400_000_parameters(backbone: str) -> None:
    count = sum(p.numel() for p in build(MusicSettings(backbone=backbone)).parameters())  # type: ignore[arg-type, misc]
    assert 300_000 < count < 400_000
