"""Tokens out of a network that predicts the next one: the likeliest, a random draw, or a beam search.

A network that the compiled code knows decodes there, see `foretell.nn.decoding.compiled`; any other by its own `step`.
Either way the tokens are the same, but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, Required, TypedDict

import numpy as np
import torch
from torch import Tensor, nn

from foretell.kernels.decoder import Choice
from foretell.kernels.packed import packed_weights
from foretell.nn.decoding.beam import beam_search, compiled_of, longest, without
from foretell.nn.decoding.compiled import Options
from foretell.nn.heads.sampling import Sampling, draw

_CALL = 64
"""Time steps of one call of the compiled code, which Ctrl-C cannot interrupt."""


class Decoder(Protocol):
    """What predicts the next token of N sequences from the last one and a state.

    It may have `compiled(state, N, options)` too: the same decoder as compiled code, or None, see
    `foretell.nn.decoding.compiled`.
    """

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The scores `(N, V)` of the next tokens, from the last ones `(N,)`, and the state after them."""
        ...

    def select(self, state: Any, rows: Tensor) -> Any:
        """The state of the sequences `rows` `(M, K)`, each row of which continues one of the M sequences decoded."""
        ...


class Search(TypedDict, total=False):
    """How tokens are chosen, for `generate`.

    - `max_steps`: at most so many tokens; `end`: the token that ends a sequence, if there is one.
    - `never`: tokens that are not to be chosen, such as padding.
    - `temperature`: 0 takes the likeliest token, more draws from softmax(scores / temperature) with `generator`.
    - `top_k`, `top_p`: draw among the likeliest tokens alone, see `foretell.nn.Sampling`.
    - `beam_size` above 1 searches with so many hypotheses a sequence; it needs `end`, and draws nothing.
    - `length_penalty`: alpha of Wu et al. (2016), for the beam search; 0.6 if left out.
    """

    max_steps: Required[int]
    end: int | None
    never: Sequence[int]
    temperature: float
    top_k: int | None
    top_p: float | None
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
    never: Sequence[int] = (),
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    beam_size: int = 1,
    length_penalty: float = 0.6,
) -> tuple[Tensor, Tensor]:
    """The tokens `(B, T)` that follow the tokens `start` `(B,)`, and how many they are `(B,)`.

    The arguments: see `Search`. A sequence's tokens end before `end`, which is not counted and fills what is left of
    its row; T is the longest length. What is drawn for a sequence depends on the state of `generator` (torch's own if
    left out) and the sequence's place in the batch, not on the other sequences. Raises ValueError for numbers out of
    range, for arguments at odds, and for scores that are no distribution to draw from.
    """
    if max_steps < 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"temperature must be a number from 0 on, got {temperature}")
    sampling = Sampling(temperature or 1.0, top_k, top_p)
    if beam_size > 1:
        if temperature:
            raise ValueError("a beam search draws nothing: take temperature=0 or beam_size=1")
        if end is None:
            raise ValueError("a beam search needs end, the token that ends a sequence")
    if beam_size != 1:
        return beam_search(
            decoder,
            state,
            start,
            max_steps=max_steps,
            end=end or 0,
            beam_size=beam_size,
            length_penalty=length_penalty,
            never=never,
        )
    ids = start.new_full((len(start), max_steps), 0 if end is None else end)
    lengths = torch.full_like(start, max_steps)
    chance = _Chance(_seed(generator), len(start)) if temperature else None
    run = _chain(decoder, state, start, sampling, chance, never)
    for first in range(0, max_steps, _CALL):
        if not run(first, min(_CALL, max_steps - first), end, ids, lengths):
            break
    return ids[:, : longest(lengths)], lengths


