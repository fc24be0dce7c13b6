"""Alignment of recordings with their phonemes: two-state Gaussians over cepstra, trained from a flat start by Viterbi.

Each phoneme has two states in a row, each with a diagonal Gaussian; word boundaries and punctuation share one state of
silence, which may be skipped. At first every phoneme of a recording is given the same time; then Gaussians are
estimated from the frames that each state was given, and frames are given anew along the best path, in turns. All
recordings of about one length are aligned at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STATES = 2
"""States per phoneme, and least number of frames of one."""
SILENCE, NOTHING = -1, -2
"""In the place of a phoneme: silence, of any length; no time at all."""
_ROUNDS = 14
_LEAST_VARIANCE = 0.05
"""As a share of the variance of all frames."""
_PRIOR = 8.0
"""Frames of all phonemes that each Gaussian is estimated from in addition to its own."""
_BATCH_FRAMES = 40_000
_NEVER = -1e30


@dataclass(frozen=True)
class Gaussians:
    """The S = 1 + 2 K states of K phonemes: silence first, then two of each phoneme."""

    means: NDArray[np.float32]
    """(S, D)"""
    variances: NDArray[np.float32]
    """(S, D)"""

    def log_likelihoods(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `(T, S)` for frames `(T, D)`."""
        precision = 1 / self.variances
        constant = -0.5 * (np.log(2 * np.pi * self.variances) + self.means**2 * precision).sum(1)
        scores: NDArray[np.float32] = (
            constant + features @ (self.means * precision).T - 0.5 * (features**2 @ precision.T)
        )
        return scores.astype(np.float32)


@dataclass(frozen=True)
class Aligned:
    """One recording to be aligned."""

    features: NDArray[np.float32]
    """(T, D)"""
    phonemes: NDArray[np.int64]
    """(N,) numbers of phonemes from 0; `SILENCE`, never twice in a row, or `NOTHING`."""


def least_frames(phonemes: NDArray[np.int64]) -> int:
    """Return the fewest frames that these phonemes take."""
    return max(1, STATES * int((phonemes >= 0).sum()))


def train(recordings: Sequence[Aligned], phonemes: int) -> tuple[Gaussians, list[NDArray[np.int64]]]:
    """Return the Gaussians of `phonemes` phonemes, and the durations `(N,)` in frames of every symbol.

    Each recording has at least `least_frames` frames. Durations add up to the recording's frames.
    """
    everything = np.concatenate([recording.features for recording in recordings])
    mean, variance = everything.mean(0), everything.var(0) + 1e-6
    owners = [_evenly(recording) for recording in recordings]
    batches = _batches(recordings)
    for _ in range(_ROUNDS):
        gaussians = _estimate(recordings, owners, phonemes, mean, variance)
        owners = _best_paths(recordings, batches, gaussians)
    return gaussians, [_durations(recording, owner) for recording, owner in zip(recordings, owners, strict=True)]


def align(recordings: Sequence[Aligned], gaussians: Gaussians) -> list[NDArray[np.int64]]:
    """Return the durations `(N,)` in frames of every symbol of recordings that were not trained on."""
    owners = _best_paths(recordings, _batches(recordings), gaussians)
    return [_durations(recording, owner) for recording, owner in zip(recordings, owners, strict=True)]


