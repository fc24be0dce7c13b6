from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from foretell import SettingsError
from foretell.music.generation import LONGEST, _drawn_step_by_step, compose
from foretell.music.network import BEFORE, build
from foretell.music.notes import classes_of, is_note
from foretell.music.settings import BACKBONES, MusicSettings
from foretell.nn.heads import Sampling


def network_of(settings: MusicSettings) -> Any:
    torch.manual_seed(1)
    return build(settings).eval()


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_piece(backbone: str, tiny: Callable[..., MusicSettings], cadences: Any) -> None:
    network = network_of(tiny(backbone))
    start = cadences(1)[:5]
    piece = compose(network, 7, start=start, seed=3)
    assert piece.shape == (12, 4)
    assert (piece[:5] == start).all()
    assert all(is_note(pitch) for pitch in piece.ravel().tolist())
    assert len(np.unique(piece[5:])) > 5
    assert (compose(network, 7, start=start, seed=3) == piece).all()
    assert (compose(network, 4, start=start, seed=3) == piece[:9]).all()
    assert (compose(network, 7, start=start, seed=4) != piece).any()
    assert compose(network, 2).shape == (2, 4)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("given", [0, 3])
def test_the_likeliest_notes_are_those_of_the_whole_sequence(
    backbone: str, given: int, tiny: Callable[..., MusicSettings], cadences: Any
) -> None:
    network = network_of(tiny(backbone))
    piece = compose(network, 9, start=cadences(1)[:given], sampling=Sampling(top_k=1))
    classes = torch.from_numpy(classes_of(piece).reshape(1, -1))
    past = torch.cat([torch.full((1, network.context), BEFORE), classes[:, :-1]], 1)
    with torch.no_grad():
        logits, _ = network(past, torch.tensor([0]))
    assert torch.equal(logits.argmax(-1)[:, 4 * given :], classes[:, 4 * given :])


@pytest.mark.parametrize("given", [0, 5])
def test_the_generator_draws_what_steps_would(given: int, tiny: Callable[..., MusicSettings], cadences: Any) -> None:
    network = network_of(tiny("wavenet"))
    start, sampling = cadences(1)[:given], Sampling(temperature=0.8, top_k=20, top_p=0.95)
    shares: list[float] = []
    piece = compose(network, 70, start=start, sampling=sampling, seed=5, on_progress=shares.append)
    known = torch.from_numpy(classes_of(start).reshape(1, -1))
    stepped = torch.cat(list(_drawn_step_by_step(network, known, 280, sampling, 5)), 1)
    assert classes_of(piece[given:]).reshape(1, -1).tolist() == stepped.tolist()
    assert shares == [64 / 70, 1.0]


def test_refusals(tiny: Callable[..., MusicSettings], cadences: Any) -> None:
    network = network_of(tiny())
    for chords in (0, -1, LONGEST + 1):
        with pytest.raises(SettingsError, match="at least 1"):
            compose(network, chords)
    with pytest.raises(SettingsError, match="after 16 given ones"):
        compose(network, LONGEST, start=cadences(1))
    with pytest.raises(SettingsError, match="seed is -1"):
        compose(network, 1, seed=-1)
    with pytest.raises(SettingsError, match="temperature"):
        Sampling(temperature=0.0)
