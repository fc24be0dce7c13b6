"""A pretend speaker: each phoneme is a pair of resonances over a buzz, or noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 8_000
SOUNDS = {"a": (800.0, 1200.0), "i": (300.0, 2300.0), "u": (350.0, 800.0), "s": None, "n": (250.0, 1500.0)}


def spoken(text: str, hertz: float, seed: int) -> np.ndarray:
    """Each letter takes 0.1 s, a space or full stop 0.1 s of near silence."""
    random = np.random.default_rng(seed)
    parts = [random.normal(0, 1e-4, 800)]
    for letter in text:
        time = np.arange(RATE // 10) / RATE
        noise = random.normal(0, 1, len(time))
        if letter not in SOUNDS:
            parts.append(1e-4 * noise)
            continue
        formants = SOUNDS[letter]
        if formants is None:
            parts.append(0.1 * np.diff(noise, prepend=0))
            continue
        harmonics = hertz * np.arange(1, int(RATE / 2 / hertz))
        loudness = 0.01 + (1 / (1 + ((harmonics - np.array([formants]).T) / 150) ** 2)).sum(0)
        parts.append(0.08 * (loudness[:, None] * np.sin(2 * np.pi * harmonics[:, None] * time)).sum(0))
    parts.append(random.normal(0, 1e-4, 800))
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture
def record() -> Callable[..., Path]:
    """Write recordings of a voice with their transcripts in IPA."""

    def write(folder: Path, hertz: float = 120.0, texts: Sequence[str] = (), language: str = "en") -> Path:
        (folder / "wavs").mkdir(parents=True)
        random = np.random.default_rng(int(hertz))
        texts = texts or [
            "".join(random.choice(list("aiusn"), 6)) + " " + "".join(random.choice(list("aiun"), 3)) for _ in range(24)
        ]
        rows = []
        for number, text in enumerate(texts):
            soundfile.write(folder / "wavs" / f"{number:02}.wav", spoken(text, hertz, number), RATE)
            rows.append(f"{number:02}|{language}|{text}\n")
        (folder / "metadata.csv").write_text("".join(rows), encoding="utf-8")
        return folder

    return write