def _chain(phonemes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the Gaussians along a recording, and the symbol that each belongs to."""
    states: list[int] = []
    symbols: list[int] = []
    for symbol, phoneme in enumerate(phonemes.tolist()):
        own = [1 + STATES * phoneme + k for k in range(STATES)] if phoneme >= 0 else [0] * (phoneme == SILENCE)
        states += own
        symbols += [symbol] * len(own)
    return np.array(states, np.int64), np.array(symbols, np.int64)


def _evenly(recording: Aligned) -> NDArray[np.int64]:
    """Give each state of the phonemes the same number of frames, and silence the quiet frames at both ends."""
    states, _ = _chain(recording.phonemes)
    count = len(recording.features)
    loudness = recording.features[:, 0]
    heard = np.flatnonzero(loudness > loudness.min() + 0.4 * (loudness.max() - loudness.min()))
    first, last = (int(heard[0]), int(heard[-1]) + 1) if len(heard) else (0, count)
    spoken = np.flatnonzero(states > 0)
    if not len(spoken):
        return np.zeros(count, np.int64)
    if last - first < len(spoken):
        first, last = 0, count
    first = first if states[0] == 0 else 0
    last = last if states[-1] == 0 else count
    owners = np.full(count, len(states) - 1)
    owners[:first] = 0
    owners[first:last] = spoken[np.arange(last - first) * len(spoken) // max(1, last - first)]
    return owners


def _estimate(
    recordings: Sequence[Aligned],
    owners: Sequence[NDArray[np.int64]],
    phonemes: int,
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
) -> Gaussians:
    """Estimate each state from its frames and `_PRIOR` frames' worth of all frames."""
    count = 1 + STATES * phonemes
    size = len(mean)
    numbers = np.concatenate([_chain(r.phonemes)[0][o] for r, o in zip(recordings, owners, strict=True)])
    features = np.concatenate([r.features for r in recordings]).astype(np.float64)
    order = np.argsort(numbers, kind="stable")
    present, starts = np.unique(numbers[order], return_index=True)
    frames = np.zeros(count)
    sums, squares = np.zeros((count, size)), np.zeros((count, size))
    frames[present] = np.diff([*starts, len(numbers)])
    sums[present] = np.add.reduceat(features[order], starts)
    squares[present] = np.add.reduceat(features[order] ** 2, starts)
    weight = frames[:, None] + _PRIOR
    means = (sums + _PRIOR * mean) / weight
    variances = (squares + _PRIOR * (variance + mean**2)) / weight - means**2
    return Gaussians(means.astype(np.float32), np.maximum(variances, _LEAST_VARIANCE * variance).astype(np.float32))


def _batches(recordings: Sequence[Aligned]) -> list[list[int]]:
    """Return numbers of recordings of about one length, together at most `_BATCH_FRAMES` frames."""
    batches: list[list[int]] = []
    for number in sorted(range(len(recordings)), key=lambda k: len(recordings[k].features)):
        length = len(recordings[number].features)
        if not batches or length * (len(batches[-1]) + 1) > _BATCH_FRAMES:
            batches.append([])
        batches[-1].append(number)
    return batches


def _best_paths(
    recordings: Sequence[Aligned], batches: Sequence[Sequence[int]], gaussians: Gaussians
) -> list[NDArray[np.int64]]:
    """Return for each frame of each recording the position of its state in the recording's chain."""
    found: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(recordings)
    for batch in batches:
        for number, path in zip(batch, _viterbi([recordings[k] for k in batch], gaussians), strict=True):
            found[number] = path
    return found


def _viterbi(recordings: Sequence[Aligned], gaussians: Gaussians) -> list[NDArray[np.int64]]:
    """Return the best monotonic paths of a batch: silences may be passed over, nothing else."""
    chains = [_chain(recording.phonemes)[0] for recording in recordings]
    lengths = np.array([len(recording.features) for recording in recordings])
    sizes = np.array([len(chain) for chain in chains])
    batch, steps, size = len(recordings), int(lengths.max()), int(sizes.max())
    chain = np.zeros((batch, size), np.int64)
    scores = np.zeros((steps, batch, len(gaussians.means)), np.float32)
    for row, recording in enumerate(recordings):
        chain[row, : sizes[row]] = chains[row]
        scores[: lengths[row], row] = gaussians.log_likelihoods(recording.features)
    rows = np.arange(batch)[:, None]
    passable = (chain == 0) & (np.arange(size) < sizes[:, None])
    total = np.full((batch, size), _NEVER, np.float32)
    total[:, 0] = scores[0, np.arange(batch), chain[:, 0]]
    if size > 1:
        total[:, 1] = np.where(passable[:, 0], scores[0, np.arange(batch), chain[:, 1]], _NEVER)
    back = np.zeros((steps, batch, size), np.int8)
    last = total.copy()
    entered = np.full((batch, size), _NEVER, np.float32)
    for t in range(1, steps):
        entered[:, 1:] = total[:, :-1]
        jump = (entered > total).astype(np.int8)
        best = np.maximum(entered, total)
        if size > 2:
            over = np.where(passable[:, 1:-1], total[:, :-2], _NEVER)
            better = over > best[:, 2:]
            jump[:, 2:][better] = 2
            best[:, 2:] = np.maximum(best[:, 2:], over)
        total = best + scores[t][rows, chain]
        back[t] = jump
        last = np.where((lengths - 1 == t)[:, None], total, last)
    return [_traced(back[: lengths[row], row], _end(last[row], chains[row])) for row in range(batch)]


def _end(last: NDArray[np.float32], chain: NDArray[np.int64]) -> int:
    """Return the better last position: the last one, or the one before a silence at the end."""
    position = len(chain) - 1
    passed = chain[position] == 0 and position > 0 and last[position - 1] > last[position]
    return position - int(passed)


def _traced(back: NDArray[np.int8], end: int) -> NDArray[np.int64]:
    path = np.zeros(len(back), np.int64)
    position = end
    for t in range(len(back) - 1, -1, -1):
        path[t] = position
        position -= int(back[t, position])
    return path


def _durations(recording: Aligned, owners: NDArray[np.int64]) -> NDArray[np.int64]:
    _, symbols = _chain(recording.phonemes)
    return np.bincount(symbols[owners], minlength=len(recording.phonemes))
