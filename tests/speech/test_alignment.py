"""Alignment of features whose boundaries are known."""

from __future__ import annotations

import numpy as np
import pytest

from foretell.speech.alignment import NOTHING, SILENCE, Aligned, align, least_frames, train

PHONEMES, SIZE = 6, 8


def corpus(seed: int, count: int = 40) -> tuple[list[Aligned], list[np.ndarray]]:
    """Recordings in which every phoneme has frames about a mean of its own, and silence is quiet."""
    places = np.random.default_rng(5).normal(0, 3, (PHONEMES, SIZE))
    places[:, 0] = 5
    quiet = np.zeros(SIZE)
    quiet[0] = -10
    random = np.random.default_rng(seed)
    recordings, due = [], []
    for _ in range(count):
        spoken = random.integers(0, PHONEMES, random.integers(4, 9))
        spoken = spoken[np.concatenate([[True], spoken[1:] != spoken[:-1]])]
        pause = len(spoken) // 2
        phonemes = np.concatenate([[SILENCE], spoken[:pause], [NOTHING, SILENCE], spoken[pause:], [SILENCE]])
        durations = random.integers(3, 15, len(phonemes))
        durations[phonemes == NOTHING] = 0
        durations[pause + 2] *= random.integers(0, 2)
        means = np.stack([quiet if p < 0 else places[p] for p in phonemes])
        features = np.repeat(means, durations, 0) + random.normal(0, 1, (durations.sum(), SIZE))
        recordings.append(Aligned(features.astype(np.float32), phonemes))
        due.append(durations)
    return recordings, due


def test_boundaries_are_found_from_a_flat_start() -> None:
    recordings, due = corpus(0)
    gaussians, found = train(recordings, PHONEMES)
    assert gaussians.means.shape == (1 + 2 * PHONEMES, SIZE)
    errors = [np.abs(np.cumsum(a) - np.cumsum(b))[:-1] for a, b in zip(found, due, strict=True)]
    assert np.mean(np.concatenate(errors) <= 1) > 0.97
    for recording, durations in zip(recordings, found, strict=True):
        assert durations.sum() == len(recording.features)
        assert (durations[recording.phonemes >= 0] >= 2).all()
        assert not durations[recording.phonemes == NOTHING].any()

    others, due = corpus(1, 10)
    found = align(others, gaussians)
    errors = [np.abs(np.cumsum(a) - np.cumsum(b))[:-1] for a, b in zip(found, due, strict=True)]
    assert np.mean(np.concatenate(errors) <= 1) > 0.97


def test_a_batch_gives_what_each_recording_gives_alone() -> None:
    recordings, _ = corpus(2, 12)
    gaussians, _ = train(recordings, PHONEMES)
    together = align(recordings, gaussians)
    for recording, durations in zip(recordings, together, strict=True):
        assert align([recording], gaussians)[0].tolist() == durations.tolist()


def test_the_best_path_is_the_best_of_all() -> None:
    recordings, _ = corpus(3, 6)
    gaussians, _ = train(recordings, PHONEMES)
    random = np.random.default_rng(0)
    for _ in range(20):
        features = random.normal(0, 3, (7, SIZE)).astype(np.float32)
        phonemes = np.array([SILENCE, 2, SILENCE, 4])
        durations = align([Aligned(features, phonemes)], gaussians)[0]
        scores = gaussians.log_likelihoods(features).astype(np.float64)

        def score(states: list[int], scores: np.ndarray = scores) -> float:
            return float(sum(scores[t, s] for t, s in enumerate(states)))

        best = max(
            (
                ([0] * a + [5] * b + [6] * c + [0] * d + [9] * e + [10] * (7 - a - b - c - d - e), (a, b + c, d))
                for a in range(5)
                for b in range(1, 6)
                for c in range(1, 6)
                for d in range(5)
                for e in range(1, 6)
                if 7 - a - b - c - d - e >= 1
            ),
            key=lambda path: score(path[0]),
        )
        assert tuple(durations[:3]) == best[1]


@pytest.mark.parametrize("phonemes", [[SILENCE], [1], [1, 2], [SILENCE, 1, SILENCE]])
def test_the_shortest_recordings(phonemes: list[int]) -> None:
    recordings, _ = corpus(4, 6)
    gaussians, _ = train(recordings, PHONEMES)
    chain = np.array(phonemes)
    count = least_frames(chain)
    features = np.zeros((count, SIZE), np.float32)
    durations = align([Aligned(features, chain)], gaussians)[0]
    assert durations.sum() == count
    assert (durations[chain >= 0] == 2).all()
