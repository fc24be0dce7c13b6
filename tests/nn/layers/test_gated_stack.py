"""The non-causal gated stack."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from foretell.nn import GatedStack


def test_the_equations() -> None:
    torch.manual_seed(0)
    stack: Any = GatedStack(3, 4, (1, 2), conditioning_size=2)
    x, y = torch.randn(2, 7, 3), torch.randn(2, 2)
    h, total = stack.input(x), torch.zeros(2, 7, 4)
    for k, dilation in enumerate((1, 2)):
        padded = torch.nn.functional.pad(h, (0, 0, dilation, dilation))
        taps = [padded[:, tap * dilation : tap * dilation + 7] for tap in range(3)]
        weight, mixed = stack.gated[k].weight, stack.mixed[k]
        summed = sum(tap @ weight[:, :, n].T for n, tap in enumerate(taps)) + stack.gated[k].bias
        assert stack.conditioning is not None
        summed = summed + stack.conditioning(y)[:, None, 8 * k : 8 * (k + 1)]
        z = torch.tanh(summed[..., :4]) * torch.sigmoid(summed[..., 4:])
        shares = z @ mixed.weight[:, :, 0].T + mixed.bias
        total = total + shares[..., -4:]
        h = h + shares[..., :4]
    assert torch.allclose(stack(x, y), torch.relu(total / 2**0.5), atol=1e-6)


def test_an_output_depends_on_reach_steps_both_ways() -> None:
    stack: Any = GatedStack(1, 4, (1, 3), 5)
    assert stack.reach == 8
    with torch.no_grad():
        for mixed in stack.mixed:
            mixed.bias.add_(9)  # relu lets everything through
    x = torch.randn(1, 31, 1, requires_grad=True)
    (gradient,) = torch.autograd.grad(stack(x)[0, 15].sum(), x)
    seen = torch.nonzero(gradient[0, :, 0])[:, 0]
    assert (int(seen.min()), int(seen.max())) == (7, 23)


def test_a_sequence_gives_the_same_in_a_padded_batch_as_alone() -> None:
    torch.manual_seed(1)
    stack: Any = GatedStack(2, 8, (1, 2, 4)).eval()
    x = torch.randn(2, 12, 2)
    mask = torch.arange(12) < torch.tensor([[12], [7]])
    together = stack(x, mask=mask)
    assert torch.allclose(together[1, :7], stack(x[1:, :7])[0], atol=1e-6)
    assert torch.allclose(together[0], stack(x[:1])[0], atol=1e-6)
    assert not together[1, 7:].any()


def test_dropout_only_in_training() -> None:
    stack: Any = GatedStack(2, 8, dropout=0.5)
    x = torch.randn(1, 9, 2)
    assert not torch.equal(stack(x), stack(x))
    stack.eval()
    assert torch.equal(stack(x), stack(x))


def test_gradients_by_finite_differences() -> None:
    torch.manual_seed(2)
    stack: Any = GatedStack(2, 3, (1, 2), conditioning_size=2).double()
    with torch.no_grad():
        for mixed in stack.mixed:
            mixed.bias.add_(1)
    x, y = (torch.randn(2, *s, dtype=torch.float64, requires_grad=True) for s in ((5, 2), (2,)))
    assert torch.autograd.gradcheck(stack, (x, y))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kernel_size": 2}, "kernel_size must be odd"),
        ({"dilations": ()}, "dilations must name"),
        ({"dilations": (0,)}, r"dilations\[0\]"),
        ({"dropout": 1.0}, "dropout must be"),
        ({"channels": 0}, "channels"),
    ],
)
def test_refuses(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GatedStack(**{"input_size": 2, "channels": 4, **arguments})  # type: ignore[arg-type]


def test_refuses_conditioning_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="y must be given"):
        GatedStack(2, 4)(torch.zeros(1, 3, 2), torch.zeros(1, 2))
    with pytest.raises(ValueError, match="y must be given"):
        GatedStack(2, 4, conditioning_size=3)(torch.zeros(1, 3, 2))
