"""The loss from features is torch's cross-entropy over all scores, and so are its gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from foretell.text.translation import loss as module
from foretell.text.translation.loss import token_loss


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("scores_at_once", [1, 200, 10**6])
def test_it_is_torchs_cross_entropy(smoothing: float, scores_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SCORES_AT_ONCE", scores_at_once)
    torch.manual_seed(0)
    inputs = [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in ((23, 8), (30, 8), (30,))]
    targets = torch.randint(0, 30, (23,))
    features, weight, bias = inputs
    due = F.cross_entropy(features @ weight.T + bias, targets, label_smoothing=smoothing)
    found = token_loss(features, weight, bias, targets, smoothing)
    torch.testing.assert_close(found, due)
    for ours, theirs in zip(torch.autograd.grad(3 * found, inputs), torch.autograd.grad(3 * due, inputs), strict=True):
        torch.testing.assert_close(ours, theirs)
    with torch.no_grad():
        torch.testing.assert_close(token_loss(features, weight, bias, targets, smoothing), due.detach())


def test_scores_far_apart_are_no_trouble() -> None:
    features = torch.tensor([[1000.0], [-1000.0]], requires_grad=True)
    weight, bias = torch.tensor([[1.0], [0.0], [-1.0]]), torch.zeros(3)
    found = token_loss(features, weight, bias, torch.tensor([0, 0]), 0.1)
    due = F.cross_entropy(F.linear(features, weight), torch.tensor([0, 0]), label_smoothing=0.1)
    torch.testing.assert_close(found, due)
    assert torch.autograd.grad(found, features)[0].isfinite().all()


def test_half_precision_goes_through_autocast() -> None:
    torch.manual_seed(0)
    features, weight, bias = torch.randn(9, 8), torch.randn(30, 8, requires_grad=True), torch.zeros(30)
    targets = torch.randint(0, 30, (9,))
    with torch.autocast("cpu", torch.bfloat16):
        found = token_loss(features.bfloat16().requires_grad_(), weight, bias, targets, 0.1)
    torch.testing.assert_close(found, token_loss(features, weight, bias, targets, 0.1), rtol=0.02, atol=0.02)
    assert torch.autograd.grad(found, weight)[0].dtype == torch.float32
