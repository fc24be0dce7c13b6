"""Frames brought to the rate of samples: repeated, or by transposed convolutions that begin as repetition."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.nn import WaveNet, interpolate
from foretell.nn.layers.upsampling import Upsample


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 6), st.booleans())
def test_both_begin_as_repetition(channels: int, factors: list[int], frames: int, learned: bool) -> None:
    upsample = Upsample(channels, factors, learned=learned)
    x = torch.randn(2, frames, channels)
    steps = upsample(x)
    assert steps.shape == (2, frames * upsample.rate, channels)
    torch.testing.assert_close(steps, x.repeat_interleave(upsample.rate, dim=1), rtol=0, atol=0)
    assert len(list(upsample.parameters())) == (2 * len(factors) if learned else 0)


def trained(channels: int, factors: tuple[int, ...]) -> Upsample:
    upsample = Upsample(channels, factors, learned=True)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in upsample.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return upsample


def test_transposed_convolutions_are_their_sums() -> None:
    upsample = trained(2, (3,))
    (stage,) = upsample.stages
    x = torch.randn(1, 4, 2)
    steps = upsample(x)
    for t in range(12):
        wanted = x[0, t // 3] @ stage.weight[:, :, t % 3] + stage.bias  # type: ignore[index, operator]
        torch.testing.assert_close(steps[0, t], wanted)


def test_pieces_of_frames_give_the_pieces_of_the_whole() -> None:
    upsample = trained(3, (4, 2))
    x = torch.randn(2, 7, 3)
    pieces = [upsample(x[:, first:last]) for first, last in ((0, 1), (1, 4), (4, 7))]
    torch.testing.assert_close(torch.cat(pieces, 1), upsample(x))


def test_gradients_reach_the_frames_and_every_parameter() -> None:
    for learned in (False, True):
        upsample = Upsample(3, (2, 3), learned=learned)
        x = torch.randn(2, 5, 3, requires_grad=True)
        (upsample(x) * torch.randn(2, 30, 3)).sum().backward()
        for tensor in (x, *upsample.parameters()):
            assert tensor.grad is not None
            assert bool((tensor.grad != 0).any())


def test_its_output_conditions_a_wavenet() -> None:
    network = WaveNet(1, 4, 4, 1, (1, 2), local_size=3)
    upsample = Upsample(3, (8,), learned=True)
    assert network(torch.randn(2, 40, 1), local_y=upsample(torch.randn(2, 5, 3))).shape == (2, 40, 1)


def test_wrong_arguments_and_inputs_are_named() -> None:
    with pytest.raises(ValueError, match="channels"):
        Upsample(0, (2,))
    with pytest.raises(ValueError, match="factors must hold at least one"):
        Upsample(2, ())
    with pytest.raises(ValueError, match=r"factors\[1\] must be a whole number"):
        Upsample(2, (4, 0))
    with pytest.raises(ValueError, match=r"input must have the shape \(B, T, 2\)"):
        Upsample(2, (4,))(torch.randn(5, 2))
    assert "factors=(4,), learned=False" in repr(Upsample(2, (4,)))


def test_frames_are_interpolated_between_their_middles():
    frames = torch.tensor([[[0.0, 1.0], [4.0, 1.0], [8.0, 3.0], [8.0, 3.0]]])
    found = interpolate(frames, 4)
    assert found[0, :, 0].tolist() == [2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.0, 8.0]
    expected = torch.nn.functional.interpolate(frames.transpose(1, 2), scale_factor=4, mode="linear").transpose(1, 2)
    torch.testing.assert_close(found, expected[:, 4:-4])
    assert torch.equal(interpolate(frames, 1), frames[:, 1:-1])
