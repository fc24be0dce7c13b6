"""Generation of tokens with a network that predicts the next one: greedy, by sampling, or by beam search.

Supported networks run in compiled code, see `foretell.nn.decoding.compiled`; others use their own `step`. The tokens
are the same either way, except for rounding.
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
"""Time steps per call of the compiled code, which Ctrl-C cannot interrupt."""


class Decoder(Protocol):
    """A network that predicts the next token of N sequences from the last one and a state.

    It may also have a method `compiled(state, N, options)`, which returns the same decoder as compiled code, or None;
    see `foretell.nn.decoding.compiled`.
    """

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Return the scores `(N, V)` of the next tokens after the last ones `(N,)`, and the next state."""
        ...

    def select(self, state: Any, rows: Tensor) -> Any:
        """Select the state of the sequences `rows` `(M, K)`, each row of which continues one of M decoded sequences."""
        ...


class Search(TypedDict, total=False):
    """Options for the choice of tokens in `generate`.

    - `max_steps`: the maximum number of tokens; `end`: the token that ends a sequence, if there is one.
    - `never`: tokens that are not to be chosen, such as padding.
    - `temperature`: 0 takes the most likely token; above 0 samples from softmax(scores / temperature) with `generator`.
    - `top_k`, `top_p`: sample only from the most likely tokens; see `foretell.nn.Sampling`.
    - `beam_size`: above 1, a beam search with this many hypotheses per sequence, which needs `end` and does not sample.
    - `length_penalty`: alpha of Wu et al. (2016), for the beam search; 0.6 by default.
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
    """Generate the tokens `(B, T)` that follow the tokens `start` `(B,)`; return them and their counts `(B,)`.

    For the arguments see `Search`. A sequence's tokens stop before `end`, which is not counted and fills the rest of
    its row; T is the greatest length. The samples of a sequence depend on the state of `generator` (by default torch's
    own) and the sequence's place in the batch, not on the other sequences. Raises ValueError for numbers out of range,
    for arguments that contradict each other, and for scores that are NaN or infinite.
    """
    if max_steps < 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"temperature must be a finite number of at least 0, got {temperature}")
    sampling = Sampling(temperature or 1.0, top_k, top_p)
    if beam_size > 1:
        if temperature:
            raise ValueError("a beam search does not sample: use temperature=0 or beam_size=1")
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
    """Sample the tokens that follow the tokens `start` `(B,)` endlessly, in pieces `(B, chunk)`.

    The tokens do not depend on `chunk`; those of a sequence only depend on the seed and its place in the batch.
    Compiled code uses the weights as they were at the call. Raises ValueError for scores that are NaN or infinite.
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
    """Return a function that takes further steps and returns how many sequences continue; see `_Steps.run`."""
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
    """Decoding by a decoder's own `step`; `sampling` is used only with `chance`, the random numbers to draw with."""

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
        """Take `steps` steps, numbered from `first`, of the unfinished sequences; return how many remain unfinished.

        Tokens are written to `ids` `(B, N)`; if one is `end`, its step is written to `lengths` `(B,)`.
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
    """Uniform numbers in [0, 1) for `batch` sequences; those of a sequence only depend on the seed and its place."""

    def __init__(self, seed: int, batch: int) -> None:
        self._streams = [np.random.Generator(np.random.Philox(key=[seed, place])) for place in range(batch)]

    def uniforms(self, steps: int) -> Tensor:
        """Draw the next `(steps, B)` numbers, float32 on the CPU."""
        drawn = [stream.random(steps, dtype=np.float32) for stream in self._streams]
        return torch.from_numpy(np.stack(drawn, 1)) if drawn else torch.empty(steps, 0, device="cpu")


def check_generates(embedding: nn.Module | None) -> None:
    """Raise ValueError for a network without an embedding, which is needed to feed tokens back."""
    if embedding is None:
        raise ValueError("generate feeds tokens back, so the network needs an embedding")
