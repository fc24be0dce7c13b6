"""Recordings with their phonemes and analyses: what a model is trained or judged on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretell.audio.corpus import common_rate, is_silent
from foretell.audio.levels import to_pcm
from foretell.audio.reading import read_sound
from foretell.audio.signal import Frames, MelSpectrum, PitchTracker
from foretell.errors import AudioError, SettingsError
from foretell.speech.alignment import NOTHING, SILENCE, least_frames
from foretell.speech.text import Reader
from foretell.speech.transcripts import Transcript, read_transcripts
from foretell.speech.utterance import PAUSES, WORD_BOUNDARY, Segment

_LONGEST_SECONDS = 30.0
_FEW_SECONDS = 300
_AMBIGUOUS = "have several transcripts"
_SILENT = "are silent"
_TOO_LONG = f"are longer than {_LONGEST_SECONDS:.0f} s; cut them into sentences, each with its own transcript"
_TOO_SHORT = "are too short for their transcripts"


@dataclass(frozen=True)
class Recording:
    """A recording, its phonemes and its analysis in T frames."""

    name: str
    """Its file."""
    voice: str
    language: str
    symbols: tuple[str, ...]
    """Those of the transcript between two word boundaries."""
    stress: tuple[int, ...]
    samples: NDArray[np.int16]
    """(N,), 16 bits."""
    mel: NDArray[np.float32]
    """(T, bands) log-mel spectrum."""
    hertz: NDArray[np.float32]
    """(T,) fundamental frequency, interpolated where nothing is voiced."""
    voiced: NDArray[np.bool_]
    """(T,)"""

    @property
    def waveform(self) -> NDArray[np.float32]:
        """The samples in [-1, 1]."""
        return self.samples.astype(np.float32) / np.float32(32768)


@dataclass(frozen=True)
class Speech:
    """Recordings of one or several voices at one rate."""

    rate: int
    recordings: tuple[Recording, ...]
    untranscribed: int = 0
    """Files of sound that have no transcript, and were not read."""
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Recordings that were left out, by what is wrong with them: "are silent"."""
    clipped: Mapping[str, int] = field(default_factory=dict)
    """Samples at the limits, by voice."""

    @property
    def seconds(self) -> float:
        """Of all recordings."""
        return sum(len(recording.samples) for recording in self.recordings) / self.rate

    @property
    def voices(self) -> tuple[str, ...]:
        """Sorted."""
        return tuple(sorted({recording.voice for recording in self.recordings}))


def bounded(segment: Segment) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return symbols and stress of a segment between two word boundaries, which stand for the silence at its ends."""
    symbols, stress = list(segment.symbols), list(segment.stress)
    while symbols and symbols[0] == WORD_BOUNDARY:
        del symbols[0], stress[0]
    while symbols and symbols[-1] == WORD_BOUNDARY:
        del symbols[-1], stress[-1]
    return (WORD_BOUNDARY, *symbols, WORD_BOUNDARY), (0, *stress, 0)


def aligned_as(symbols: Sequence[str], numbers: dict[str, int]) -> NDArray[np.int64]:
    """Return the phonemes of symbols as alignment takes them.

    Of symbols of silence that stand side by side, the first of punctuation has the silence.
    """
    found = np.full(len(symbols), NOTHING)
    run: list[int] = []
    for position, symbol in enumerate([*symbols, ""]):
        if symbol == WORD_BOUNDARY or symbol in PAUSES:
            run.append(position)
            continue
        if run:
            found[next((k for k in run if symbols[k] in PAUSES), run[0])] = SILENCE
            run = []
        if symbol:
            found[position] = numbers[symbol]
    return found


def read_speech(
    folders: Sequence[Path],
    *,
    rate: int | None,
    bands: int,
    language: str | None = None,
    phonemes: bool = False,
    front_end: str = "gruut",
    on_progress: Callable[[float], None] | None = None,
) -> Speech:
    """Read, transcribe and analyse the recordings of several folders; `phonemes`: transcripts are IPA.

    `rate`: samples per second; None for that of `common_rate`. Raises AudioError, TextError
    and SettingsError for what cannot be used.
    """
    if not folders:
        raise SettingsError("give a folder of recordings with transcripts")
    found = [read_transcripts(folder, language) for folder in folders]
    rows = [row for transcripts in found for row in transcripts.rows]
    if rate is None and rows:
        rate = common_rate(row.sound for row in rows)
    readers: dict[str, Reader] = {}
    recordings: list[Recording] = []
    left_out: dict[str, list[str]] = {}
    for transcripts in found:
        if transcripts.ambiguous:
            left_out.setdefault(_AMBIGUOUS, []).extend(transcripts.ambiguous)
    clipped: dict[str, int] = {}
    for done, row in enumerate(rows, 1):
        if row.language is None:
            raise SettingsError(f"{row.place} names no language: give --language, or a column with it")
        if row.language not in readers:
            readers[row.language] = Reader(row.language, phonemes=phonemes, front_end=front_end)
        assert rate is not None
        recording = _read(row, readers[row.language], rate, bands)
        if isinstance(recording, str):
            left_out.setdefault(recording, []).append(row.sound.name)
        else:
            recordings.append(recording)
            limits = int(np.count_nonzero(np.abs(recording.samples.astype(np.int32)) >= 32767))
            clipped[row.voice] = clipped.get(row.voice, 0) + limits
        if on_progress is not None:
            on_progress(done / len(rows))
    if not recordings or rate is None:
        why = ", ".join(f"{len(names):,} {reason}" for reason, names in left_out.items())
        raise AudioError(
            f"{folders[0]}: no recording can be used ({why}); check that the transcripts belong to these files"
        )
    reasons = {reason: tuple(names) for reason, names in left_out.items()}
    return Speech(rate, tuple(recordings), sum(t.untranscribed for t in found), reasons, clipped)


def _read(row: Transcript, reader: Reader, rate: int, bands: int) -> Recording | str:
    """Return a recording, or what is wrong with it."""
    try:
        segment = reader.transcript(row.text)
    except ValueError as error:
        raise type(error)(f"{row.place}: {error}") from error
    symbols, stress = bounded(segment)
    waveform = read_sound(row.sound, rate)
    if len(waveform) > _LONGEST_SECONDS * rate:
        return _TOO_LONG
    if is_silent(waveform):
        return _SILENT
    mel = MelSpectrum(Frames(rate), bands).of(waveform)
    numbers = dict.fromkeys(symbols, 0)
    if len(mel) < least_frames(aligned_as(symbols, numbers)):
        return _TOO_SHORT
    pitch = PitchTracker(Frames(rate)).of(waveform)
    assert row.language is not None
    return Recording(
        row.sound.name,
        row.voice,
        row.language,
        symbols,
        stress,
        to_pcm(waveform),
        mel,
        pitch.hertz,
        pitch.voiced,
    )


def expectation(seconds: float, voices: int) -> str | None:
    """Say what to expect of voices with so few recordings; None where there are enough."""
    if seconds >= _FEW_SECONDS * voices:
        return None
    return (
        f"There are {seconds / voices:,.0f} s of recordings per voice: expect to recognise the voice, but not every "
        "word. Twenty minutes make speech that can be understood."
    )


def split(speech: Speech, held: Sequence[int]) -> tuple[Speech, Speech | None]:
    """Return the recordings that are not `held` out, and those that are, if there are any."""
    chosen = set(held)
    kept = tuple(r for k, r in enumerate(speech.recordings) if k not in chosen)
    out = tuple(r for k, r in enumerate(speech.recordings) if k in chosen)
    return replace(speech, recordings=kept), replace(speech, recordings=out) if out else None
