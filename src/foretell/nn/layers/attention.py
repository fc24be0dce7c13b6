"""Attention: a weighted mean of an encoder's outputs for each step of a decoder."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from foretell.nn.layers.convolution import check_sizes

Score = Literal["additive", "dot", "general"]


class Attention(nn.Module):
    """Attention weights over the steps of a memory m_1 ... m_S for each query q, and the weighted mean of the memory.

    a_s = softmax over s of score(q, m_s), context = sum_s a_s m_s, with

    - "additive": score = v . tanh(W_q q + W_m m) (Bahdanau, Cho & Bengio, 2015), `size` features inside the tanh;
    - "dot": score = q . m, for a query and a memory of the same size (Luong, Pham & Manning, 2015);
    - "general": score = q . W_m m (Luong, Pham & Manning, 2015).

    Weights are initialised Glorot uniform. Raises ValueError for another score, and for "dot" with different sizes.
    """

    def __init__(self, query_size: int, memory_size: int, score: Score = "general", size: int | None = None) -> None:
        super().__init__()
        size = query_size if size is None else size
        check_sizes(query_size=query_size, memory_size=memory_size, size=size)
        if score not in get_args(Score):
            raise ValueError(f'attention must be "additive", "dot" or "general", got {score!r}')
        if score == "dot" and query_size != memory_size:
            raise ValueError(
                f'attention="dot" needs a query and a memory of the same size, got {query_size} and {memory_size}: '
                'use "general" or "additive"'
            )
        additive = score == "additive"
        self.score = score
        self.query = nn.Linear(query_size, size) if additive else None
        self.key = None if score == "dot" else nn.Linear(memory_size, size if additive else query_size, bias=False)
        self.energy = nn.Linear(size, 1, bias=False) if additive else None
        for linear in (self.query, self.key, self.energy):
            if linear is not None:
                nn.init.xavier_uniform_(linear.weight)
        if self.query is not None:
            nn.init.zeros_(self.query.bias)

    def keys(self, memory: Tensor) -> Tensor:
        """Compute the keys `(B, S, K)` of a memory `(B, S, memory_size)`, once for all queries."""
        return memory if self.key is None else self.key(memory)

    def forward(
        self, query: Tensor, memory: Tensor, keys: Tensor | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Compute contexts `(B, T, memory_size)` and weights `(B, T, S)` from queries `(B, T, query_size)`.

        `memory` is `(B, S, memory_size)`, `keys` the result of `keys(memory)`, and `mask` `(B, S)` is false for steps
        that get no weight. If it is false for all steps of a sequence, the weights are uniform.
        """
        keys = self.keys(memory) if keys is None else keys
        if self.query is not None and self.energy is not None:
            scores = self.energy(torch.tanh(self.query(query)[:, :, None] + keys[:, None]))[..., 0]
        else:
            scores = query @ keys.transpose(1, 2)
        if mask is not None:
            # The lowest finite number rather than -inf, because a softmax over nothing but -inf would be NaN.
            scores = scores.masked_fill(~mask[:, None], torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, -1)
        return weights @ memory, weights
