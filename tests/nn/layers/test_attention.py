"""Attention against the sums of the papers."""

from __future__ import annotations

import pytest
import torch

from foretell import nn

B, T, S, Q, M = 2, 3, 4, 5, 6


def build(score, memory_size=M):
    torch.manual_seed(0)
    attention = nn.Attention(Q, memory_size, score, 7).double()
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter)
    return attention


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("score", ["additive", "dot", "general"])
def test_contexts_are_the_weighted_sums_of_the_papers(score):
    attention = build(score, Q if score == "dot" else M)
    query, memory = normal(B, T, Q), normal(B, S, Q if score == "dot" else M)
    mask = torch.tensor([[1, 1, 1, 1], [0, 1, 1, 0]]).bool()
    contexts, weights = attention(query, memory, mask=mask)
    assert not weights[1][:, [0, 3]].any()
    for b in range(B):
        for t in range(T):
            chances = []
            for s in range(S):
                q, m = query[b, t], memory[b, s]
                if score == "additive":
                    w = attention
                    inner = w.query.weight @ q + w.query.bias + w.key.weight @ m
                    chance = torch.exp(w.energy.weight[0] @ torch.tanh(inner))
                else:
                    chance = torch.exp(q @ (m if score == "dot" else attention.key.weight @ m))
                chances.append(chance * mask[b, s])
            expected = torch.stack(chances) / sum(chances)
            torch.testing.assert_close(weights[b, t], expected)
            torch.testing.assert_close(contexts[b, t], sum(a * m for a, m in zip(expected, memory[b], strict=True)))
    torch.testing.assert_close(attention(query, memory, attention.keys(memory), mask)[0], contexts, rtol=0, atol=0)


def test_nothing_to_look_at_gives_finite_gradients():
    attention, query, memory = build("additive"), normal(B, T, Q), torch.zeros(B, S, M, dtype=torch.float64)
    contexts, _ = attention(query, memory, mask=torch.zeros(B, S).bool())
    assert not contexts.any()
    assert all(g.isfinite().all() for g in torch.autograd.grad(contexts.sum(), list(attention.parameters())))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match='attention must be "additive", "dot" or "general"'):
        nn.Attention(Q, M, "cosine")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"the same size, got 5 and 6"):
        nn.Attention(Q, M, "dot")
    with pytest.raises(ValueError, match="memory_size"):
        nn.Attention(Q, 0)
