"""Draws from logits, against the rules followed entry by entry in double precision."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from foretell.errors import SettingsError
from foretell.nn.heads.sampling import Sampling, draw

INF = math.inf
CLOSE = 1e-4


def by_hand(logits: list[float], u: float, sampling: Sampling) -> tuple[int, float]:
    """The index, and how far the decisions were from going the other way."""
    scaled = [logit / sampling.temperature for logit in logits]
    order = sorted(range(len(logits)), key=lambda i: (-scaled[i], i))[: sampling.top_k]
    weights = {i: math.exp(scaled[i] - max(scaled)) for i in order}
    margin = INF
    if sampling.top_p is not None and sampling.top_p < 1:
        total, running, kept = sum(weights.values()), 0.0, {}
        for i in order:
            if running / total >= sampling.top_p:
                break
            kept[i] = weights[i]
            running += weights[i]
            margin = min(margin, abs(running / total - sampling.top_p))
        weights = kept
    total, running = sum(weights.values()), 0.0
    for i in sorted(weights):
        running += weights[i]
        margin = min(margin, abs(running / total - u))
        if running > u * total:
            return i, margin
    return max(weights), 0.0


logit_rows = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.floats(-30, 30, width=32), st.just(-INF)), min_size=1, max_size=20
).filter(lambda row: max(row) > -INF)


@settings(max_examples=400)
@given(
    logits=logit_rows,
    u=st.floats(0, 1, exclude_max=True, width=32),
    temperature=st.sampled_from([0.25, 0.7, 1.0, 3.0]),
    top_k=st.none() | st.integers(1, 25),
    top_p=st.none() | st.floats(0.01, 1),
)
@example(logits=[1.0, 1.0, 1.0], u=0.9, temperature=1.0, top_k=2, top_p=None)
@example(logits=[0.0, 2.0, 2.0, 0.0], u=0.1, temperature=1.0, top_k=None, top_p=0.1)
@example(logits=[-INF, 0.0, -INF], u=0.999, temperature=0.7, top_k=3, top_p=1.0)
def test_as_by_hand(logits: list[float], u: float, temperature: float, top_k: int | None, top_p: float | None) -> None:
    sampling = Sampling(temperature, top_k, top_p)
    expected, margin = by_hand(logits, u, sampling)
    assume(margin > CLOSE)
    for dtype in (torch.float32, torch.float64):
        assert draw(torch.tensor([logits], dtype=dtype), torch.tensor([u]), sampling).tolist() == [expected]


def test_rows_do_not_meet() -> None:
    logits = torch.randn(64, 30, generator=torch.Generator().manual_seed(0)) * 3
    uniforms = torch.rand(64, generator=torch.Generator().manual_seed(1))
    for sampling in (Sampling(), Sampling(0.5, top_k=7), Sampling(2.0, top_p=0.6), Sampling(1.3, 9, 0.8)):
        together = draw(logits, uniforms, sampling)
        assert together.dtype == torch.int64
        assert together.tolist() == [int(draw(logits[i : i + 1], uniforms[i : i + 1], sampling)) for i in range(64)]


def test_frequencies_are_the_probabilities() -> None:
    logits = torch.tensor([0.0, 1.0, -1.0, 2.0, -INF])
    # Numbers at equal distances: each level is hit as often as its probability says, to one hit.
    count = 20_000
    uniforms = (torch.arange(count) + 0.5) / count
    for sampling in (Sampling(), Sampling(0.5), Sampling(4.0)):
        drawn = draw(logits.expand(count, -1), uniforms, sampling)
        expected = torch.softmax(logits / sampling.temperature, 0)
        assert (torch.bincount(drawn, minlength=5) - count * expected).abs().max() <= 1.1


@pytest.mark.parametrize(
    ("sampling", "kept"),
    [
        (Sampling(top_k=1), {1}),
        (Sampling(top_k=2), {1, 2}),
        (Sampling(top_k=3), {0, 1, 2}),
        (Sampling(top_k=9), {0, 1, 2, 3}),
        (Sampling(top_p=1e-6), {1}),
        (Sampling(top_p=1.0), {0, 1, 2, 3}),
        # Of the two likeliest, each has half: the first reaches 0.5 alone.
        (Sampling(top_k=2, top_p=0.5), {1}),
        (Sampling(top_k=2, top_p=0.5001), {1, 2}),
    ],
)
def test_what_is_kept(sampling: Sampling, kept: set[int]) -> None:
    logits = torch.tensor([1.0, 2.0, 2.0, 1.0])
    uniforms = torch.arange(1000) / 1000
    assert set(draw(logits.expand(1000, -1), uniforms, sampling).tolist()) == kept


def test_equal_logits_and_the_edges_of_their_shares() -> None:
    logits = torch.zeros(1, 4)
    for u, index in ((0.0, 0), (0.2499999, 0), (0.25, 1), (0.5, 2), (0.75, 3), (1 - 2.0**-24, 3), (1.0, 3)):
        assert int(draw(logits, torch.tensor([u], dtype=torch.float64), Sampling())) == index
    assert int(draw(logits, torch.tensor([0.999]), Sampling(top_p=0.25))) == 0
    assert int(draw(logits, torch.tensor([0.999]), Sampling(top_p=0.75))) == 2


@pytest.mark.parametrize("temperature", [1e-30, 1e-3, 1.0, 1e30])
def test_extreme_logits(temperature: float) -> None:
    logits = torch.tensor([[1e4, -1e4, 1e4 - 1000], [-1e4, -1e4, -9000]])
    drawn = draw(logits, torch.tensor([0.3, 0.3]), Sampling(temperature))
    # Divided by 1e30, all are alike.
    assert drawn.tolist() == ([0, 0] if temperature == 1e30 else [0, 2])
    assert draw(logits, torch.tensor([0.99, 0.99]), Sampling(temperature, top_k=1)).tolist() == [0, 2]


def test_a_level_without_a_chance_is_never_drawn() -> None:
    logits = torch.tensor([[-INF, 0.0, -INF, 0.0, -INF]])
    for u, sampling in itertools.product((0.0, 0.49, 1 - 2.0**-24, 1.0), (Sampling(), Sampling(top_k=4, top_p=1.0))):
        assert int(draw(logits, torch.tensor([u]), sampling)) in (1, 3)


@pytest.mark.parametrize("row", [[math.nan, 0.0], [INF, 0.0], [-INF, -INF]])
def test_what_is_no_distribution(row: list[float]) -> None:
    for sampling in (Sampling(), Sampling(top_k=1), Sampling(top_p=0.5)):
        with pytest.raises(ValueError, match="no distribution"):
            draw(torch.tensor([[0.0, 1.0], row]), torch.tensor([0.5, 0.5]), sampling)


@pytest.mark.parametrize("temperature", [0, 0.0, -1.0, INF, math.nan, 1e-31])
def test_temperatures_that_make_no_sense(temperature: float) -> None:
    with pytest.raises(SettingsError, match=r"temperature must be a number above 0 .* use top_k=1"):
        Sampling(temperature)


def test_numbers_that_make_no_sense() -> None:
    for top_k in (0, -3, 2.0, True):
        with pytest.raises(SettingsError, match=r"top_k must be .*at least 1"):
            Sampling(top_k=top_k)  # type: ignore[arg-type]
    for top_p in (0.0, -0.1, 1.01, math.nan):
        with pytest.raises(SettingsError, match="top_p must be above 0 and at most 1"):
            Sampling(top_p=top_p)
