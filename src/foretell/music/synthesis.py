"""A plain synthesiser, to listen by: each note is a sum of harmonics that die away, the higher the sooner."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.errors import SettingsError
from foretell.music.notes import SIXTEENTHS_A_BEAT, Notes, tones
from foretell.optional import load

SAMPLE_RATE = 44_100
LONGEST = 3600
"""Seconds of a piece that is turned into sound, all of which is in memory at once."""
_HARMONICS = 8
_DECAY = 0.9
"""Of the first harmonic, a second; harmonic k dies away sqrt(k) times as fast."""
_ATTACK, _RELEASE = 0.012, 0.08
_TAIL = 1.0
_PEAK = 0.8


def synthesise(pitches: Notes, *, beats_a_minute: float = 90.0, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """The sound `(N,)` of the pitches `(T, 4)`, from -1 to 1, with a second for the last chord to fade.

    A tone of frequency f is the sum over k = 1 to 8 of `sin(2 pi k f t) exp(-0.9 sqrt(k) t) / k**1.5`, with a short
    rise and fall. Equal temperament, A4 = 440 Hz. Raises `SettingsError` for more than an hour of it.
    """
    require_duration(len(pitches), beats_a_minute)
    sixteenth = 60 / beats_a_minute / SIXTEENTHS_A_BEAT
    sound = np.zeros(round((len(pitches) * sixteenth + _TAIL) * sample_rate), dtype=np.float32)

    @cache
    def tone_of(pitch: int, length: int) -> NDArray[np.float32]:
        return _tone(440 * 2 ** ((pitch - 69) / 12), length * sixteenth, sample_rate)

    for tone in tones(pitches):
        start = round(tone.start * sixteenth * sample_rate)
        wave = tone_of(tone.pitch, tone.length)[: len(sound) - start]
        sound[start : start + len(wave)] += wave
    loudest = float(np.abs(sound).max(initial=0.0))
    return sound * np.float32(_PEAK / loudest) if loudest else sound


def require_duration(chords: int, beats_a_minute: float) -> None:
    """Raise `SettingsError` where so many chords, each a sixteenth, are too long a sound."""
    seconds = chords * 60 / beats_a_minute / SIXTEENTHS_A_BEAT
    if not seconds <= LONGEST:
        raise SettingsError(
            f"{chords:,} chords at {beats_a_minute:g} beats per minute are {seconds:,.0f} s of sound, more than "
            f"{LONGEST:,}: take fewer, a faster tempo, or write .mid"
        )


def wav_bytes(pitches: Notes, *, beats_a_minute: float = 90.0) -> bytes:
    """A WAV file (16 bits, one channel) of the pitches `(T, 4)`. Raises `MissingExtraError` without soundfile."""
    buffer: Any = io.BytesIO()
    load("soundfile", "writes WAV files", "music").write(
        buffer, synthesise(pitches, beats_a_minute=beats_a_minute), SAMPLE_RATE, format="WAV", subtype="PCM_16"
    )
    content: bytes = buffer.getvalue()
    return content


def _tone(frequency: float, seconds: float, sample_rate: int) -> NDArray[np.float32]:
    samples = round((seconds + _RELEASE) * sample_rate)
    time = np.arange(samples) / sample_rate
    wave = np.zeros(samples)
    for k in range(1, _HARMONICS + 1):
        if k * frequency < sample_rate / 2:
            wave += np.sin(2 * np.pi * k * frequency * time) * np.exp(-_DECAY * np.sqrt(k) * time) / k**1.5
    rise = np.clip(time / _ATTACK, 0, 1)
    fall = np.clip((seconds + _RELEASE - time) / _RELEASE, 0, 1)
    return (wave * rise * fall).astype(np.float32)
