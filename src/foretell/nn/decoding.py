"""Tokens out of a network that predicts the next one: the likeliest, a random draw, or a beam search."""

from __future__ import annotations

from typing import Any, Protocol, Required, TypedDict

import torch
from torch import Tensor, nn


class Decoder(Protocol):
    """What predicts the next token of N sequences from the last one and a state."""

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The scores `(N, V)` of the next tokens, from the last ones `(N,)`, and the state after them."""
        ...

    def select(self, state: Any, rows: Tensor) -> Any:
        """The state of the sequences `rows` `(M, K)`, each row of which continues one of the M sequences decoded."""
        ...


class Search(TypedDict, total=False):
    """How tokens are chosen, for `generate`.

    - `max_steps`: at most so many tokens; `end`: the token that ends a sequence, if there is one.
    - `temperature`: 0 takes the likeliest token, more draws from softmax(scores / temperature) with `generator`.
    - `beam_size` above 1 searches with so many hypotheses a sequence; it needs `end`, and draws nothing.
    - `length_penalty`: alpha of Wu et al. (2016), for the beam search; 0.6 if left out.
    """

    max_steps: Required[int]
    end: int | None
    temperature: float
    generator: torch.Generator | None
    beam_size: int
    length_penalty: float


@torch.no_grad()
def generate(
    decoder: Decoder,
    state: Any,
    start: Tensor,
    *,
    max_steps: int,
    end: int | None = None,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    beam_size: int = 1,
    length_penalty: float = 0.6,
) -> tuple[Tensor, Tensor]:
    """The tokens `(B, T)` that follow the tokens `start` `(B,)`, and how many they are `(B,)`.

    The arguments: see `Search`. A sequence's tokens end before `end`, which is not counted and fills what is left of
    its row; T is the longest length. Raises ValueError for numbers out of range, and for arguments at odds.
    """
    if max_steps < 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"temperature must be a number from 0 on, got {temperature}")
    if beam_size > 1:
        if temperature:
            raise ValueError("a beam search draws nothing: take temperature=0 or beam_size=1")
        if end is None:
            raise ValueError("a beam search needs end, the token that ends a sequence")
    if beam_size != 1:
        return beam_search(
            decoder, state, start, max_steps=max_steps, end=end or 0, beam_size=beam_size, length_penalty=length_penalty
        )
    tokens, active = start, torch.arange(len(start), device=start.device)
    ids = start.new_full((len(start), max_steps), 0 if end is None else end)
    lengths = torch.full_like(start, max_steps)
    for t in range(max_steps):
        scores, state = decoder.step(tokens, state)
        tokens = _draw(scores, temperature, generator)
        ids[active, t] = tokens
        ended = tokens == end if end is not None else torch.zeros_like(tokens, dtype=torch.bool)
        if ended.any():
            lengths[active[ended]] = t
            going = (~ended).nonzero()[:, 0]
            if not len(going):
                break
            active, tokens, state = active[going], tokens[going], decoder.select(state, going[:, None])
    return ids[:, : _longest(lengths)], lengths


@torch.no_grad()
def beam_search(
    decoder: Decoder,
    state: Any,
    start: Tensor,
    *,
    max_steps: int,
    end: int,
    beam_size: int,
    length_penalty: float = 0.6,
) -> tuple[Tensor, Tensor]:
    """The best-scoring tokens `(B, T)` found to follow `start` `(B,)`, and how many they are `(B,)`, as by `generate`.

    A hypothesis Y scores log P(Y) / ((5 + |Y|) / 6)^alpha, alpha the `length_penalty` (Wu et al., 2016), |Y| and P(Y)
    counting `end`. Each step extends the `beam_size` best unfinished hypotheses by every token; an extension by `end`
    is finished if it is among the `beam_size` best ones, and takes no place from the unfinished. The search is over at
    `beam_size` finished hypotheses, or when none can score better; hypotheses cut off at `max_steps` count where none
    has finished. A beam of 1 is the greedy choice. Raises ValueError for numbers out of range.
    """
    if beam_size < 1:
        raise ValueError(f"beam_size must be at least 1, got {beam_size}")
    if max_steps < 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    if not length_penalty >= 0:
        raise ValueError(f"length_penalty must be a number from 0 on, got {length_penalty}")

    penalties = [((5 + length) / 6) ** length_penalty for length in range(max_steps + 1)]

    batch, device = len(start), start.device
    ids = start.new_full((batch, max_steps), end)
    lengths = torch.full_like(start, max_steps)
    # In double precision, which Apple's GPUs lack, sums over long sequences stay in the order of their last terms.
    precise = torch.float32 if device.type == "mps" else torch.float64
    best = torch.full((batch,), -torch.inf, device=device, dtype=precise)
    finished = torch.zeros(batch, device=device, dtype=torch.int64)
    active = torch.arange(batch, device=device)
    state = decoder.select(state, active[:, None].expand(-1, beam_size))
    paths = start[:, None, None].expand(-1, beam_size, -1)
    # All hypotheses are the same at the start: only the first of each sequence counts.
    totals = torch.full((batch, beam_size), -torch.inf, device=device, dtype=precise)
    totals[:, 0] = 0
    for t in range(max_steps):
        scores, state = decoder.step(paths[:, :, -1].flatten(), state)
        # At most one extension of a hypothesis ends it, so of twice as many as needed enough go on.
        likely, tokens = scores.topk(min(2 * beam_size, scores.shape[-1]))
        chances = (likely.to(precise) - scores.logsumexp(-1, keepdim=True).to(precise)).view(*totals.shape, -1)
        found, at = (totals[:, :, None] + chances).flatten(1).topk(min(2 * beam_size, beam_size * likely.shape[-1]))
        origin, tokens = at // likely.shape[-1], tokens.reshape(len(active), -1).gather(1, at)
        extended = torch.cat([paths.gather(1, origin[:, :, None].expand(-1, -1, t + 1)), tokens[:, :, None]], 2)

        ended = (tokens == end) & found.isfinite()
        final = found.masked_fill(~ended, -torch.inf)[:, :beam_size] / penalties[t + 1]
        finished[active] += ended[:, :beam_size].sum(1)
        score, which = final.max(1)
        better = (score > best[active]).nonzero()[:, 0]
        if len(better):
            ids[active[better], : t + 1] = extended[better, which[better], 1:]
            ids[active[better], t + 1 :] = end
            lengths[active[better]] = t
            best[active[better]] = score[better]

        totals, kept = found.masked_fill(tokens == end, -torch.inf).topk(beam_size)
        paths = extended.gather(1, kept[:, :, None].expand(-1, -1, t + 2))
        rows = origin.gather(1, kept) + torch.arange(len(active), device=device)[:, None] * beam_size
        over = (finished[active] >= beam_size) | (best[active] >= totals[:, 0] / penalties[-1])
        going = (~over).nonzero()[:, 0]
        active, totals, paths = active[going], totals[going], paths[going]
        if not len(active):
            break
        if t + 1 < max_steps:
            state = decoder.select(state, rows[going])
    else:
        cut_off = best[active].isneginf()
        ids[active[cut_off]] = paths[cut_off, 0, 1:]
    return ids[:, : _longest(lengths)], lengths


def _draw(scores: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if not temperature:
        return scores.argmax(-1)
    return torch.multinomial(torch.softmax(scores / temperature, -1), 1, generator=generator)[:, 0]


def _longest(lengths: Tensor) -> int:
    return int(lengths.max()) if len(lengths) else 0


def check_generates(embedding: nn.Module | None) -> None:
    """Raise ValueError for a network without the embedding that tokens fed back go through."""
    if embedding is None:
        raise ValueError("generate feeds tokens back: it needs a network built with an embedding for them")