def stream(
    decoder: Decoder,
    state: Any,
    start: Tensor,
    *,
    sampling: Sampling | None = None,
    seed: int = 0,
    never: Sequence[int] = (),
    chunk: int = _CALL,
) -> Iterator[Tensor]:
    """The tokens that follow the tokens `start` `(B,)`, drawn one after another without end, in pieces `(B, chunk)`.

    The same whatever the chunk; those of a sequence depend on the seed and its place in the batch alone. Compiled code
    has the weights as they were at the call. Raises ValueError for scores that are no distribution to draw from.
    """
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, got {chunk}")
    with torch.no_grad():
        run = _chain(decoder, state, start, sampling or Sampling(), _Chance(seed, len(start)), never)

    def pieces() -> Iterator[Tensor]:
        while True:
            ids = start.new_empty((len(start), chunk))
            run(0, chunk, None, ids, torch.empty_like(start))
            yield ids

    return pieces()


def _chain(
    decoder: Decoder, state: Any, start: Tensor, sampling: Sampling, chance: _Chance | None, never: Sequence[int]
) -> Any:
    """A function that takes so many steps more and tells how many sequences still go on, see `_Steps.run`."""
    compiled = compiled_of(decoder, state, start, Options(never=tuple(never)))
    if compiled is None:
        return _Steps(decoder, state, start, sampling, chance, never).run
    tokens = start.clone(memory_format=torch.contiguous_format)
    choice = Choice(
        0.0 if chance is None else sampling.temperature,
        sampling.top_k or 0,
        1.0 if sampling.top_p is None else sampling.top_p,
    )

    def run(first: int, steps: int, end: int | None, ids: Tensor, lengths: Tensor) -> int:
        uniforms = None if chance is None else chance.uniforms(steps)
        return compiled.run(tokens, first, steps, end, choice, uniforms, ids, lengths)

    return run


class _Steps:
    """A decoder's own steps; `sampling` counts where there is `chance` to draw by."""

    def __init__(
        self,
        decoder: Decoder,
        state: Any,
        start: Tensor,
        sampling: Sampling,
        chance: _Chance | None,
        never: Sequence[int],
    ) -> None:
        self._decoder, self._state, self._tokens = decoder, state, start
        self._sampling, self._chance, self._never = sampling, chance, never
        self._active = torch.arange(len(start), device=start.device)

    @torch.no_grad()
    def run(self, first: int, steps: int, end: int | None, ids: Tensor, lengths: Tensor) -> int:
        """So many steps, the first of them number `first`, of the sequences that go on; returns how many still do.

        Tokens go to `ids` `(B, N)`; where one is `end`, its step goes to `lengths` `(B,)`.
        """
        uniforms = None if self._chance is None else self._chance.uniforms(steps).to(ids.device)
        with packed_weights():
            for t in range(steps):
                scores, self._state = self._decoder.step(self._tokens, self._state)
                scores = without(scores, self._never)
                if uniforms is None:
                    self._tokens = scores.argmax(-1)
                else:
                    self._tokens = draw(scores, uniforms[t, self._active], self._sampling)
                ids[self._active, first + t] = self._tokens
                if end is None:
                    continue
                ended = self._tokens == end
                if ended.any():
                    lengths[self._active[ended]] = first + t
                    going = (~ended).nonzero()[:, 0]
                    self._active, self._tokens = self._active[going], self._tokens[going]
                    if not len(going):
                        break
                    self._state = self._decoder.select(self._state, going[:, None])
        return len(self._active)


def _seed(generator: torch.Generator | None) -> int:
    return int(
        torch.randint(2**63 - 1, (), generator=generator, device="cpu" if generator is None else generator.device)
    )


class _Chance:
    """Uniform numbers in [0, 1) for each of `batch` sequences, which depend on the seed and its place alone."""

    def __init__(self, seed: int, batch: int) -> None:
        self._streams = [np.random.Generator(np.random.Philox(key=[seed, place])) for place in range(batch)]

    def uniforms(self, steps: int) -> Tensor:
        """The next `(steps, B)`, float32 on the CPU."""
        drawn = [stream.random(steps, dtype=np.float32) for stream in self._streams]
        return torch.from_numpy(np.stack(drawn, 1)) if drawn else torch.empty(steps, 0, device="cpu")


def check_generates(embedding: nn.Module | None) -> None:
    """Raise ValueError for a network without the embedding that tokens fed back go through."""
    if embedding is None:
        raise ValueError("generate feeds tokens back: it needs a network built with an embedding for them")
