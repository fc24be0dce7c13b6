"""Composing: one note after another, each drawn from what the network expects after all before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foretell.errors import SettingsError
from foretell.music.network import BEFORE, NoteNetwork, WaveNetwork, metre
from foretell.music.notes import CLASSES, REST, VOICES, Notes, classes_of, pitches_of
from foretell.nn import Categorical, Generator, Sampling

LONGEST = 10_000
"""Chords of a piece: 28 minutes at 90 beats per minute."""
_PIECE = 64 * VOICES
"""Notes between two reports on how far it is."""


def compose(
    network: NoteNetwork,
    chords: int,
    *,
    start: Notes | None = None,
    sampling: Sampling | None = None,
    seed: int = 0,
    on_progress: Callable[[float], None] | None = None,
) -> Notes:
    """The pitches `(S + chords, 4)`: those of `start` `(S, 4)`, and as many new ones after them.

    The network is on the CPU in evaluation mode. One seed gives one piece; a shorter piece is the beginning of a longer
    one. `on_progress` is told the share that is done. Raises `SettingsError` for fewer than 1 or too many chords, and a
    seed below 0.
    """
    given = np.zeros((0, VOICES), dtype=np.int64) if start is None else start
    if chords < 1 or chords + len(given) > LONGEST:
        raise SettingsError(
            f"{chords:,} chords after {len(given):,} given ones: at least 1 can be composed, and in all {LONGEST:,}"
        )
    if not 0 <= seed < 2**63:
        raise SettingsError(f"seed is {seed}: it must be from 0 to 2**63 - 1")
    known = torch.from_numpy(classes_of(given).reshape(1, -1))
    sampling = Sampling() if sampling is None else sampling
    if isinstance(network, WaveNetwork):
        drawn = _drawn_by_generator(network, known, VOICES * chords, sampling, seed)
    else:
        drawn = _drawn_step_by_step(network, known, VOICES * chords, sampling, seed)
    pieces, done = [known], 0
    for piece in drawn:
        pieces.append(piece)
        done += piece.shape[1]
        if on_progress is not None:
            on_progress(done / (VOICES * chords))
    return pitches_of(torch.cat(pieces, 1)[0].numpy()).reshape(-1, VOICES)


def _drawn_by_generator(
    network: WaveNetwork, known: Tensor, count: int, sampling: Sampling, seed: int
) -> Iterator[Tensor]:
    """So many new classes after `known` `(1, S)`, in pieces `(1, N)`: by the compiled code, where there is one."""
    generator = Generator(network.stack, Categorical(CLASSES, silence=REST), sampling=sampling, seed=seed)
    first = known.shape[1]
    generator.prime(known, metre(torch.tensor([0]), first))
    for position in range(first, first + count, _PIECE):
        steps = min(_PIECE, first + count - position)
        yield generator.generate(steps, metre(torch.tensor([position]), steps))


@torch.no_grad()
def _drawn_step_by_step(
    network: NoteNetwork, known: Tensor, count: int, sampling: Sampling, seed: int
) -> Iterator[Tensor]:
    """The same, with the network's state carried from note to note; the random numbers are those of `Generator`."""
    head = Categorical(CLASSES, silence=REST)
    chance = np.random.Generator(np.random.Philox(key=[seed, 0]))
    first, context = known.shape[1], network.context
    # What comes before a piece has its place here too, so that the past of a step is always a slice.
    notes = torch.full((1, context + first + count), BEFORE)
    notes[:, context : context + first] = known
    state: Any = None
    if first:
        _, state = network(notes[:, : context + first - 1], torch.tensor([0]), state)
    for start in range(first, first + count, _PIECE):
        end = min(start + _PIECE, first + count)
        uniforms = torch.from_numpy(chance.random((end - start, 1, 2), dtype=np.float32))
        for number, u in zip(range(start, end), uniforms, strict=True):
            logits, state = network(notes[:, number : number + context], torch.tensor([number]), state)
            notes[:, context + number] = head.sample(logits[:, 0], u, sampling)
        yield notes[:, context + start : context + end]
