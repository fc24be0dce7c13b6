"""The loss over the outputs that count, against a plain sum over them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from foretell import nn

B, T, V = 3, 4, 5
LENGTHS = torch.tensor([4, 0, 2])


def scores():
    return torch.randn(B, T, V, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_mean_over_the_steps_that_count():
    outputs, targets = scores(), torch.arange(B * T).view(B, T) % V
    mask = torch.tensor([[1, 0, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1]]).bool()
    log = outputs - outputs.exp().sum(-1, keepdim=True).log()
    for given in (
        {},
        {"lengths": LENGTHS},
        {"mask": mask},
        {"ignore": 2},
        {"lengths": LENGTHS, "mask": mask, "ignore": 2},
    ):
        total = [
            -log[b, t, targets[b, t]]
            for b in range(B)
            for t in range(T)
            if ("lengths" not in given or t < LENGTHS[b])
            and ("mask" not in given or mask[b, t])
            and ("ignore" not in given or targets[b, t] != 2)
        ]
        torch.testing.assert_close(nn.sequence_loss(outputs, targets, **given), torch.stack(total).mean())


def test_real_values_some_of_them_missing():
    outputs, targets = scores(), scores() + 2
    targets[0, 0, 1] = targets[2, 1, 3] = torch.nan
    known = targets.isfinite()
    squares = [(outputs[i] - targets[i]) ** 2 for i in map(tuple, known.nonzero().tolist()) if i[1] < LENGTHS[i[0]]]
    for loss in (F.mse_loss, lambda a, b: (a - b) ** 2):
        actual = nn.sequence_loss(outputs, targets, loss, mask=known, lengths=LENGTHS)
        torch.testing.assert_close(actual, torch.stack(squares).mean())


@pytest.mark.parametrize("padding", [torch.nan, torch.inf, -torch.inf])
def test_what_does_not_count_has_a_gradient_of_exactly_zero(padding):
    counts = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 1]]).bool()
    outputs = scores()
    outputs[~counts] = padding
    outputs.requires_grad_()
    targets = torch.where(counts, 1, -7)
    clean = torch.where(counts[..., None], scores(), 0).requires_grad_()
    (expected,) = torch.autograd.grad(F.cross_entropy(clean[counts], targets[counts]), clean)
    for given in ({"mask": counts}, {"ignore": -7}):
        (gradient,) = torch.autograd.grad(nn.sequence_loss(outputs, targets, **given), outputs)
        assert not gradient[~counts].any()
        torch.testing.assert_close(gradient, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("layer", ["GRU", "WaveNet"])
def test_what_is_unknown_in_the_padding_never_reaches_the_parameters(layer):
    body = nn.GRU(2, 3, batch_first=True) if layer == "GRU" else nn.WaveNet(2, 3, 3, dilations=(1, 2))
    net = nn.SequenceToSequence(body, torch.nn.Linear(3, V))
    x = torch.randn(B, T, 2)
    x[0, 3:] = x[2, 1:] = torch.nan
    lengths = torch.tensor([3, 4, 1])
    loss = nn.sequence_loss(net(x, lengths=lengths)[0], torch.zeros(B, T, dtype=torch.long), lengths=lengths)
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in net.parameters())


def test_wrong_arguments_are_named():
    outputs, targets = scores(), torch.zeros(B, T, dtype=torch.long)
    with pytest.raises(ValueError, match="no output counts"):
        nn.sequence_loss(outputs, targets, lengths=torch.zeros(B, dtype=torch.long))
    with pytest.raises(ValueError, match="no output counts"):
        nn.sequence_loss(outputs, targets, ignore=0)
    with pytest.raises(ValueError, match=r"outputs and targets .* got \(3, 4, 5\) and \(3, 3\)"):
        nn.sequence_loss(outputs, targets[:, :3])
    with pytest.raises(ValueError, match="mask must have the leading dimensions"):
        nn.sequence_loss(outputs, targets, mask=torch.ones(B, T, V).bool())
    with pytest.raises(ValueError, match="mask must be boolean"):
        nn.sequence_loss(outputs, targets, mask=torch.ones(B, T))
    with pytest.raises(ValueError, match="lengths must lie between 0 and the 4 steps"):
        nn.sequence_loss(outputs, targets, lengths=torch.tensor([1, 5, 2]))
