"""Beam search: the best-scoring tokens that can be found with a few hypotheses per sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from foretell.kernels.decoder import CompiledDecoder
from foretell.kernels.packed import packed_weights
from foretell.nn.decoding.compiled import Options


@torch.no_grad()
def beam_search(
    decoder: Any,
    state: Any,
    start: Tensor,
    *,
    max_steps: int,
    end: int,
    beam_size: int,
    length_penalty: float = 0.6,
    never: Sequence[int] = (),
) -> tuple[Tensor, Tensor]:
    """Search for the best-scoring tokens after `start` `(B,)`; return tokens `(B, T)` and counts `(B,)` as `generate`.

    A hypothesis Y scores log P(Y) / ((5 + |Y|) / 6)^alpha, where alpha is the `length_penalty` (Wu et al., 2016), and
    |Y| and P(Y) include `end`. Each step extends the `beam_size` best unfinished hypotheses by every token. An
    extension by `end` is finished if it is among the `beam_size` best extensions, and takes no place from the
    unfinished ones. The search ends when `beam_size` hypotheses are finished and the best unfinished one scores no
    better, or when none can ever score better. If no hypothesis has finished at `max_steps`, the unfinished ones count.
    A beam of 1 is the greedy choice. The tokens in `never` get zero probability. `decoder` is a
    `foretell.nn.decoding.Decoder`. Raises ValueError for numbers out of range.
    """
    if beam_size < 1:
        raise ValueError(f"beam_size must be at least 1, got {beam_size}")
    if max_steps < 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    if not length_penalty >= 0:
        raise ValueError(f"length_penalty must be at least 0, got {length_penalty}")

    penalties = [((5 + length) / 6) ** length_penalty for length in range(max_steps + 1)]
    batch, device = len(start), start.device
    # Double precision (which Apple's GPUs lack) keeps the last terms significant in sums over long sequences.
    precise = torch.float32 if device.type == "mps" else torch.float64
    # Of the best finished hypothesis of each sequence: its tokens before `end`, and its row at the step that ended it.
    lengths = torch.full_like(start, max_steps)
    places = torch.zeros_like(start)
    # All tensors below have a row for each sequence that is still being searched; `active` holds their indices.
    active = torch.arange(batch, device=device)
    best = torch.full((batch,), -torch.inf, device=device, dtype=precise)
    finished = torch.zeros(batch, device=device, dtype=torch.int64)
    # At the start all hypotheses are the same, so only the first one of each sequence counts.
    totals = torch.full((batch, beam_size), -torch.inf, device=device, dtype=precise)
    totals[:, 0] = 0
    tokens = start[:, None].expand(-1, beam_size)
    rows = active[:, None].expand(-1, beam_size)
    paths = _Paths()
    with packed_weights():
        expansion = _expansion(decoder, state, start, beam_size, never)
        for t in range(max_steps):
            # At most one extension ends each hypothesis, so twice as many as needed leave enough that continue.
            likely, extensions, log_sum = expansion(tokens, rows, 2 * beam_size)
            chances = (likely.to(precise) - log_sum.to(precise)).view(*totals.shape, -1)
            width = chances.shape[2]
            found, at = (totals[:, :, None] + chances).flatten(1).topk(min(2 * beam_size, beam_size * width))
            origin, tokens = at // width, extensions.reshape(len(active), -1).gather(1, at)

            ending = tokens == end
            going_on = found.masked_fill(ending, -torch.inf)
            first = torch.arange(len(active), device=device)[:, None] * beam_size
            if ending[:, :beam_size].any():
                ended = ending[:, :beam_size] & found[:, :beam_size].isfinite()
                finished = finished + ended.sum(1)
                score, which = (found[:, :beam_size].masked_fill(~ended, -torch.inf) / penalties[t + 1]).max(1)
                better = score > best
                best = torch.where(better, score, best)
                lengths[active[better]] = t
                places[active[better]] = (first + origin).gather(1, which[:, None])[better, 0]

            totals, kept = going_on.topk(beam_size)
            tokens, rows = tokens.gather(1, kept), first + origin.gather(1, kept)
            enough = (finished >= beam_size) & (best >= totals[:, 0] / penalties[t + 1])
            over = enough | (best >= totals[:, 0] / penalties[-1])
            if over.any():
                going = (~over).nonzero()[:, 0]
                active, best, finished = active[going], best[going], finished[going]
                totals, tokens, rows = totals[going], tokens[going], rows[going]
            paths.add(tokens, rows)
            if not len(active):
                break
        else:
            cut_off = best.isneginf()
            places[active[cut_off]] = torch.arange(len(active), device=device)[cut_off] * beam_size
    return paths.trace(lengths, places, end), lengths


def _expansion(decoder: Any, state: Any, start: Tensor, beam_size: int, never: Sequence[int]) -> Any:
    """Return a function of tokens and the rows that they continue, both `(M, K)`, which does as `_Steps.expand`."""
    compiled = compiled_of(decoder, state, start, Options(beam_size, tuple(never)))
    if compiled is None:
        return _Steps(decoder, state, never).expand

    def expand(tokens: Tensor, rows: Tensor, top: int) -> tuple[Tensor, Tensor, Tensor]:
        return compiled.expand(tokens.flatten(), rows.flatten(), min(top, compiled.outputs))

    return expand


class _Steps:
    """Expansion by a decoder's own `step`."""

    def __init__(self, decoder: Any, state: Any, never: Sequence[int]) -> None:
        self._decoder, self._state, self._never = decoder, state, never

    def expand(self, tokens: Tensor, rows: Tensor, top: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the `top` greatest scores of each row `(M * K, top)`, their tokens, and all logsumexp `(M * K, 1)`."""
        state = self._decoder.select(self._state, rows)
        scores, self._state = self._decoder.step(tokens.flatten(), state)
        scores = without(scores, self._never)
        return *scores.topk(min(top, scores.shape[-1])), scores.logsumexp(-1, keepdim=True)


class _Paths:
    """The last token of every hypothesis at every step, and the hypothesis of the previous step that it continues."""

    def __init__(self) -> None:
        self._tokens: list[Tensor] = []
        self._rows: list[Tensor] = []

    def add(self, tokens: Tensor, rows: Tensor) -> None:
        """Append the next step."""
        self._tokens.append(tokens.flatten())
        self._rows.append(rows.flatten())

    def trace(self, lengths: Tensor, places: Tensor, end: int) -> Tensor:
        """Return the tokens `(B, T)` of hypotheses with these lengths, which ended at these places of the last step."""
        steps = longest(lengths)
        ids = lengths.new_full((len(lengths), steps), end)
        places = places.clone()
        for t in range(steps - 1, -1, -1):
            there = (lengths > t).nonzero()[:, 0]
            at = places[there]
            ids[there, t] = self._tokens[t][at]
            places[there] = self._rows[t][at]
        return ids


def without(scores: Tensor, never: Sequence[int]) -> Tensor:
    """Set the scores `(N, V)` of the tokens in `never` to -inf."""
    if not never:
        return scores
    return scores.index_fill(1, torch.tensor(list(never), device=scores.device), -torch.inf)


def compiled_of(decoder: Any, state: Any, start: Tensor, options: Options) -> CompiledDecoder | None:
    """Return the decoder as compiled code, or None if not supported."""
    make = getattr(decoder, "compiled", None)
    if make is None or not len(start) or start.dtype != torch.int64 or start.device.type != "cpu":
        return None
    compiled: CompiledDecoder | None = make(state, len(start), options)
    return compiled


def longest(lengths: Tensor) -> int:
    """Return the greatest length, 0 if there are none."""
    return int(lengths.max()) if len(lengths) else 0
