"""How a network for sound begins."""

from __future__ import annotations

import torch

from foretell.audio.network import build, head_of
from foretell.audio.settings import AudioSettings

SETTINGS = AudioSettings(layers=3, cycles=2, residual=7, skip=11)


def test_levels_that_are_neighbours_begin_alike() -> None:
    network = build(SETTINGS, head_of(SETTINGS), 0, seed=0)
    rows = network.input.weight.detach()[:, :, 0].T
    assert rows.shape == (256, 7)
    apart = torch.cdist(rows, rows)
    assert (apart.diagonal(1) < 0.1 * apart.max()).all()
    assert (apart[~torch.eye(256, dtype=torch.bool)] > 0).all()


def test_the_skip_sum_begins_at_the_size_of_a_share() -> None:
    network = build(SETTINGS, head_of(SETTINGS), 0, seed=0)
    bound = (6 / (7 + 11) / 6) ** 0.5
    for layer in network.layers:
        shares = layer.mixed.weight.detach()[-11:]  # type: ignore[index, operator, union-attr]
        assert 0.8 * bound < shares.abs().max() <= bound


def test_one_seed_gives_one_network_and_leaves_torchs_own() -> None:
    state = torch.get_rng_state()
    first, second = (build(SETTINGS, head_of(SETTINGS), 2, seed=3) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
